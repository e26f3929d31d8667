import { AppError, type ProviderRefusal } from '../errors';
import { readRedirectRefusal } from './read-refusal';
import { parseState } from './sign-in-attempt';

/** The provider's answer at `/auth/redirect`. RFC 6749 section 4.1.2, RFC 9207 section 2. */
export type Callback = {
  readonly state: string;
  /** Who says it answers. */
  readonly issuer: string | undefined;
} & (
  | { readonly kind: 'code'; readonly code: string }
  | { readonly kind: 'error'; readonly refusal: ProviderRefusal }
);

const maxParameters = 30;
const maxLength = 8192;

/**
 * Reads the query of the redirect. Parameters nobody knows are ignored.
 * @throws ERR_BAD_REQUEST for a doubled or oversized parameter, or neither or both of `code` and
 *   `error`; ERR_SIGN_IN_UNSOLICITED when `state` is missing or none of ours
 */
export function parseCallback(query: URLSearchParams): Callback {
  requireModest(query);
  const state = query.get('state');
  if (state === null || parseState(state) === undefined) {
    throw new AppError('ERR_SIGN_IN_UNSOLICITED', { note: 'state is missing or malformed' });
  }
  const issuer = query.get('iss') ?? undefined;
  const code = query.get('code');
  const error = query.get('error');
  if ((code === null) === (error === null)) throw badRequest('needs either code or error');
  if (code !== null) {
    if (!/^[\x21-\x7E]+$/.test(code)) throw badRequest('code is malformed');
    return { kind: 'code', state, issuer, code };
  }
  const refusal = readRedirectRefusal(query);
  if (refusal === undefined) throw badRequest('error is malformed');
  return { kind: 'error', state, issuer, refusal };
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
