import { AppError, type ProviderRefusal } from '../errors';
import { readRedirectRefusal } from './read-refusal';

/** The provider's answer to an authorization request. RFC 6749 section 4.1.2, RFC 9207 section 2. */
export type ProviderAnswer = {
  readonly state: string | undefined;
  /** Who says it answers. */
  readonly issuer: string | undefined;
} & (
  | { readonly kind: 'code'; readonly code: string }
  | { readonly kind: 'error'; readonly refusal: ProviderRefusal }
);

/** What may arrive at `/auth/redirect`. */
export type Callback =
  | ProviderAnswer
  /** Nothing at all: a bookmark, or a tile whose home page is the redirect URI. */
  | { readonly kind: 'bare' }
  /**
   * The answer to admin consent. This app never asks for it: an administrator follows a link of the provider. `refusal` when it was declined.
   * @see https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
   */
  | { readonly kind: 'admin-consent'; readonly refusal: ProviderRefusal | undefined };

const maxParameters = 30;
const maxLength = 8192;

/**
 * Reads the query of the redirect. Parameters nobody knows are ignored.
 * @throws ERR_BAD_REQUEST for a repeated or oversized parameter, and unless there is exactly one of `code` and `error`
 */
export function parseCallback(query: URLSearchParams): Callback {
  requireModest(query);
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

/** Whether the address holds no answer; `hop` is our own parameter. */
export function isBare(query: URLSearchParams): boolean {
  return [...query.keys()].every((name) => name === 'hop');
}

/** A parameter sent twice is read differently by different readers, so it is not read at all. */
function requireModest(query: URLSearchParams): void {
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
