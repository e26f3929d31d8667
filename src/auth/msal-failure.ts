import { AuthError, ClientAuthError, InteractionRequiredAuthError } from '@azure/msal-node';
import { AppError } from '../errors';
import type { TokenAnswer } from './token-network-client';
import type { TokenRefusal } from './token-refusal';

/** Why MSAL gave no token, apart from what each caller makes of it. */
export type MsalFailure =
  /** The provider was not reached, or its ID token cannot be read: nothing is left to decide. */
  | { readonly kind: 'final'; readonly error: AppError }
  /** The token endpoint answered with an error; `isInteractive` when the user can mend it there. */
  | {
      readonly kind: 'refused';
      readonly refusal: TokenRefusal;
      readonly isInteractive: boolean;
    }
  /** MSAL did not ask, since it holds no refresh token or an expired one. */
  | { readonly kind: 'no-refresh-token'; readonly isExpired: boolean };

/**
 * Sorts a failure by what the token endpoint said, since MSAL's errors lose claims, further
 * numbers and the cause of a network failure. MSAL's errors are not kept as `cause`: their
 * messages quote `error_description`, which names users.
 */
export function readMsalFailure(error: unknown, answer: TokenAnswer): MsalFailure {
  if (error instanceof AppError) return { kind: 'final', error };
  if (answer.kind === 'unavailable') return { kind: 'final', error: answer.error };
  const isInteractive = error instanceof InteractionRequiredAuthError;
  if (answer.kind === 'refused') return { kind: 'refused', refusal: answer.refusal, isInteractive };
  if (isInteractive && answer.kind === 'not-asked') {
    return { kind: 'no-refresh-token', isExpired: error.errorCode !== 'no_tokens_found' };
  }
  return { kind: 'final', error: fault(error, answer) };
}

/** The provider granted something MSAL cannot read, or MSAL could not build its request. */
function fault(error: unknown, answer: TokenAnswer): AppError {
  const code = error instanceof AuthError ? error.errorCode : 'unknown';
  if (answer.kind === 'granted' && error instanceof ClientAuthError) {
    const check = code === 'nonce_mismatch' ? 'nonce' : 'form';
    return new AppError('ERR_ID_TOKEN', { note: `the ID token failed the check of ${check}` });
  }
  if (answer.kind === 'not-asked') {
    // For instance a private key that cannot be read.
    const note = `no token request could be made (${code})`;
    return new AppError('ERR_PROVIDER_MISMATCH', { note });
  }
  return new AppError('ERR_ID_TOKEN', { note: `the token answer cannot be read (${code})` });
}
