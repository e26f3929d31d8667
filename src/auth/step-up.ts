import { createHash } from 'node:crypto';
import { isClaimsRequest } from '../claims-request';
import type { StepUp } from '../errors';
import { isObject } from '../is-object';
import { normalScopes } from './scopes';

/**
 * What the sealed `step` parameter of `/auth/login` holds. Sealed, because a link that anyone
 * could write would make people consent to whatever it names.
 */
export interface StepUpRequest extends StepUp {
  /** The signed-in user it was made for. */
  readonly userKey: string;
  /** The session that it was made for. In another session the link is a plain sign-in. */
  readonly sessionKey: string;
  /** A local path. */
  readonly returnPath: string;
  /** Epoch seconds. */
  readonly madeAt: number;
  /** The step-ups of the last minute, this one included, by {@link stepUpName}. */
  readonly names: readonly string[];
}

/** More different step-ups than this in a minute do not help a person. */
export const mostStepUps = 5;

/**
 * A name that is the same for two step-ups that ask for the same. When a token must have been issued after a certain time (`nbf`), that
 * time is left out, since each challenge names another one.
 */
export function stepUpName({ scopes, claims }: StepUp): string {
  const demands: unknown =
    claims === undefined
      ? undefined
      : JSON.parse(claims, (name, value: unknown) =>
          name === 'nbf' ? 'at any time' : sorted(value),
        );
  const asked = JSON.stringify([normalScopes(scopes), demands]);
  return createHash('sha256').update(asked).digest('base64url').slice(0, 22);
}

function sorted(value: unknown): unknown {
  if (!isObject(value)) return value;
  const members = Object.entries(value);
  return Object.fromEntries(members.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Whether `value` lists step-ups by their names. */
export function areStepUpNames(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= mostStepUps &&
    value.every((name) => typeof name === 'string' && /^[A-Za-z0-9_-]{22}$/.test(name))
  );
}

const maxScopes = 20;
const maxReturnPath = 2048;

/** How long a step-up link asks for its step. After that it leads to the page that needed it, which asks anew. */
export const stepUpSeconds = 600;

/** How long a step-up link can be read at all. */
export const stepUpReadableSeconds = 86_400;

/** Reads what was unsealed; `undefined` when it is not exactly a step-up request. */
export function parseStepUpRequest(payload: unknown): StepUpRequest | undefined {
  if (!isObject(payload)) return undefined;
  const { scopes, claims, userKey, sessionKey, returnPath, madeAt, names, ...others } = payload;
  if (Object.keys(others).length > 0) return undefined;
  if (!Array.isArray(scopes) || scopes.length > maxScopes || !scopes.every(isScope)) {
    return undefined;
  }
  if (!isKey(userKey) || !isKey(sessionKey) || !isLocalPath(returnPath)) return undefined;
  if (typeof madeAt !== 'number' || !Number.isSafeInteger(madeAt)) return undefined;
  if (!areStepUpNames(names)) return undefined;
  const request = { scopes, userKey, sessionKey, returnPath, madeAt, names };
  if (claims === undefined) return request;
  return typeof claims === 'string' && isClaimsRequest(claims) ? { ...request, claims } : undefined;
}

/** RFC 6749 section 3.3 `scope-token`. */
export function isScope(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21\x23-\x5B\x5D-\x7E]{1,256}$/.test(value);
}

function isKey(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{43}$/.test(value);
}

/** The path was checked before it was sealed; this only catches a payload of another kind. */
function isLocalPath(value: unknown): value is string {
  return typeof value === 'string' && /^\/(?!\/)/.test(value) && value.length <= maxReturnPath;
}
