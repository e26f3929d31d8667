import { idTokenDemands } from '../entra/claims-challenge';
import { verifyIdToken } from '../entra/id-token';
import { type RelyingParty, createMsalClient } from '../entra/msal';
import { keepAcquired } from '../entra/msal-cache';
import { redemptionError, redirectError } from '../entra/refusal-errors';
import { readRedirectRefusal } from '../entra/refusals';
import { scopesOfSignIn } from '../entra/scopes';
import { AppError, type ProviderRefusal } from '../errors';
import type { User } from '../sessions/session';
import { type AttemptSecrets, isAttemptLive, type SignInAttempt } from './attempt';

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
  parts: RelyingParty,
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
  { settings, provider }: RelyingParty,
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
  parts: RelyingParty,
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
      redirectUri: parts.redirectUri,
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

/** The provider's answer to an authorization request. RFC 6749 section 4.1.2, RFC 9207 section 2. */
export type ProviderAnswer = {
  readonly state: string | undefined;
  /** Who says it answers. */
  readonly issuer: string | undefined;
} & (
  | { readonly kind: 'code'; readonly code: string }
  | { readonly kind: 'error'; readonly refusal: ProviderRefusal }
);

/** What may arrive at `/auth/redirect`. */
export type Callback =
  | ProviderAnswer
  /** Nothing at all: a bookmark, or a tile whose home page is the redirect URI. */
  | { readonly kind: 'bare' }
  /**
   * The answer to admin consent. This app never asks for it: an administrator follows a link of the provider. `refusal` when it was declined.
   * @see https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
   */
  | { readonly kind: 'admin-consent'; readonly refusal: ProviderRefusal | undefined };

const maxParameters = 30;
const maxLength = 8192;

/**
 * Reads the query of the redirect. Parameters nobody knows are ignored.
 * @throws ERR_BAD_REQUEST for a repeated or oversized parameter, and unless there is exactly one of `code` and `error`
 */
export function parseCallback(query: URLSearchParams): Callback {
  requireModest(query);
  if (isBare(query)) return { kind: 'bare' };
  const code = query.get('code');
  const error = query.get('error');
  if (code === null && query.get('admin_consent')?.toLowerCase() === 'true') {
    const refusal = readRedirectRefusal(query);
    if (error !== null && refusal === undefined) throw badRequest('error is malformed');
    return { kind: 'admin-consent', refusal };
  }
  if ((code === null) === (error === null)) throw badRequest('needs either code or error');
  const state = query.get('state') ?? undefined;
  const issuer = query.get('iss') ?? undefined;
  if (code !== null) {
    if (!/^[\x21-\x7E]+$/.test(code)) throw badRequest('code is malformed');
    return { kind: 'code', state, issuer, code };
  }
  const refusal = readRedirectRefusal(query);
  if (refusal === undefined) throw badRequest('error is malformed');
  return { kind: 'error', state, issuer, refusal };
}

/** Whether the address holds no answer; `hop` is our own parameter. */
export function isBare(query: URLSearchParams): boolean {
  return [...query.keys()].every((name) => name === 'hop');
}

/** A parameter sent twice is read differently by different readers, so it is not read at all. */
function requireModest(query: URLSearchParams): void {
  const names = [...query.keys()];
  if (names.length > maxParameters) throw badRequest('has too many parameters');
  if (new Set(names).size !== names.length) throw badRequest('repeats a parameter');
  for (const value of query.values()) {
    if (value.length > maxLength) throw badRequest('has an oversized parameter');
  }
}

function badRequest(note: string): AppError {
  return new AppError('ERR_BAD_REQUEST', { note: `the callback ${note}` });
}
