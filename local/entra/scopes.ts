import { isObject } from '../../src/bodies';
import { type Control, createControl, isString } from '../loopback/control';
import type { Directory } from './accounts';
import { type ExposedApi, findApi, type SeededUser } from './registrations';
import { cloudOf, type EntraShape, isGraphAddress } from './tenants';

/** The scopes of a token request, sorted by API. */
export interface AskedScopes {
  /** As they were asked. */
  readonly scopes: readonly string[];
  /** The API that the access token is for: `graphResource`, `api://orders`; several are refused. */
  readonly resources: readonly string[];
  /** What the person consents to: the permissions, without the prefix of Microsoft Graph. */
  readonly permissions: readonly string[];
}

/** Microsoft Graph, whatever its address is in the cloud that the stand-in plays. */
export const graphResource = 'https://graph.microsoft.com';
const graphAppId = '00000003-0000-0000-c000-000000000000';

const notForResources = new Set(['openid', 'profile', 'email', 'offline_access']);

/** The scopes of a request parameter. */
export function readScopes(scope: unknown): string[] {
  return typeof scope === 'string' ? scope.split(' ').filter((part) => part !== '') : [];
}

/** Sorts the scopes of a request. */
export function sortScopes(scopes: readonly string[]): AskedScopes {
  const forApis = scopes.filter((scope) => !notForResources.has(scope));
  return {
    scopes,
    resources: [...new Set(forApis.map(resourceOf))],
    permissions: permissionsOf(scopes),
  };
}

/** The permissions among `scopes`: without `openid` and its like, and without the prefix of Microsoft Graph. */
export function permissionsOf(scopes: readonly string[]): string[] {
  return scopes.filter((scope) => !notForResources.has(scope)).map(permissionOf);
}

/** Everything before the last slash. A name alone is a permission of Microsoft Graph. */
function resourceOf(scope: string): string {
  const named = addressIn(scope);
  const isGraph = named === undefined || named === graphAppId || isGraphAddress(trimmed(named));
  return isGraph ? graphResource : named;
}

function addressIn(scope: string): string | undefined {
  const end = scope.lastIndexOf('/');
  return end === -1 ? undefined : scope.slice(0, end);
}

function trimmed(address: string): string {
  return address.replace(/\/$/, '');
}

function permissionOf(scope: string): string {
  const name = nameOf(scope);
  if (resourceOf(scope) !== graphResource) return scope;
  // `.default` means the permissions of the registration. That of the stand-in has this one.
  return name === '.default' ? 'User.Read' : name;
}

/** The short names of the permissions for `resource` among `agreed`: `scp` of an access token. */
export function permissionsFor(resource: string, agreed: readonly string[]): string[] {
  const own = agreed.filter(
    (scope) => !notForResources.has(scope) && resourceOf(scope) === resource,
  );
  return [...new Set(own.map(nameOf))].filter((name) => name !== '.default');
}

function nameOf(scope: string): string {
  return scope.slice(scope.lastIndexOf('/') + 1);
}

/** Forms of the answer's `scope`. Microsoft Entra ID gives more than was asked for, in the form of the request. */
export const scopeForms = ['superset', 'as-asked', 'narrower', 'other-form'] as const;

/**
 * `scope` of a token answer: all that the person has agreed to for this API, in another order and with `email`, in the
 * form that was asked: with prefix, without, or `.default`.
 * @param graph the address of Microsoft Graph
 */
export function answeredScope(
  form: (typeof scopeForms)[number],
  { scopes, resources }: AskedScopes,
  agreed: readonly string[],
  graph: string,
): string {
  const forApi = scopes.filter((scope) => !notForResources.has(scope));
  if (form === 'as-asked') return scopes.filter((scope) => scope !== 'offline_access').join(' ');
  if (form === 'narrower') return ['profile', 'openid', 'email', ...forApi.slice(0, -1)].join(' ');
  const [resource = graphResource] = resources;
  const isPrefixed = forApi.some((scope) => scope.includes('/'));
  const withPrefix = form === 'other-form' ? !isPrefixed : isPrefixed;
  const names = permissionsFor(resource, agreed);
  const asked = forApi.map((scope) => nameOf(scope));
  const all = forApi.length === 0 ? [] : [...new Set([...names, ...asked])];
  const prefix = resource === graphResource ? graph : resource;
  const said = all.map((name) => (withPrefix ? `${prefix}/${name}` : name));
  return ['profile', 'openid', 'email', ...said].join(' ');
}

/**
 * The number of the refusal of unknown scopes. A tenant knows Microsoft Graph of its own cloud only: AADSTS500011 names the
 * other address (turbot/steampipe-plugin-azuread#167). A name without an address works in each cloud
 * (https://learn.microsoft.com/graph/sdks/national-clouds). Azure AD B2C gives tokens for APIs of its own tenant only, never for
 * Microsoft Graph: https://learn.microsoft.com/azure/active-directory-b2c/access-tokens
 */
export function refusalOfScopes(
  { shape, apis }: { readonly shape: EntraShape; readonly apis: readonly ExposedApi[] },
  asked: AskedScopes,
): 70011 | 500011 | 650053 | undefined {
  // https://github.com/AzureAD/microsoft-authentication-library-for-js/issues/1718
  const forApis = asked.scopes.filter((scope) => !notForResources.has(scope));
  if (forApis.length > 1 && forApis.some((scope) => nameOf(scope) === '.default')) return 70011;
  if (shape === 'b2c' && asked.resources.includes(graphResource)) return 70011;
  for (const scope of forApis) {
    const resource = resourceOf(scope);
    if (resource === graphResource) {
      if (isOfOtherCloud(shape, scope)) return 500011;
      continue;
    }
    const api = findApi(apis, resource);
    if (api === undefined) return 500011;
    const name = nameOf(scope);
    if (name !== '.default' && api.scopes?.includes(name) === false) return 650053;
  }
  return undefined;
}

function isOfOtherCloud(shape: EntraShape, scope: string): boolean {
  const named = trimmed(addressIn(scope) ?? '');
  return isGraphAddress(named) && named !== cloudOf(shape).graph;
}

/** Permissions of Microsoft Graph that only an administrator can consent to. There are more. */
const adminScopesOfGraph = [
  ...['Directory.Read.All', 'Group.Read.All', 'GroupMember.Read.All', 'User.Read.All'],
];

/** Those of the permissions that only an administrator can consent to. */
export function adminPermissionsOf(
  apis: readonly ExposedApi[],
  permissions: readonly string[],
): string[] {
  return permissions.filter((permission) => {
    const resource = resourceOf(permission);
    const ofAdmin =
      resource === graphResource ? adminScopesOfGraph : findApi(apis, resource)?.adminScopes;
    return ofAdmin?.includes(nameOf(permission)) === true;
  });
}

/** What somebody consents to who consents to `permissions`: `.default` means all that people can consent to. */
export function withoutDefault(
  apis: readonly ExposedApi[],
  permissions: readonly string[],
): string[] {
  return permissions.flatMap((permission) => {
    if (nameOf(permission) !== '.default') return [permission];
    const resource = resourceOf(permission);
    const { scopes = [], adminScopes = [] } = findApi(apis, resource) ?? {};
    const own = scopes.filter((name) => !adminScopes.includes(name));
    return own.map((name) => `${resource}/${name}`);
  });
}

/**
 * Like a Conditional Access policy: a request for the scope needs the authentication context. Here a person satisfies it on
 * a page that asks to confirm. Without user or scope the policy is for all of them.
 */
export interface AccessPolicy {
  /** An object id or a user name. */
  readonly user?: string;
  /** A Graph permission: `Mail.Read`. */
  readonly scope?: string;
  /** The authentication context, `c1` to `c99`. */
  readonly acrs: string;
}

/** The policies that the control page has set. */
export type AccessPolicies = Control<readonly AccessPolicy[]>;

export function createAccessPolicies(): AccessPolicies {
  return createControl<readonly AccessPolicy[]>([], isAccessPolicies, accessPoliciesInWords);
}

const contextPattern = /^c[1-9][0-9]?$/;

/** What `isAccessPolicies` accepts. */
const accessPoliciesInWords =
  'a list of { acrs: c1 to c99, user?: an object id or a user name, scope?: a Graph permission }';

function isAccessPolicies(input: unknown): input is readonly AccessPolicy[] {
  return Array.isArray(input) && input.every(isAccessPolicy);
}

function isAccessPolicy(input: unknown): input is AccessPolicy {
  return (
    isObject(input) &&
    isString(input['acrs']) &&
    contextPattern.test(input['acrs']) &&
    ['user', 'scope'].every((name) => input[name] === undefined || isString(input[name])) &&
    Object.keys(input).every((name) => ['user', 'scope', 'acrs'].includes(name))
  );
}

/** The authentication contexts that the policies demand from this user for these scopes. */
export function contextsOfPolicies(
  policies: readonly AccessPolicy[],
  directory: Directory,
  user: SeededUser,
  scopes: readonly string[],
): string[] {
  const asked = permissionsOf(scopes);
  return policies
    .filter((policy) => policy.user === undefined || directory.isNamed(user, policy.user))
    .filter((policy) => policy.scope === undefined || asked.includes(policy.scope))
    .map(({ acrs }) => acrs);
}

/**
 * The authentication contexts that a `claims` parameter asks for (`acrs`, in either token).
 * https://learn.microsoft.com/entra/identity-platform/developer-guide-conditional-access-authentication-context
 */
export function contextsOfClaims(claims: unknown): string[] {
  const request = parse(claims);
  return ['access_token', 'id_token'].flatMap((token) => {
    const members = request[token];
    const acrs = isObject(members) ? members['acrs'] : undefined;
    if (!isObject(acrs)) return [];
    const values = Array.isArray(acrs['values']) ? acrs['values'] : [acrs['value']];
    return values.filter((value): value is string => isString(value) && contextPattern.test(value));
  });
}

/** The names of the claims that a `claims` parameter asks for in the ID token (OpenID Connect Core 1.0 section 5.5). */
export function idTokenClaimsOf(claims: unknown): string[] {
  const asked = parse(claims)['id_token'];
  return isObject(asked) ? Object.keys(asked) : [];
}

function parse(claims: unknown): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = isString(claims) ? JSON.parse(claims) : undefined;
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
