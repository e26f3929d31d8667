import { randomBytes } from 'node:crypto';
import type { JWK, JWTPayload } from 'jose';
import type { SeededUser } from './users';

/** What an app is registered with. */
export interface AppRegistration {
  readonly id: string;
  /** Without it, the app can only authenticate by an assertion. */
  readonly secret?: string;
  /** A public client, such as a command line: it has no secret, and its redirect URI `http://localhost` is for any port. */
  readonly isPublic?: boolean;
  /** PEM certificates whose keys may sign the app's assertions (private_key_jwt). */
  readonly certificates?: readonly string[];
  /** Tokens of other issuers that prove the app, such as those of a managed identity. */
  readonly federatedCredentials?: readonly FederatedCredential[];
  /** Compared exactly. */
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly frontChannelLogoutUri?: string;
  /** Optional claims of its ID tokens. Others are not sent. */
  readonly optionalClaims?: readonly ('sid' | 'login_hint' | 'auth_time' | 'acrs')[];
  /** The application permissions that an administrator has granted to the app, by App ID URI of the API. */
  readonly appPermissions?: Readonly<Record<string, readonly string[]>>;
  /** `groupMembershipClaims` of the manifest: with it, tokens name the groups of the person. */
  readonly groupMembershipClaims?: 'SecurityGroup' | 'All';
  /** Whose accounts can sign in to it: those of its own organisation by default. */
  readonly signInAudience?: SignInAudience;
}

/** https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation */
export type SignInAudience =
  | 'AzureADMyOrg'
  | 'AzureADMultipleOrgs'
  | 'AzureADandPersonalMicrosoftAccount'
  | 'PersonalMicrosoftAccount';

/** https://learn.microsoft.com/entra/workload-id/workload-identity-federation */
interface FederatedCredential {
  /** `iss`, `sub` and `aud` that the token must have, exactly. */
  readonly issuer: string;
  readonly subject: string;
  /** `api://AzureADTokenExchange` in Azure. */
  readonly audience: string;
  /** Public keys of the issuer. */
  readonly keys: readonly JWK[];
}

export interface EntraStandInOptions {
  /** 0 or left out: a free one. */
  readonly port?: number;
  readonly tenantId: string;
  readonly client: AppRegistration;
  /** Further apps, which share the person's session at the provider. */
  readonly otherClients?: readonly AppRegistration[];
  /** `aud` of access tokens for Microsoft Graph: what the Graph stand-in demands. */
  readonly graphAudience: string;
  /** The APIs of the tenant besides Microsoft Graph. There are no tokens for any other. */
  readonly apis?: readonly ExposedApi[];
  /** The accounts. Default: `seedUsers`. */
  readonly users?: readonly SeededUser[];
  /** Default: `entra`. */
  readonly shape?: EntraShape;
  /** A JSON file in which sessions, refresh tokens, keys and changed accounts outlive a restart. */
  readonly stateFile?: string;
}

/** An app as the stand-in knows it. */
export interface RegisteredClient extends AppRegistration {
  /** oidc-provider compares it. An app without a secret gets one that nobody knows. */
  readonly secret: string;
}

/** The registered apps. */
export interface RegisteredClients {
  readonly all: readonly RegisteredClient[];
  find(id: unknown): RegisteredClient | undefined;
}

export function registerClients(registrations: readonly AppRegistration[]): RegisteredClients {
  const all = registrations.map((registration) => ({
    ...registration,
    secret: registration.secret ?? randomBytes(32).toString('base64url'),
  }));
  return { all, find: (id) => all.find((client) => client.id === id) };
}

/** An API that an app exposes, as it is registered. */
export interface ExposedApi {
  /** App ID URI: `api://orders`. */
  readonly uri: string;
  /** Application (client) id: `aud` of its tokens of version 2. */
  readonly clientId: string;
  /** `requestedAccessTokenVersion` of the manifest: null, as new registrations have it, means 1. */
  readonly tokenVersion: 1 | 2 | null;
  /** Names of its scopes (delegated permissions): `Orders.Read`. Left out: every name is one. */
  readonly scopes?: readonly string[];
  /** Those of the scopes that only an administrator can consent to. */
  readonly adminScopes?: readonly string[];
  /** Application permissions, which are app roles that apps can have: `Orders.Read.All`. */
  readonly appRoles?: readonly string[];
  /** Optional claims of its access tokens. */
  readonly optionalClaims?: readonly ('idtyp' | 'auth_time')[];
  /** Whether an app without any of the application permissions gets no token ("assignment required"). */
  readonly requiresAssignment?: boolean;
}

/** The API of this App ID URI or client id. A slash at the end does not matter. */
export function findApi(apis: readonly ExposedApi[], resource: string): ExposedApi | undefined {
  return apis.find(
    ({ uri, clientId }) => uri === resource || `${uri}/` === resource || clientId === resource,
  );
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

/** `uid` of client_info. MSAL makes the account's id from it. */
export function clientInfoUid(user: SeededUser, flow: UserFlow | undefined): string {
  return flow === undefined ? user.objectId : `${user.objectId}-${flow}`;
}

/** What the user flows of Azure AD B2C can be configured to put into tokens. */
export interface B2cClaims {
  /** The claim `oid` ("User's Object ID" among the application claims). */
  readonly hasObjectId: boolean;
  /** The claim that names the user flow: `acr` in old ones. */
  readonly flowClaim: 'tfp' | 'acr';
}

/**
 * The claims of an ID token as Azure AD B2C sends them.
 * https://learn.microsoft.com/azure/active-directory-b2c/tokens-overview
 */
export function b2cIdToken(
  claims: JWTPayload,
  user: SeededUser,
  flow: UserFlow,
  { hasObjectId, flowClaim }: B2cClaims,
): JWTPayload {
  const absent = new Set(['tid', 'preferred_username', 'sid', 'login_hint', 'roles', 'uti', 'rh']);
  if (!hasObjectId) absent.add('oid');
  const kept = Object.entries(claims).filter(([name]) => !absent.has(name));
  return {
    ...Object.fromEntries(kept),
    ver: '1.0',
    sub: user.objectId,
    emails: [user.mail ?? user.username],
    [flowClaim]: flow,
  };
}
