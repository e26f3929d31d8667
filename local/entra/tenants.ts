import type { IncomingMessage } from 'node:http';
import {
  type EntraShape,
  isWorkforce,
  type RegisteredClient,
  type UserFlow,
  userFlows,
} from './registrations';
import { consumersTenantId, otherTenantId, outsider, type SeededUser } from './users';

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

const rest = String.raw`(\/(?:v2\.0|oauth2|discovery|adminconsent|sign-in)(?:\/.*)?)$`;
const ofTenant = new RegExp(String.raw`^\/([^/]+)${rest}`);
const ofFlow = new RegExp(String.raw`^\/([^/]+\/[^/]+)${rest}`);

/** The authority that an address names, and the rest of its path; undefined for any other address. */
export function splitAuthority(
  shape: EntraShape,
  pathname: string,
): { name: string; rest: string } | undefined {
  const [, name, path] = (shape === 'b2c' ? ofFlow : ofTenant).exec(pathname) ?? [];
  return name === undefined || path === undefined ? undefined : { name, rest: path };
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
