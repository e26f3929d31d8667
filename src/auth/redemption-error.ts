import { AppError, SignInRefusedError } from '../errors';
import type { MsalFailure } from './msal-failure';
import { findAadstsText } from './refusal-text';
import { describeRefusal, type TokenRefusal } from './token-refusal';

/** `invalid_grant` with these means the code itself: used, expired, or begun in another browser. */
const spentCodeNumbers = [54005, 70000, 70008, 501481];

/**
 * What a failed redemption of the code means to the person who signs in.
 *
 * - an answer that names a reason, or asks for another step: ERR_SIGN_IN_REFUSED. There is no
 *   session yet that could be stepped up; signing in again is the step.
 * - any other `invalid_grant`: ERR_SIGN_IN_EXPIRED
 * - the provider's own trouble: ERR_PROVIDER_UNAVAILABLE
 * - all else is about how the app asked: ERR_PROVIDER_MISMATCH
 */
export function redemptionError(failure: MsalFailure): AppError {
  switch (failure.kind) {
    case 'final':
      return failure.error;
    case 'no-refresh-token':
      return new AppError('ERR_INTERNAL', { note: 'MSAL looked for a refresh token' });
    case 'refused':
      return refusalError(failure.refusal, failure.isInteractive);
  }
}

function refusalError(refusal: TokenRefusal, isInteractive: boolean): AppError {
  const { error, codes, claims } = refusal;
  const note = describeRefusal(refusal);
  if (isInteractive || claims !== undefined) return signInRefused(refusal);
  if (error === 'invalid_grant') {
    const isSpent = codes.some((code) => spentCodeNumbers.includes(code));
    const isExplained = codes.some((code) => findAadstsText(String(code)) !== undefined);
    return !isSpent && isExplained
      ? signInRefused(refusal)
      : new AppError('ERR_SIGN_IN_EXPIRED', { note });
  }
  if (error === 'temporarily_unavailable' || error === 'server_error') {
    return new AppError('ERR_PROVIDER_UNAVAILABLE', { note });
  }
  return new AppError('ERR_PROVIDER_MISMATCH', { note });
}

function signInRefused({ error, codes, correlationId }: TokenRefusal): SignInRefusedError {
  const [aadsts] = codes;
  return new SignInRefusedError({
    error,
    ...(aadsts === undefined ? {} : { aadsts: String(aadsts) }),
    ...(correlationId === undefined ? {} : { correlationId: correlationId.toLowerCase() }),
  });
}
