import { AppError } from '../errors';
import type { User } from '../sessions/session';
import { acquireFromStored } from './acquire-from-stored';
import type { AuthParts } from './auth-parts';
import { requireOneResource, scopesOfSignIn } from './scopes';
import type { ShareWork } from './share-work';
import { findLiveAccessToken, mergeTokenCaches } from './token-cache';

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

/**
 * Gives a live access token of the user for these scopes; without any, for those of `GRAPH_SCOPES` that belong to Graph, or
 * to the resource of the first. Scopes of two resources are ERR_INTERNAL: no token holds both.
 */
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
  return async (scopes = scopesOfSignIn(parts.settings.graphScopes)) => {
    requireOneResource(scopes);
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

interface TokenUse {
  readonly scopes: readonly string[];
  readonly now: number;
  readonly signal: AbortSignal;
}

/** Enough for instances that refresh in turn. */
const mostWrites = 4;

/**
 * Stores what a refresh brought. Another instance may have refreshed at the same time: then its token is used if it serves,
 * else both caches are merged, so that nothing of either's work is lost.
 * @param acquired `etag` is the version of the stored cache that was refreshed
 * @returns the access token to use
 * @throws ERR_SIGNED_OUT when the session was ended meanwhile, and what the store throws
 */
export async function storeRefreshedTokens(
  store: TokenStore,
  acquired: StoredTokens & { readonly accessToken: string },
  { scopes, now, signal }: TokenUse,
): Promise<string> {
  let { tokenCache, etag } = acquired;
  for (let writes = 0; writes < mostWrites; writes += 1) {
    const outcome = await store.writeTokens({ tokenCache, etag }, signal);
    if (outcome === 'written') return acquired.accessToken;
    const stored = outcome === 'missing' ? undefined : await store.readTokens(signal);
    if (stored === undefined) throw signedOut();
    const theirs = findLiveAccessToken(stored.tokenCache, scopes, now);
    if (theirs !== undefined) return theirs;
    tokenCache = mergeTokenCaches(acquired.tokenCache, stored.tokenCache);
    ({ etag } = stored);
  }
  // The token is good though it could not be kept; the next request refreshes again.
  return acquired.accessToken;
}

async function readTokens({ store, signal }: TokenOwner): Promise<StoredTokens> {
  const stored = await store.readTokens(signal);
  if (stored === undefined) throw signedOut();
  return stored;
}

function signedOut(): AppError {
  return new AppError('ERR_SIGNED_OUT', { note: 'the session was ended meanwhile' });
}
