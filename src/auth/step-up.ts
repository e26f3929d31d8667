import { isClaimsRequest } from '../claims-request';
import type { StepUp } from '../errors';
import { isObject } from '../is-object';

/**
 * What the sealed `step` parameter of `/auth/login` holds. Sealed, because a link that anyone
 * could write would make people consent to whatever it names.
 */
export interface StepUpRequest extends StepUp {
  /** The signed-in user it was made for. */
  readonly userKey: string;
  /** A local path. */
  readonly returnPath: string;
}

const maxScopes = 20;
const maxReturnPath = 1024;

/** How long a sealed step-up request works. */
export const stepUpSeconds = 600;

/** Reads what was unsealed; `undefined` when it is not exactly a step-up request. */
export function parseStepUpRequest(payload: unknown): StepUpRequest | undefined {
  if (!isObject(payload)) return undefined;
  const { scopes, claims, userKey, returnPath, ...others } = payload;
  if (Object.keys(others).length > 0) return undefined;
  if (!Array.isArray(scopes) || scopes.length > maxScopes || !scopes.every(isScope)) {
    return undefined;
  }
  if (typeof userKey !== 'string' || !/^[A-Za-z0-9_-]{43}$/.test(userKey)) return undefined;
  if (!isLocalPath(returnPath)) return undefined;
  if (claims === undefined) return { scopes, userKey, returnPath };
  if (typeof claims !== 'string' || !isClaimsRequest(claims)) return undefined;
  return { scopes, claims, userKey, returnPath };
}

/** RFC 6749 section 3.3 `scope-token`. */
function isScope(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21\x23-\x5B\x5D-\x7E]{1,256}$/.test(value);
}

/** The path was checked before it was sealed; this only catches a payload of another kind. */
function isLocalPath(value: unknown): value is string {
  return typeof value === 'string' && /^\/(?!\/)/.test(value) && value.length <= maxReturnPath;
}
