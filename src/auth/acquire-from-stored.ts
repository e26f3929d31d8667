import { AppError } from '../errors';
import type { AccessTokenRequest, AcquiredAccessToken } from './acquire-access-token';
import { acquireAccessToken } from './acquire-access-token';
import type { AuthParts } from './auth-parts';
import type { StoredTokens } from './user-tokens';

/** What was acquired, and the version of the stored cache it came from. */
export interface AcquiredFromStored extends AcquiredAccessToken {
  readonly etag: string;
}

/**
 * Acquires with a stored token cache. When the provider takes the refresh token for dead, another instance may have got a
 * newer one meanwhile: a session ends only if what is stored now fails too.
 * @param reread the cache as it is stored now; `undefined` when the session was ended
 * @throws as {@link acquireAccessToken}
 */
export async function acquireFromStored(
  parts: AuthParts,
  request: Omit<AccessTokenRequest, 'tokenCache'>,
  stored: StoredTokens,
  reread: () => Promise<StoredTokens | undefined>,
): Promise<AcquiredFromStored> {
  const acquire = async ({ tokenCache, etag }: StoredTokens): Promise<AcquiredFromStored> => ({
    ...(await acquireAccessToken(parts, { ...request, tokenCache })),
    etag,
  });
  try {
    return await acquire(stored);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'ERR_SIGNED_OUT') throw error;
    const later = await reread();
    if (later === undefined || later.etag === stored.etag) throw error;
    return acquire(later);
  }
}
