import { AppError } from '../errors';
import { findLiveAccessToken } from './find-live-access-token';
import { mergeTokenCaches } from './merge-token-caches';
import type { StoredTokens, TokenStore } from './user-tokens';

const mostWrites = 4;

interface Use {
  readonly scopes: readonly string[];
  readonly now: number;
  readonly signal: AbortSignal;
}

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
  { scopes, now, signal }: Use,
): Promise<string> {
  let { tokenCache, etag } = acquired;
  for (let writes = 0; writes < mostWrites; writes += 1) {
    const outcome = await store.writeTokens({ tokenCache, etag }, signal);
    if (outcome === 'written') return acquired.accessToken;
    const stored = outcome === 'missing' ? undefined : await store.readTokens(signal);
    if (stored === undefined) {
      throw new AppError('ERR_SIGNED_OUT', { note: 'the session was ended meanwhile' });
    }
    const theirs = findLiveAccessToken(stored.tokenCache, scopes, now);
    if (theirs !== undefined) return theirs;
    tokenCache = mergeTokenCaches(acquired.tokenCache, stored.tokenCache);
    ({ etag } = stored);
  }
  // The token is good though it could not be kept; the next request refreshes again.
  return acquired.accessToken;
}
