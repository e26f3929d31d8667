import { AppError, StepUpError } from '../errors';
import type { MsalFailure } from './msal-failure';
import { describeRefusal, type TokenRefusal } from './token-refusal';

/** The app was never given this permission by this user. Not an interaction to MSAL, but to us. */
const consentMissing = 65001;

/**
 * What becomes of a session whose tokens could not be refreshed.
 *
 * - a StepUpError: the user must go through the provider once more, the session is kept
 * - ERR_SIGNED_OUT: the provider took the session back, it ends
 * - ERR_PROVIDER_UNAVAILABLE: nobody knows, the session is kept
 */
export function refreshError(failure: MsalFailure, scopes: readonly string[]): AppError {
  switch (failure.kind) {
    case 'final':
      return failure.error;
    case 'no-refresh-token':
      return failure.isExpired
        ? new StepUpError({ scopes }, { note: 'the refresh token expired' })
        : new AppError('ERR_SIGNED_OUT', { note: 'the token cache holds no refresh token' });
    case 'refused':
      return refusalError(failure.refusal, failure.isInteractive, scopes);
  }
}

function refusalError(
  refusal: TokenRefusal,
  isInteractive: boolean,
  scopes: readonly string[],
): AppError {
  const { error, suberror, claims, codes } = refusal;
  const note = describeRefusal(refusal);
  if (claims !== undefined) return new StepUpError({ scopes, claims }, { note });
  const isBadToken = error === 'bad_token' || suberror === 'bad_token';
  if (codes.includes(consentMissing) || (isInteractive && !isBadToken)) {
    return new StepUpError({ scopes }, { note });
  }
  if (error === 'invalid_grant' || isBadToken) return new AppError('ERR_SIGNED_OUT', { note });
  return new AppError('ERR_PROVIDER_UNAVAILABLE', { note });
}
