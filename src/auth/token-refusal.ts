import { isClaimsRequest } from '../claims-request';
import { isObject } from '../is-object';
import { correlationIdPattern, errorNamePattern } from './refusal-patterns';

/**
 * An error answer of the token endpoint (RFC 6749 section 5.2) with what Entra ID adds to it.
 * `error_description` is left out: it names users and tenants.
 */
export interface TokenRefusal {
  readonly error: string;
  readonly suberror: string | undefined;
  /** AADSTS numbers, the most telling one first. */
  readonly codes: readonly number[];
  /** A claims challenge: the JSON text of a claims request. */
  readonly claims: string | undefined;
  readonly correlationId: string | undefined;
}

/** `undefined` when the body is not an error answer. */
export function parseTokenRefusal(body: unknown): TokenRefusal | undefined {
  if (!isObject(body)) return undefined;
  const { error, suberror, error_codes: codes, claims, correlation_id: correlationId } = body;
  if (typeof error !== 'string' || !errorNamePattern.test(error)) return undefined;
  return {
    error,
    suberror:
      typeof suberror === 'string' && errorNamePattern.test(suberror) ? suberror : undefined,
    codes: Array.isArray(codes) ? codes.slice(0, 10).filter(isCode) : [],
    claims: typeof claims === 'string' && isClaimsRequest(claims) ? claims : undefined,
    correlationId:
      typeof correlationId === 'string' && correlationIdPattern.test(correlationId)
        ? correlationId
        : undefined,
  };
}

function isCode(code: unknown): code is number {
  return typeof code === 'number' && Number.isSafeInteger(code) && code > 0 && code < 1e9;
}

/** For the log: error, suberror, numbers and correlation id; nothing about the user. */
export function describeRefusal(refusal: TokenRefusal): string {
  const { error, suberror, codes, correlationId } = refusal;
  return [
    `the token endpoint answered ${error}`,
    ...(suberror === undefined ? [] : [`(${suberror})`]),
    ...codes.map((code) => `AADSTS${code}`),
    ...(correlationId === undefined ? [] : [`correlation id ${correlationId}`]),
  ].join(' ');
}
