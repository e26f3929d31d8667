import type { AccountInfo, AuthenticationResult, TokenCache } from '@azure/msal-node';
import { AppError } from '../errors';
import type { User } from '../sessions/session';
import type { AuthParts } from './auth-parts';
import { createMsalClient } from './msal-client';
import { refreshError } from './refusal-errors';
import { idTokensIn, withoutExpiredAccessTokens } from './token-cache';
import { verifyIdToken, type VerifiedIdToken } from './verify-id-token';

export interface AccessTokenRequest {
  /** The session's serialized MSAL cache. */
  readonly tokenCache: string;
  readonly user: User;
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
  /** Epoch seconds. */
  readonly expiresAt: number;
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
 * @throws ERR_WRONG_TENANT, and as {@link refreshError}
 */
export async function acquireAccessToken(
  parts: AuthParts,
  request: AccessTokenRequest,
): Promise<AcquiredAccessToken> {
  const { msal, answer } = await createMsalClient(parts, request.signal);
  const cache = msal.getTokenCache();
  cache.deserialize(request.tokenCache);
  const account = await findAccount(cache, parts.settings.authority);
  let result: AuthenticationResult;
  try {
    result = await msal.acquireTokenSilent({
      account,
      scopes: [...request.scopes],
      forceRefresh: request.forceRefresh ?? false,
      ...(request.claims === undefined ? {} : { claims: request.claims }),
    });
  } catch (error) {
    throw refreshError(error, answer(), request.scopes);
  }
  if (result.accessToken === '') {
    throw new AppError('ERR_PROVIDER_UNAVAILABLE', { note: 'the token answer lacks a token' });
  }
  const found = {
    accessToken: result.accessToken,
    expiresAt: Math.floor((result.expiresOn?.getTime() ?? 0) / 1000),
  };
  if (answer().kind === 'not-asked') {
    return { ...found, tokenCache: request.tokenCache, changed: false };
  }
  const tokenCache = cache.serialize();
  const idToken = await verifyNewIdTokens(parts, request, [
    ...idTokensIn(tokenCache),
    result.idToken,
  ]);
  return {
    ...found,
    tokenCache: withoutExpiredAccessTokens(tokenCache, request.now),
    changed: true,
    ...(idToken === undefined ? {} : { idToken }),
  };
}

/** The cache is one session's, so its only account is the user's. */
async function findAccount(cache: TokenCache, authority: string): Promise<AccountInfo> {
  const [account] = await cache.getAllAccounts();
  if (account === undefined) {
    throw new AppError('ERR_SIGNED_OUT', { note: 'the token cache holds no account' });
  }
  if (account.tenantId !== '') return account;
  // Without any tenant claim MSAL stores tokens under the authority's first path segment, and
  // looks for them under its last: each request would refresh.
  const [, tenantId = ''] = new URL(authority).pathname.split('/');
  return { ...account, tenantId };
}

/**
 * MSAL also refreshes tokens that are soon to expire while it returns the old ones, and it returns
 * tokens of another account without caching them: so both places are looked at.
 */
async function verifyNewIdTokens(
  parts: AuthParts,
  { tokenCache, user, now, signal }: AccessTokenRequest,
  idTokens: readonly string[],
): Promise<VerifiedIdToken | undefined> {
  const known = idTokensIn(tokenCache);
  const fresh = new Set(idTokens.filter((token) => token !== '' && !known.includes(token)));
  let newest: VerifiedIdToken | undefined;
  for (const token of fresh) {
    const verified = await verifyIdToken(parts, token, { user, now, signal });
    if (newest === undefined || verified.issuedAt > newest.issuedAt) newest = verified;
  }
  return newest;
}
