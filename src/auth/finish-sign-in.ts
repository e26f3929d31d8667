import { idTokenDemands } from '../claims-request';
import { AppError } from '../errors';
import type { User } from '../sessions/session';
import type { AuthParts } from './auth-parts';
import { createMsalClient } from './msal-client';
import type { ProviderAnswer } from './parse-callback';
import { redemptionError, redirectError } from './refusal-errors';
import { scopesOfSignIn } from './scopes';
import type { AttemptSecrets, SignInAttempt } from './sign-in-attempt';
import { isAttemptLive } from './sign-in-attempt';
import { redirectUriOf } from './start-sign-in';
import { keepAcquired } from './token-cache';
import { verifyIdToken } from './verify-id-token';

/** An attempt that this browser began. */
export type OwnAttempt = Pick<SignInAttempt, 'startedAt' | 'asked'> & AttemptSecrets;

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
 * Ends a sign-in: redeems the code and verifies the ID token. The caller checks that this browser began the
 * attempt, and that the user of a step-up is the one it was made for.
 * @throws ERR_OTHER_ISSUER, ERR_SIGN_IN_EXPIRED, ERR_WRONG_TENANT, and as {@link redirectError} and {@link redemptionError}
 */
export async function finishSignIn(
  parts: AuthParts,
  attempt: OwnAttempt,
  answer: ProviderAnswer,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<FinishedSignIn> {
  await checkIssuer(parts, answer, signal);
  // A late refusal is shown too: the person must learn why, and not see the same page again.
  if (answer.kind === 'error') throw redirectError(answer.refusal);
  if (!isAttemptLive(attempt, now)) {
    throw new AppError('ERR_SIGN_IN_EXPIRED', { note: 'the attempt is too old' });
  }
  const { idToken, tokenCache } = await redeem(parts, attempt, answer.code, { now, signal });
  const { user, sid, loginHint } = await verifyIdToken(parts, idToken, {
    nonce: attempt.nonce,
    ...(attempt.asked?.claims === undefined
      ? {}
      : { demands: idTokenDemands(attempt.asked.claims) }),
    now,
    signal,
  });
  return { user, sid, loginHint, verifiedAt: now, tokenCache };
}

/** RFC 9207 section 2.4: an answer of another provider must not be used, and may lack `iss`. */
async function checkIssuer(
  { settings, provider }: AuthParts,
  { issuer }: ProviderAnswer,
  signal: AbortSignal,
): Promise<void> {
  if (issuer === settings.issuer) return;
  if (issuer !== undefined) {
    throw new AppError('ERR_OTHER_ISSUER', { note: 'iss of the answer is another' });
  }
  const { sendsIssuer } = await provider.metadata(signal);
  if (sendsIssuer) throw new AppError('ERR_OTHER_ISSUER', { note: 'the answer lacks iss' });
}

async function redeem(
  parts: AuthParts,
  { asked, nonce, codeVerifier }: OwnAttempt,
  code: string,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<{ idToken: string; tokenCache: string }> {
  const { msal, answer } = await createMsalClient(parts, signal);
  // A token is for one resource, whatever the person consented to. Tokens for other resources come by a refresh.
  const scopes = scopesOfSignIn(parts.settings.graphScopes, asked?.scopes);
  try {
    const { idToken } = await msal.acquireTokenByCode({
      code,
      codeVerifier,
      redirectUri: redirectUriOf(parts.settings),
      scopes: [...scopes],
      nonce,
      ...(asked?.claims === undefined ? {} : { claims: asked.claims }),
    });
    const after = msal.getTokenCache().serialize();
    return { idToken, tokenCache: keepAcquired({ after, scopes, now }) };
  } catch (error) {
    throw redemptionError(error, answer(), asked?.scopes ?? []);
  }
}
