import { isObject } from '../../src/bodies';
import { type Control, createControl, isString } from '../loopback/control';
import type { Directory } from './accounts';
import { permissionsOf } from './scopes';
import type { SeededUser } from './users';

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

/** A claims request for one authentication context, as Microsoft Entra ID and APIs write it. */
export function claimsForContext(acrs: string): string {
  return JSON.stringify({ access_token: { acrs: { essential: true, value: acrs } } });
}

function parse(claims: unknown): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = isString(claims) ? JSON.parse(claims) : undefined;
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
