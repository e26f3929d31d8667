import { idTokenDemands } from '../claims-request';
import { AppError, SignInRefusedError } from '../errors';
import type { User } from '../sessions/session';
import type { AuthParts } from './auth-parts';
import { createMsalClient } from './msal-client';
import type { Callback } from './parse-callback';
import { redemptionError } from './refusal-errors';
import { scopesOfSignIn } from './scopes';
import { isAttemptLive, type SignInAttempt } from './sign-in-attempt';
import { redirectUriOf } from './start-sign-in';
import { keepAcquired } from './token-cache';
import { verifyIdToken } from './verify-id-token';

/** A person the provider vouches for, and what to keep in the new session. */
export interface FinishedSignIn {
  readonly user: User;
  /** The provider's session id, for front-channel logout. */
  readonly sid: string | undefined;
  /** For signing out. */
  readonly loginHint: string | undefined;
  /** When the ID token was verified, epoch seconds. */
  readonly verifiedAt: number;
  /** MSAL's serialized cache, one user's tokens in it. Secret. */
  readonly tokenCache: string;
}

/**
 * Ends a sign-in: checks the answer against this browser's attempt, redeems the code and verifies
 * the ID token. Whether a step-up was answered by the user it was made for is the caller's to see.
 * @throws ERR_SIGN_IN_UNSOLICITED (another attempt's state), ERR_OTHER_ISSUER,
 *   ERR_SIGN_IN_REFUSED (a SignInRefusedError, of the redirect), ERR_WRONG_TENANT, and as {@link redemptionError}
 */
export async function finishSignIn(
  parts: AuthParts,
  attempt: SignInAttempt,
  callback: Callback,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<FinishedSignIn> {
  if (callback.state !== attempt.state) {
    throw new AppError('ERR_SIGN_IN_UNSOLICITED', { note: 'state belongs to another attempt' });
  }
  if (!isAttemptLive(attempt, now)) {
    throw new AppError('ERR_SIGN_IN_EXPIRED', { note: 'the attempt is too old' });
  }
  await checkIssuer(parts, callback, signal);
  if (callback.kind === 'error') throw new SignInRefusedError(callback.refusal);
  const { idToken, tokenCache } = await redeem(parts, attempt, callback.code, { now, signal });
  const { user, sid, loginHint } = await verifyIdToken(parts, idToken, {
    nonce: attempt.nonce,
    ...(attempt.claims === undefined ? {} : { demands: idTokenDemands(attempt.claims) }),
    now,
    signal,
  });
  return { user, sid, loginHint, verifiedAt: now, tokenCache };
}

/** RFC 9207 section 2.4: an answer of another provider must not be used, and may lack `iss`. */
async function checkIssuer(
  { settings, provider }: AuthParts,
  callback: Callback,
  signal: AbortSignal,
): Promise<void> {
  if (callback.issuer === settings.issuer) return;
  if (callback.issuer !== undefined) {
    throw new AppError('ERR_OTHER_ISSUER', { note: 'iss of the callback is another' });
  }
  const { sendsIssuer } = await provider.metadata(signal);
  if (sendsIssuer) {
    throw new AppError('ERR_OTHER_ISSUER', { note: 'the callback lacks iss' });
  }
}

async function redeem(
  parts: AuthParts,
  attempt: SignInAttempt,
  code: string,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<{ idToken: string; tokenCache: string }> {
  const { msal, answer } = await createMsalClient(parts, signal);
  // Whatever was consented to: a token is for one resource, tokens for others come by a refresh.
  const scopes = scopesOfSignIn(parts.settings.graphScopes, attempt.scopes);
  try {
    const { idToken } = await msal.acquireTokenByCode({
      code,
      codeVerifier: attempt.codeVerifier,
      redirectUri: redirectUriOf(parts.settings),
      scopes: [...scopes],
      nonce: attempt.nonce,
      ...(attempt.claims === undefined ? {} : { claims: attempt.claims }),
    });
    const after = msal.getTokenCache().serialize();
    return { idToken, tokenCache: keepAcquired({ after, scopes, now }) };
  } catch (error) {
    throw redemptionError(error, answer(), attempt.scopes);
  }
}
