import type { IncomingMessage } from 'node:http';
import type { RegisteredClient } from './registrations';
import type { EntraShape } from './shape';
import { consumersTenantId, otherTenantId, outsider, type SeededUser } from './users';

/** Who can sign in at an address: the first part of its path. */
export interface Authority {
  /** In addresses: the id of a tenant, or a word for several. */
  readonly name: string;
  /** The only tenant; undefined for `common` and `organizations`. */
  readonly tenantId: string | undefined;
}

/** The tenants, and the addresses under which they answer. */
export interface Tenants {
  readonly homeId: string;
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
  /** The authority of a request: that of the first tenant where nobody has noted another. */
  of(request: IncomingMessage): Authority;
}

/** Domain names that are no account of a real person's. */
const otherDomains = ['elsewhere.example', 'elsewhere.onmicrosoft.example', 'partner.example'];
const ownDomains = ['anteroom.example', 'anteroom.onmicrosoft.example'];
const personalDomains = ['outlook.example'];

/**
 * With Microsoft Entra ID, the tenant of the app, a second one, and the personal accounts. External ID and Azure AD B2C know
 * no tenant but their own.
 */
export function createTenants(homeId: string, shape: EntraShape): Tenants {
  const home: Authority = { name: homeId, tenantId: homeId };
  const hasSeveral = shape === 'entra';
  const requests = new WeakMap<IncomingMessage, Authority>();
  const byName = new Map<string, Authority>([
    [homeId, home],
    ...ownDomains.map((domain) => [domain, home] as const),
  ]);
  if (hasSeveral) {
    const other = { name: otherTenantId, tenantId: otherTenantId };
    const personal = { name: 'consumers', tenantId: consumersTenantId };
    for (const name of [otherTenantId, ...otherDomains]) byName.set(name, other);
    for (const name of [consumersTenantId, 'consumers']) byName.set(name, personal);
    for (const name of ['common', 'organizations']) byName.set(name, { name, tenantId: undefined });
  }
  return {
    homeId,
    ids: hasSeveral ? [homeId, otherTenantId, consumersTenantId] : [homeId],
    find: (name) => byName.get(name.toLowerCase()),
    tenantOf(username) {
      const domain = username.slice(username.indexOf('@') + 1).toLowerCase();
      if (hasSeveral && personalDomains.includes(domain)) return consumersTenantId;
      return hasSeveral && otherDomains.includes(domain) ? otherTenantId : homeId;
    },
    accepts({ name, tenantId }, user) {
      if (tenantId !== undefined) return user.tenantId === tenantId;
      // At an address for several tenants, people sign in to their own one. A guest is nobody's there.
      if (user.home !== undefined) return false;
      return name === 'common' || user.tenantId !== consumersTenantId;
    },
    note(request, authority) {
      requests.set(request, authority);
    },
    of: (request) => requests.get(request) ?? home,
  };
}

/** Whether the picker shows the account: those that can sign in, and one more, which can always try. */
export function isOffered(tenants: Tenants, authority: Authority, user: SeededUser): boolean {
  const isOutsider = authority.tenantId !== undefined && user.username === outsider;
  return tenants.accepts(authority, user) || isOutsider;
}

/** The authority that an address names, and the rest of its path; undefined for any other address. */
export function splitAuthority(pathname: string): { name: string; rest: string } | undefined {
  const [, name, rest] =
    /^\/([^/]+)(\/(?:v2\.0|oauth2|discovery|adminconsent|sign-in)(?:\/.*)?)$/.exec(pathname) ?? [];
  return name === undefined || rest === undefined ? undefined : { name, rest };
}

/** An answer of the sign-in pages of personal accounts, which has no number. */
export const notForConsumers =
  'unauthorized_client: The client does not exist or is not enabled for consumers.';

/**
 * Why an app cannot be signed in to at an authority: the number of a refusal, or `consumers` where the app is not for
 * personal accounts.
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
