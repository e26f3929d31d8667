import { isBoolean, isRecord, isString } from '../loopback/control';
import type { Directory } from './accounts';
import { graphScopesOf } from './registrations';
import type { SeededUser } from './users';

/** A refusal that a test orders: a known one by its number, or any other in every detail. */
export interface OrderedRefusal {
  /** `50076` for AADSTS50076, or a code of Azure AD B2C: `AADB2C90118`. */
  readonly code: number | string;
  /** HTTP status of the token endpoint. */
  readonly status?: number;
  readonly error?: string;
  readonly suberror?: string;
  /** `error_codes`, the generic one first. */
  readonly codes?: readonly number[];
  /** A claims request as JSON text; `''` for none at all. */
  readonly claims?: string;
  /** `Retry-After`, seconds or a date. */
  readonly retryAfter?: string;
  readonly text?: string;
}

/** The input that `isOrderedRefusal` accepts. */
export const orderedRefusalInWords =
  'a number of Microsoft Entra ID, a code of Azure AD B2C (AADB2C90118), { code, status?, error?, suberror?, codes?, claims?, retryAfter?, text? }, or null for none';

/** Whether `input` orders a refusal: its code, or an object with the code and what else it is to say. */
export function isOrdered(input: unknown): input is OrderedRefusal['code'] | OrderedRefusal | null {
  return input === null || isCode(input) || isOrderedRefusal(input);
}

/** The refusal that `input` orders. */
export function readOrder(
  input: OrderedRefusal['code'] | OrderedRefusal | null,
): OrderedRefusal | undefined {
  if (input === null) return undefined;
  return typeof input === 'object' ? input : { code: input };
}

function isOrderedRefusal(input: unknown): input is OrderedRefusal {
  if (!isRecord(input) || !isCode(input['code'])) return false;
  return Object.entries(input).every(([name, value]) => {
    switch (name) {
      case 'code':
        return true;
      case 'status':
        return Number.isInteger(value) && Number(value) >= 400 && Number(value) <= 599;
      case 'codes':
        return Array.isArray(value) && value.every(Number.isSafeInteger);
      case 'error':
      case 'suberror':
      case 'claims':
      case 'retryAfter':
      case 'text':
        return isString(value);
      default:
        return false;
    }
  });
}

function isCode(input: unknown): input is OrderedRefusal['code'] {
  if (isString(input)) return /^AADB2C\d{5,6}$/.test(input);
  return Number.isSafeInteger(input) && Number(input) >= 10_000;
}

/** What can be changed about an account while the stand-in runs. */
export interface AccountChange {
  /** Of an account that is not there: it is added, and the key is its user name. */
  readonly name?: string;
  readonly roles?: readonly string[];
  readonly disabled?: boolean;
  readonly consented?: boolean;
}

/** What `isAccountChanges` accepts. */
export const accountChangesInWords =
  '{ <object id or user name>: { name?: 1 to 120 characters, roles?: a list of texts, disabled?: true or false, consented?: true or false } }';

/** Reads `{ "<object id or user name>": { name?, roles?, disabled?, consented? } }`. */
export function isAccountChanges(input: unknown): input is Readonly<Record<string, AccountChange>> {
  return isRecord(input) && Object.values(input).every(isAccountChange);
}

function isAccountChange(input: unknown): input is AccountChange {
  return (
    isRecord(input) &&
    Object.entries(input).every(([member, value]) => {
      switch (member) {
        case 'name':
          return isString(value) && value.trim() !== '' && value.length <= 120;
        case 'roles':
          return Array.isArray(value) && value.every(isString);
        case 'disabled':
        case 'consented':
          return isBoolean(value);
        default:
          return false;
      }
    })
  );
}

/**
 * As a Conditional Access policy: who asks for the scope must have satisfied the authentication
 * context, which here is a page that asks to confirm. Without user or scope it is for all of them.
 */
export interface AccessPolicy {
  /** An object id or a user name. */
  readonly user?: string;
  /** A Graph permission: `Mail.Read`. */
  readonly scope?: string;
  /** The authentication context, `c1` to `c99`. */
  readonly acrs: string;
}

const contextPattern = /^c[1-9][0-9]?$/;

/** What `isAccessPolicies` accepts. */
export const accessPoliciesInWords =
  'a list of { acrs: c1 to c99, user?: an object id or a user name, scope?: a Graph permission }';

export function isAccessPolicies(input: unknown): input is readonly AccessPolicy[] {
  return Array.isArray(input) && input.every(isAccessPolicy);
}

function isAccessPolicy(input: unknown): input is AccessPolicy {
  return (
    isRecord(input) &&
    isString(input['acrs']) &&
    contextPattern.test(input['acrs']) &&
    ['user', 'scope'].every((name) => input[name] === undefined || isString(input[name])) &&
    Object.keys(input).every((name) => ['user', 'scope', 'acrs'].includes(name))
  );
}

/** The authentication contexts that the policies want of this user for these scopes. */
export function contextsOfPolicies(
  policies: readonly AccessPolicy[],
  directory: Directory,
  user: SeededUser,
  scopes: readonly string[],
): string[] {
  const asked = graphScopesOf(scopes);
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
    const acrs = isRecord(members) ? members['acrs'] : undefined;
    if (!isRecord(acrs)) return [];
    const values = Array.isArray(acrs['values']) ? acrs['values'] : [acrs['value']];
    return values.filter((value): value is string => isString(value) && contextPattern.test(value));
  });
}

/** A claims request for one authentication context, as Microsoft Entra ID and APIs write it. */
export function claimsForContext(acrs: string): string {
  return JSON.stringify({ access_token: { acrs: { essential: true, value: acrs } } });
}

function parse(claims: unknown): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = isString(claims) ? JSON.parse(claims) : undefined;
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
