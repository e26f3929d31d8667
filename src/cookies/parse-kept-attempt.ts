import type { SignInAttempt } from '../auth/sign-in-attempt';
import { isObject } from '../is-object';

/**
 * An attempt under short names: with a return path of 1024 bytes it still makes a cookie of 2 KiB.
 */
export function shortenAttempt(attempt: SignInAttempt): Record<string, unknown> {
  return {
    s: attempt.state,
    n: attempt.nonce,
    c: attempt.codeVerifier,
    r: attempt.returnPath,
    t: attempt.startedAt,
    o: attempt.scopes.join(' '),
    p: attempt.prompt,
    u: attempt.stepUp?.userKey,
    q: attempt.claims,
  };
}

/** What {@link shortenAttempt} made, or `undefined`. */
export function parseKeptAttempt(payload: unknown): SignInAttempt | undefined {
  if (!isObject(payload)) return undefined;
  const { s: state, n: nonce, c: codeVerifier, r: returnPath, t: startedAt, o: scopes } = payload;
  const { p: prompt, u: userKey, q: claims } = payload;
  if (!isText(state) || !isText(nonce) || !isText(codeVerifier)) return undefined;
  if (!isText(returnPath) || !returnPath.startsWith('/')) return undefined;
  if (typeof startedAt !== 'number' || !Number.isSafeInteger(startedAt)) return undefined;
  if (typeof scopes !== 'string' || !isOptionalText(prompt)) return undefined;
  if (!isOptionalText(userKey) || !isOptionalText(claims)) return undefined;
  return {
    state,
    nonce,
    codeVerifier,
    returnPath,
    startedAt,
    scopes: scopes === '' ? [] : scopes.split(' '),
    ...(prompt !== undefined && { prompt }),
    ...(userKey !== undefined && { stepUp: { userKey } }),
    ...(claims !== undefined && { claims }),
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || isText(value);
}
