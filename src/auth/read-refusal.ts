import { isClaimsRequest } from '../claims-request';
import type { ProviderRefusal } from '../errors';
import { isObject } from '../is-object';
import { genericNumbers, isKnownNumber } from './refusals';

/** An error answer of the token endpoint: RFC 6749 section 5.2, with what Entra ID adds to it. */
export interface TokenRefusal {
  readonly refusal: ProviderRefusal;
  /** A claims challenge, the JSON text of a claims request. It does not mean that a step-up would help. */
  readonly claims?: string;
}

/** RFC 6749 allows more characters here, but no provider sends them, and the log holds the text. */
const namePattern = /^[A-Za-z][\w.-]{0,63}$/;
/** Only a GUID is shown. */
const guidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const mostNumbers = 10;

/** Reads an error answer of the token endpoint; `undefined` when the body is none. */
export function readTokenRefusal(body: unknown): TokenRefusal | undefined {
  if (!isObject(body) || !isErrorName(body['error'])) return undefined;
  const { error, suberror, error_codes: codes, claims, correlation_id: correlationId } = body;
  const described = readDescription(body['error_description']);
  const numbers = [
    ...(Array.isArray(codes) ? codes.flatMap(entraNumber) : []),
    ...described.numbers,
  ];
  return {
    refusal: refusalOf(
      error,
      suberror,
      numbers,
      isGuid(correlationId) ? correlationId : described.guid,
    ),
    ...(typeof claims === 'string' && isClaimsRequest(claims) ? { claims } : {}),
  };
}

/**
 * Reads the provider's error out of the query of a redirect (RFC 6749 section 4.1.2.1); `undefined` when `error` is none.
 * Of `error_description`, which names users and tenants, only numbers and the correlation id are taken.
 */
export function readRedirectRefusal(query: URLSearchParams): ProviderRefusal | undefined {
  const error = query.get('error');
  if (!isErrorName(error)) return undefined;
  const { numbers, guid } = readDescription(query.get('error_description'));
  return { ...refusalOf(error, query.get('error_subcode'), numbers, guid), where: 'redirect' };
}

function refusalOf(
  error: string,
  suberror: unknown,
  numbers: readonly string[],
  correlationId: string | undefined,
): ProviderRefusal {
  const number = mostSpecific(numbers.slice(0, mostNumbers));
  return {
    error,
    ...(isErrorName(suberror) ? { suberror } : {}),
    ...(number === undefined ? {} : { number }),
    ...(correlationId === undefined ? {} : { correlationId: correlationId.toLowerCase() }),
  };
}

function readDescription(description: unknown): { numbers: readonly string[]; guid?: string } {
  if (typeof description !== 'string') return { numbers: [] };
  const numbers = [...description.matchAll(/\bAAD(?:STS|B2C)\d{4,9}\b/g)].map(([number]) => number);
  const guid = /\bCorrelation ID: ([0-9A-Fa-f-]{36})(?![0-9A-Fa-f-])/.exec(description)?.[1];
  return isGuid(guid) ? { numbers, guid } : { numbers };
}

/** Members of `error_codes`, which B2C does not send. */
function entraNumber(code: unknown): readonly string[] {
  const digits = typeof code === 'number' || typeof code === 'string' ? String(code) : '';
  return /^[1-9]\d{3,8}$/.test(digits) ? [`AADSTS${digits}`] : [];
}

/** The generic number often comes first (`[70002, 500133]`). A number of our table says most. */
function mostSpecific(numbers: readonly string[]): string | undefined {
  const specific = numbers.filter((number) => !genericNumbers.has(number));
  return specific.findLast(isKnownNumber) ?? specific.at(-1) ?? numbers.at(-1);
}

function isErrorName(value: unknown): value is string {
  return typeof value === 'string' && namePattern.test(value);
}

function isGuid(value: unknown): value is string {
  return typeof value === 'string' && guidPattern.test(value);
}
