import { readOverflows } from '../cookies/cookie';
import { readRedirectRefusal } from '../entra/refusals';
import { AppError, type ProviderRefusal } from '../errors';
import type { RequestContext } from '../http/context';
import { openAttempt, type OpenedAttempt } from './attempt';

/** The provider's answer to an authorization request. RFC 6749 section 4.1.2, RFC 9207 section 2. */
export type ProviderAnswer = {
  readonly state: string | undefined;
  /** The provider's `iss`, when the answer has it. */
  readonly issuer: string | undefined;
} & (
  | { readonly kind: 'code'; readonly code: string }
  | { readonly kind: 'error'; readonly refusal: ProviderRefusal }
);

/** What the query of `/auth/redirect` may hold. */
export type Callback =
  | ProviderAnswer
  /** Nothing: a bookmark, or a tile in My Apps whose home page is the redirect URI. */
  | { readonly kind: 'bare' }
  /**
   * The answer to admin consent. This app never asks for it: an administrator uses a link of the provider. `refusal` is
   * there when it was declined.
   * @see https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
   */
  | { readonly kind: 'admin-consent'; readonly refusal: ProviderRefusal | undefined };

const maxParameters = 30;
const maxLength = 8192;

/**
 * Parses the query of `/auth/redirect`. Unknown parameters are ignored.
 * @throws ERR_BAD_REQUEST for a repeated or oversized parameter, and unless there is exactly one of `code` and `error`
 */
export function parseCallback(query: URLSearchParams): Callback {
  checkParameters(query);
  if (isBare(query)) return { kind: 'bare' };
  const code = query.get('code');
  const error = query.get('error');
  if (code === null && query.get('admin_consent')?.toLowerCase() === 'true') {
    const refusal = readRedirectRefusal(query);
    if (error !== null && refusal === undefined) throw badRequest('error is malformed');
    return { kind: 'admin-consent', refusal };
  }
  if ((code === null) === (error === null)) throw badRequest('needs either code or error');
  const state = query.get('state') ?? undefined;
  const issuer = query.get('iss') ?? undefined;
  if (code !== null) {
    if (!/^[\x21-\x7E]+$/.test(code)) throw badRequest('code is malformed');
    return { kind: 'code', state, issuer, code };
  }
  const refusal = readRedirectRefusal(query);
  if (refusal === undefined) throw badRequest('error is malformed');
  return { kind: 'error', state, issuer, refusal };
}

/** True when the query has no answer. `hop` is our own parameter. */
export function isBare(query: URLSearchParams): boolean {
  return [...query.keys()].every((name) => name === 'hop');
}

/**
 * The attempt in the `state` of a provider's answer. Any browser may have begun it. `undefined` when `state` is not ours. From
 * here on the page of any error leads back to the wanted page.
 * @throws ERR_KEYS_UNAVAILABLE
 */
export async function findAttempt(context: RequestContext): Promise<OpenedAttempt | undefined> {
  const { requestCookies, services, query, now, signal } = context;
  const state = query.get('state');
  if (state === null) return undefined;
  const overflows = readOverflows(requestCookies, services.settings);
  const attempt = await openAttempt(state, overflows, { keyRing: services.keyRing, now, signal });
  context.visitor.returnPath = attempt?.returnPath;
  return attempt;
}

/** Programs read a repeated parameter in different ways, so it is refused. Too many or too long ones are refused too. */
function checkParameters(query: URLSearchParams): void {
  const names = [...query.keys()];
  if (names.length > maxParameters) throw badRequest('has too many parameters');
  if (new Set(names).size !== names.length) throw badRequest('repeats a parameter');
  for (const value of query.values()) {
    if (value.length > maxLength) throw badRequest('has an oversized parameter');
  }
}

function badRequest(note: string): AppError {
  return new AppError('ERR_BAD_REQUEST', { note: `the callback ${note}` });
}
