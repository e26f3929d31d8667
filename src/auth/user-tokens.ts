import { AppError } from '../errors';
import type { User } from '../sessions/session';
import { acquireAccessToken } from './acquire-access-token';
import type { AuthParts } from './auth-parts';

/** One session's token cache as it is stored. */
export interface StoredTokens {
  readonly tokenCache: string;
  /** Names this version, for `If-Match`. */
  readonly etag: string;
}

/** Where one session's token cache lies; the session is already chosen. */
export interface TokenStore {
  /** `undefined` when the session was ended meanwhile. */
  readTokens(signal: AbortSignal): Promise<StoredTokens | undefined>;
  /** Rewrites the cache if it still has this version; `missing` when the session was ended. */
  writeTokens(
    tokens: StoredTokens,
    signal: AbortSignal,
  ): Promise<'written' | 'conflict' | 'missing'>;
}

interface TokenOwner {
  readonly user: User;
  readonly store: TokenStore;
  /** When the cache was already read, together with the session. */
  readonly tokens?: StoredTokens | undefined;
  readonly now: number;
  readonly signal: AbortSignal;
}

/** Gives a live access token of the user for these scopes; without any, for `GRAPH_SCOPES`. */
export type AccessTokenOf = (scopes?: readonly string[]) => Promise<string>;

/**
 * Access tokens for one request of one user. The cache is read only when a token is asked for, and
 * written only when it changed.
 * @throws (when called) as {@link acquireAccessToken}, ERR_SIGNED_OUT when the session was ended,
 *   and what the store throws
 */
export function createUserTokens(parts: AuthParts, owner: TokenOwner): AccessTokenOf {
  const { user, store, now, signal } = owner;

  async function read(): Promise<StoredTokens> {
    const stored = await store.readTokens(signal);
    if (stored === undefined) throw signedOut();
    return stored;
  }

  let readAlready = owner.tokens;
  return async (scopes = parts.settings.graphScopes) => {
    const request = { user, scopes, now, signal };
    const stored = readAlready ?? (await read());
    // What was read early may be outdated by the time of a second call.
    readAlready = undefined;
    const acquired = await acquireAccessToken(parts, { ...request, tokenCache: stored.tokenCache });
    if (!acquired.changed) return acquired.accessToken;
    const outcome = await store.writeTokens({ ...acquired, etag: stored.etag }, signal);
    if (outcome === 'missing') throw signedOut();
    if (outcome === 'written') return acquired.accessToken;
    // Another instance refreshed at the same time: what it stored is as good as ours.
    const { tokenCache } = await read();
    const other = await acquireAccessToken(parts, { ...request, tokenCache });
    return other.changed ? acquired.accessToken : other.accessToken;
  };
}

function signedOut(): AppError {
  return new AppError('ERR_SIGNED_OUT', { note: 'the session was ended meanwhile' });
}
