import { AppError } from '../errors';
import type { User } from '../sessions/session';
import { acquireFromStored } from './acquire-from-stored';
import type { AuthParts } from './auth-parts';
import { findLiveAccessToken } from './find-live-access-token';
import type { ShareWork } from './share-work';
import { storeRefreshedTokens } from './store-refreshed-tokens';

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
  /** Names the session, for requests that find the same expired token at once. */
  readonly sessionKey: string;
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
 * written only when it changed. Requests of one session that run at once refresh once.
 * @throws (when called) as {@link acquireFromStored}, ERR_SIGNED_OUT when the session was ended,
 *   and what the store throws
 */
export function createUserTokens(
  parts: AuthParts,
  shareRefresh: ShareWork<string>,
  owner: TokenOwner,
): AccessTokenOf {
  let readAlready = owner.tokens;
  return async (scopes = parts.settings.graphScopes) => {
    const stored = readAlready ?? (await readTokens(owner));
    // What was read early may be outdated by the time of a second call.
    readAlready = undefined;
    const live = findLiveAccessToken(stored.tokenCache, scopes, owner.now);
    if (live !== undefined) return live;
    const key = `${owner.sessionKey} ${[...scopes].sort().join(' ')}`;
    return shareRefresh(key, owner.signal, () => refresh(parts, owner, stored, scopes));
  };
}

async function refresh(
  parts: AuthParts,
  owner: TokenOwner,
  stored: StoredTokens,
  scopes: readonly string[],
): Promise<string> {
  const { user, store, now, signal } = owner;
  const acquired = await acquireFromStored(parts, { user, scopes, now, signal }, stored, () =>
    store.readTokens(signal),
  );
  if (!acquired.changed) return acquired.accessToken;
  return storeRefreshedTokens(store, acquired, { scopes, now, signal });
}

async function readTokens({ store, signal }: TokenOwner): Promise<StoredTokens> {
  const stored = await store.readTokens(signal);
  if (stored === undefined) throw signedOut();
  return stored;
}

function signedOut(): AppError {
  return new AppError('ERR_SIGNED_OUT', { note: 'the session was ended meanwhile' });
}
