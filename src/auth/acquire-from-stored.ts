import { AppError, StepUpError } from '../errors';
import type { AccessTokenRequest, AcquiredAccessToken } from './acquire-access-token';
import { acquireAccessToken } from './acquire-access-token';
import type { AuthParts } from './auth-parts';
import { normalScopes, scopesOfSignIn } from './scopes';
import type { StoredTokens } from './user-tokens';

/** What was acquired, and the version of the stored cache it came from. */
export interface AcquiredFromStored extends AcquiredAccessToken {
  readonly etag: string;
}

/**
 * Acquires with a stored token cache. When the provider takes the refresh token for dead, another instance may have got a
 * newer one meanwhile: a session ends only if what is stored now fails too. A refusal for
 * the scopes of one API does not end it either: the provider must also refuse the scopes of the sign-in. Else it is a step-up.
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
  let refused: AppError;
  try {
    return await acquire(stored);
  } catch (error) {
    refused = signedOutOrThrow(error);
  }
  const later = await reread();
  if (later === undefined) throw refused;
  if (later.etag !== stored.etag) {
    try {
      return await acquire(later);
    } catch (error) {
      refused = signedOutOrThrow(error);
    }
  }
  throw await confirmed(parts, { ...request, tokenCache: later.tokenCache }, refused);
}

function signedOutOrThrow(error: unknown): AppError {
  if (error instanceof AppError && error.code === 'ERR_SIGNED_OUT') return error;
  throw error;
}

async function confirmed(
  parts: AuthParts,
  request: AccessTokenRequest,
  refused: AppError,
): Promise<AppError> {
  const scopes = scopesOfSignIn(parts.settings.graphScopes);
  const ofSignIn = normalScopes(scopes);
  if (normalScopes(request.scopes).every((scope) => ofSignIn.includes(scope))) return refused;
  const { tokenCache, user, now, signal } = request;
  const whole = { tokenCache, user, now, signal, scopes, forceRefresh: true };
  await acquireAccessToken(parts, whole);
  return new StepUpError({ scopes: request.scopes }, { cause: refused });
}
