import type { AccountInfo, AuthenticationResult, TokenCache } from '@azure/msal-node';
import { AppError } from '../errors';
import { AskedToWaitError } from '../retry-after';
import type { User } from '../sessions/session';
import type { AuthParts } from './auth-parts';
import { createMsalClient } from './msal-client';
import { refreshError } from './refusal-errors';
import { normalScopes, requireOneResource } from './scopes';
import { findLiveAccessToken, idTokensIn, keepAcquired } from './token-cache';
import { verifyIdToken, type VerifiedIdToken } from './verify-id-token';

export interface AccessTokenRequest {
  /** The session's serialized MSAL cache. */
  readonly tokenCache: string;
  readonly user: User;
  /** Of one resource. */
  readonly scopes: readonly string[];
  /** Asks the provider even when a live token is at hand. */
  readonly forceRefresh?: boolean;
  /** A claims challenge to answer without the user, if the provider lets us. */
  readonly claims?: string;
  readonly now: number;
  readonly signal: AbortSignal;
}

export interface AcquiredAccessToken {
  readonly accessToken: string;
  /** To be stored when `changed`. */
  readonly tokenCache: string;
  readonly changed: boolean;
  /** The newly issued ID token, when there was one. */
  readonly idToken?: VerifiedIdToken;
}

/**
 * A live access token for the user: from the cache, or by refreshing. Nothing that came with a
 * refresh is given away before its ID token is seen to be this user's (OpenID Connect Core 1.0
 * section 12.2).
 * @throws ERR_WRONG_TENANT, ERR_INTERNAL for scopes of two resources, and as {@link refreshError}
 */
export async function acquireAccessToken(
  parts: AuthParts,
  request: AccessTokenRequest,
): Promise<AcquiredAccessToken> {
  const { tokenCache, scopes, claims, now } = request;
  requireOneResource(scopes);
  const isForced = request.forceRefresh === true || claims !== undefined;
  // MSAL would look for a token by what was granted, not by what was asked, so it is only ever told to refresh.
  const live = isForced ? undefined : findLiveAccessToken(tokenCache, scopes, now);
  if (live !== undefined) return { accessToken: live, tokenCache, changed: false };
  const question = `${request.user.userKey} ${normalScopes(scopes).join(' ')}`;
  requireNoPause(parts, question, now);
  const { msal, answer } = await createMsalClient(parts, request.signal);
  const cache = msal.getTokenCache();
  cache.deserialize(tokenCache);
  const account = await findAccount(cache);
  let result: AuthenticationResult;
  try {
    result = await msal.acquireTokenSilent({
      account,
      scopes: [...scopes],
      forceRefresh: true,
      ...(claims === undefined ? {} : { claims }),
    });
  } catch (error) {
    const failure = refreshError(error, answer(), scopes);
    if (failure instanceof AskedToWaitError) {
      parts.tokenPauses.pause(question, now + failure.waitSeconds, now);
    }
    throw failure;
  }
  const { accessToken } = result;
  if (accessToken === '') {
    throw new AppError('ERR_PROVIDER_UNAVAILABLE', { note: 'the token answer lacks a token' });
  }
  const after = cache.serialize();
  const idToken = await verifyNewIdTokens(parts, request, [...idTokensIn(after), result.idToken]);
  return {
    accessToken,
    tokenCache: keepAcquired({ before: tokenCache, after, scopes, isForced, now }),
    changed: true,
    ...(idToken === undefined ? {} : { idToken }),
  };
}

/** More tries would make a busy token endpoint busier (RFC 6585 section 4). */
function requireNoPause({ tokenPauses }: AuthParts, question: string, now: number): void {
  const left = tokenPauses.left(question, now);
  if (left === 0) return;
  const note = 'the token endpoint asked to wait before the next question';
  throw new AskedToWaitError('ERR_PROVIDER_UNAVAILABLE', left, { note });
}

/** The cache is one session's, so its only account is the user's. */
async function findAccount(cache: TokenCache): Promise<AccountInfo> {
  const [account] = await cache.getAllAccounts();
  if (account === undefined) {
    throw new AppError('ERR_SIGNED_OUT', { note: 'the token cache holds no account' });
  }
  return account;
}

/** MSAL returns tokens of another account without caching them, so both places are checked. */
async function verifyNewIdTokens(
  parts: AuthParts,
  { tokenCache, user, now, signal }: AccessTokenRequest,
  idTokens: readonly string[],
): Promise<VerifiedIdToken | undefined> {
  const known = idTokensIn(tokenCache);
  const fresh = new Set(idTokens.filter((token) => token !== '' && !known.includes(token)));
  let newest: VerifiedIdToken | undefined;
  for (const token of fresh) {
    const verified = await verifyIdToken(parts, token, { user, former: known, now, signal });
    if (newest === undefined || verified.issuedAt > newest.issuedAt) newest = verified;
  }
  return newest;
}
