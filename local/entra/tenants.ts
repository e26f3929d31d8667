import type { IncomingMessage } from 'node:http';
import {
  consumersTenantId,
  otherTenantId,
  outsider,
  type RegisteredClient,
  type SeededUser,
} from './registrations';

/** Who can sign in at an address: the first part of its path. */
export interface Authority {
  /** In addresses: the id of a tenant, or a word for several; with Azure AD B2C, the tenant and a user flow. */
  readonly name: string;
  /** The only tenant; undefined for `common` and `organizations`. */
  readonly tenantId: string | undefined;
  /** With Azure AD B2C. */
  readonly flow?: UserFlow;
}

/** The tenants, and the addresses under which they answer. */
export interface Tenants {
  readonly homeId: string;
  /** Where the app signs people in: the id of the tenant, with Azure AD B2C and the user flow for that. */
  readonly home: Authority;
  /** Ids of all tenants. */
  readonly ids: readonly string[];
  /** By id, by domain name or by a word; undefined when there is no such tenant. */
  find(name: string): Authority | undefined;
  /** The tenant of a user name, by its domain. */
  tenantOf(username: string): string;
  /** Whether the person has an account where this authority looks. */
  accepts(authority: Authority, user: SeededUser): boolean;
  /** Remembers at which authority a request was made. */
  note(request: IncomingMessage, authority: Authority): void;
  /** The authority of a request: that of the first tenant if nobody has noted another. */
  of(request: IncomingMessage): Authority;
}

/** Domain names that no real person's account has. */
const otherDomains = ['elsewhere.example', 'elsewhere.onmicrosoft.example', 'partner.example'];
const ownDomains = ['anteroom.example', 'anteroom.onmicrosoft.example'];
const personalDomains = ['outlook.example'];

/**
 * With Microsoft Entra ID, the tenant of the app, a second one, and, in the public cloud, the personal accounts. External ID and
 * Azure AD B2C know no tenant but their own.
 */
export function createTenants(homeId: string, shape: EntraShape): Tenants {
  const hasSeveral = isWorkforce(shape);
  const hasPersonal = shape === 'entra';
  const requests = new WeakMap<IncomingMessage, Authority>();
  const authorities =
    shape === 'b2c'
      ? authoritiesOfFlows(homeId)
      : authoritiesOfTenants(homeId, { hasSeveral, hasPersonal });
  const [[, home]] = authorities;
  const byName = new Map(authorities);
  return {
    homeId,
    home,
    ids: [
      ...[homeId, ...(hasSeveral ? [otherTenantId] : [])],
      ...(hasPersonal ? [consumersTenantId] : []),
    ],
    find: (name) => byName.get(name.toLowerCase()),
    tenantOf(username) {
      const domain = username.slice(username.indexOf('@') + 1).toLowerCase();
      if (hasPersonal && personalDomains.includes(domain)) return consumersTenantId;
      return hasSeveral && otherDomains.includes(domain) ? otherTenantId : homeId;
    },
    accepts({ name, tenantId }, user) {
      if (tenantId !== undefined) return user.tenantId === tenantId;
      // At an address for several tenants, people sign in to their own tenant. Nobody is a guest there.
      if (user.home !== undefined) return false;
      return name === 'common' || user.tenantId !== consumersTenantId;
    },
    note(request, authority) {
      requests.set(request, authority);
    },
    of: (request) => requests.get(request) ?? home,
  };
}

type Named = readonly [name: string, authority: Authority];

function authoritiesOfTenants(
  homeId: string,
  { hasSeveral, hasPersonal }: { readonly hasSeveral: boolean; readonly hasPersonal: boolean },
): readonly [Named, ...Named[]] {
  const home = { name: homeId, tenantId: homeId };
  const named = (authority: Authority) => (name: string) => [name, authority] as const;
  const own = ownDomains.map(named(home));
  if (!hasSeveral) return [[homeId, home], ...own];
  const other = { name: otherTenantId, tenantId: otherTenantId };
  const personal = { name: 'consumers', tenantId: consumersTenantId };
  return [
    [homeId, home],
    ...own,
    ...[otherTenantId, ...otherDomains].map(named(other)),
    ...(hasPersonal ? [consumersTenantId, 'consumers'].map(named(personal)) : []),
    ...['common', 'organizations'].map((name) => [name, { name, tenantId: undefined }] as const),
  ];
}

/** Azure AD B2C has an address for each user flow. Each tenant has its user flows at its id and its domain names. */
function authoritiesOfFlows(homeId: string): readonly [Named, ...Named[]] {
  const at = (flow: UserFlow) => ({ name: `${homeId}/${flow}`, tenantId: homeId, flow });
  const { signIn, ...others } = userFlows;
  const all = [signIn, ...Object.values(others)].map(at);
  const named = all.flatMap((authority) =>
    [homeId, ...ownDomains].map((tenant) => [`${tenant}/${authority.flow}`, authority] as const),
  );
  const home = at(signIn);
  return [[home.name, home], ...named];
}

/** Whether the picker shows the account: those that can sign in, and one more, which can always try. */
export function isOffered(tenants: Tenants, authority: Authority, user: SeededUser): boolean {
  const isAnswered = tenants.ids.length > 1 && authority.tenantId !== undefined;
  const isOutsider = isAnswered && user.username === outsider;
  return tenants.accepts(authority, user) || isOutsider;
}

/** An answer of the sign-in pages of personal accounts, which has no number. */
export const notForConsumers =
  'unauthorized_client: The client does not exist or is not enabled for consumers.';

/**
 * Why an app cannot be signed in to at an authority: the number of a refusal, or `consumers` if the app is not for personal
 * accounts.
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
export function refusalOfAudience(
  { homeId }: Tenants,
  { name, tenantId }: Authority,
  { signInAudience = 'AzureADMyOrg' }: RegisteredClient,
): 50194 | 700016 | 9002331 | 'consumers' | undefined {
  switch (signInAudience) {
    case 'AzureADMyOrg':
      if (tenantId === homeId) return undefined;
      if (tenantId === consumersTenantId) return 'consumers';
      return name === 'common' || name === 'organizations' ? 50194 : 700016;
    case 'AzureADMultipleOrgs':
      return tenantId === consumersTenantId ? 'consumers' : undefined;
    case 'AzureADandPersonalMicrosoftAccount':
      return undefined;
    case 'PersonalMicrosoftAccount':
      return tenantId === consumersTenantId ? undefined : 9002331;
  }
}

/** Which provider of Microsoft the stand-in imitates. */
export type EntraShape = (typeof entraShapes)[number];

/**
 * - `entra`: Microsoft Entra ID, a workforce tenant in the public cloud.
 * - `us-government`, `china`: the same in the cloud of the US Government, and in that of China, which 21Vianet operates.
 * - `external-id`: Entra External ID. The host of the issuer has the tenant's id; that of the authority does not.
 * - `b2c`: Azure AD B2C: a user flow in the path, an issuer with a slash at its end, and tokens
 *   without `tid`, `preferred_username`, `sid`, `login_hint` and roles.
 */
export const entraShapes = ['entra', 'us-government', 'china', 'external-id', 'b2c'] as const;

/** What differs between the clouds of Microsoft Entra ID. All are hosts, apart from `graph`. */
interface Cloud {
  /** Issuer of version 2.0, `error_uri`, and where a claims challenge sends people. */
  readonly login: string;
  /** Issuer of version 1.0. */
  readonly versionOne: string;
  /** Microsoft Graph, in scopes and in `aud`. */
  readonly graph: string;
  /** Azure AD Graph, which is gone: `_claim_sources` still names it. */
  readonly directoryGraph: string;
  readonly userinfo: string;
  readonly roles: string;
  /** `cloud_instance_name` of the metadata. */
  readonly instance: string;
  /** `cloud_instance_name` of the keys, if they have it. */
  readonly keyInstance?: string;
}

/**
 * - Sign-in and Microsoft Graph: https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud and
 *   https://learn.microsoft.com/graph/deployments
 * - The issuer at login.partner.microsoftonline.cn, also in the metadata of login.chinacloudapi.cn: `rawMetdataJSON` in
 *   AzureAD/microsoft-authentication-library-for-js, lib/msal-common/src/authority/AuthorityMetadata.ts
 * - The issuer of version 1.0: MicrosoftDocs/azure-docs#123050 for China. For the US Government it is that of the public cloud:
 *   Azure/Azurite, src/table/authentication/TableTokenAuthenticator.ts ("Fairfax")
 * - Azure AD Graph: Azure/go-autorest, autorest/azure/environments.go
 * - `roles`: https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-linux
 * - Keys with `cloud_instance_name`, as recorded, are of the public cloud and of the US Government. Keys from China have none.
 *
 * No recording of the whole metadata of a sovereign cloud was found. The members that no source has follow those of the
 * public cloud, with the names of the cloud.
 */
const publicCloud: Cloud = {
  login: 'login.microsoftonline.com',
  versionOne: 'sts.windows.net',
  graph: 'https://graph.microsoft.com',
  directoryGraph: 'graph.windows.net',
  userinfo: 'graph.microsoft.com',
  roles: 'pas.windows.net',
  instance: 'microsoftonline.com',
  keyInstance: 'microsoftonline.com',
};

const sovereignClouds = {
  'us-government': {
    login: 'login.microsoftonline.us',
    versionOne: 'sts.windows.net',
    graph: 'https://graph.microsoft.us',
    directoryGraph: 'graph.windows.net',
    userinfo: 'graph.microsoft.com',
    roles: 'pasff.usgovcloudapi.net',
    instance: 'microsoftonline.us',
    keyInstance: 'microsoftonline.us',
  },
  china: {
    login: 'login.partner.microsoftonline.cn',
    versionOne: 'sts.chinacloudapi.cn',
    graph: 'https://microsoftgraph.chinacloudapi.cn',
    directoryGraph: 'graph.chinacloudapi.cn',
    userinfo: 'microsoftgraph.chinacloudapi.cn',
    roles: 'pas.chinacloudapi.cn',
    instance: 'partner.microsoftonline.cn',
  },
} as const satisfies Readonly<Partial<Record<EntraShape, Cloud>>>;

/** The cloud that the stand-in plays. External ID and Azure AD B2C are in the public one. */
export function cloudOf(shape: EntraShape): Cloud {
  return isSovereign(shape) ? sovereignClouds[shape] : publicCloud;
}

/** True for Microsoft Graph in any cloud. */
export function isGraphAddress(address: string): boolean {
  return [publicCloud, ...Object.values(sovereignClouds)].some(({ graph }) => graph === address);
}

/** True for the clouds of the US Government and of China. They have no personal accounts. */
export function isSovereign(shape: EntraShape): shape is keyof typeof sovereignClouds {
  return Object.hasOwn(sovereignClouds, shape);
}

/** True for Microsoft Entra ID with workforce tenants, in any cloud. */
export function isWorkforce(shape: EntraShape): boolean {
  return shape === 'entra' || isSovereign(shape);
}

/**
 * The user flows of Azure AD B2C, which stand in the path: one signs people in, the others change an account and then come
 * back to the app with a code of their own.
 * https://learn.microsoft.com/azure/active-directory-b2c/user-flow-overview
 */
export const userFlows = {
  signIn: 'b2c_1_sign_in',
  reset: 'b2c_1_reset',
  edit: 'b2c_1_edit',
} as const;

export type UserFlow = (typeof userFlows)[keyof typeof userFlows];

/** Paths under the stand-in's origin. They are the same as at Microsoft. */
export interface EntraPaths {
  /** What `ENTRA_AUTHORITY` ends in. */
  readonly authority: string;
  readonly metadata: string;
  readonly authorize: string;
  readonly token: string;
  readonly keys: string;
  readonly logout: string;
  /** Admin consent, of both versions. */
  readonly adminConsent: readonly string[];
  /** Account picker and consent, followed by `/<id of the interaction>`. Microsoft has other pages. */
  readonly signIn: string;
}

/**
 * @param name what the paths begin with: a tenant, or a tenant and a user flow
 * @see https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
 * @see https://learn.microsoft.com/azure/active-directory-b2c/openid-connect
 */
export function entraPaths(name: string): EntraPaths {
  const base = `/${name}`;
  return {
    authority: `${base}/v2.0`,
    metadata: `${base}/v2.0/.well-known/openid-configuration`,
    authorize: `${base}/oauth2/v2.0/authorize`,
    token: `${base}/oauth2/v2.0/token`,
    keys: `${base}/discovery/v2.0/keys`,
    logout: `${base}/oauth2/v2.0/logout`,
    adminConsent: [`${base}/v2.0/adminconsent`, `${base}/adminconsent`],
    signIn: `${base}/sign-in`,
  };
}

/**
 * `iss` of tokens and metadata, and the value of `ENTRA_ISSUER`. Nothing is fetched from it. Those of sovereign clouds are the real
 * ones, since the issuer of version 1.0 depends on them.
 */
export function issuerOf(shape: EntraShape, tenantId: string, origin: string): string {
  switch (shape) {
    case 'entra':
      return `${origin}/${tenantId}/v2.0`;
    case 'us-government':
    case 'china':
      return `https://${cloudOf(shape).login}/${tenantId}/v2.0`;
    case 'external-id':
      return `https://${tenantId}.ciamlogin.example/${tenantId}/v2.0`;
    case 'b2c':
      return `https://anteroom.b2clogin.example/${tenantId}/v2.0/`;
  }
}

/**
 * `iss` of access tokens of version 1, such as those for Microsoft Graph. Azure AD B2C has one issuer for all tokens.
 * https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function accessTokenIssuerOf(shape: EntraShape, tenantId: string, origin: string): string {
  return shape === 'b2c'
    ? issuerOf(shape, tenantId, origin)
    : `https://${cloudOf(shape).versionOne}/${tenantId}/`;
}
