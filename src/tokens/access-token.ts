import type { AccountInfo, AuthenticationResult, TokenCache } from '@azure/msal-node';
import { type VerifiedIdToken, verifyIdToken } from '../entra/id-token';
import { createMsalClient, type RelyingParty, requireNoPause } from '../entra/msal';
import { refreshError } from '../entra/refusals';
import {
  findLiveAccessToken,
  findLiveToken,
  idTokensIn,
  isOutdated,
  keepAcquired,
  mergeTokenCaches,
  minAgeSeconds,
  normalScopes,
  type OpenedTokens,
  openTokens,
  requireOneResource,
  scopesOfSignIn,
} from '../entra/msal-cache';
import { AppError, StepUpError, SessionOverError } from '../errors';
import type { User } from '../sessions/session';
import type { StoredTokens } from '../sessions/session-rows';
import { AskedToWaitError, createSingleFlight, type SingleFlight } from '../waiting';

/** The stored token cache of one session. */
export interface TokenStore {
  /** `undefined` when the session was ended meanwhile. */
  readTokens(signal: AbortSignal): Promise<StoredTokens | undefined>;
  /** Rewrites the cache if it still has the version `etag`; `missing` when the session was ended. */
  writeTokens(
    tokens: StoredTokens,
    signal: AbortSignal,
  ): Promise<'written' | 'conflict' | 'missing'>;
}

interface TokenOwner {
  readonly user: User;
  /** Names the session, for requests that find the same expired token at the same time. */
  readonly sessionKey: string;
  readonly store: TokenStore;
  /** The cache, if it was read together with the session. */
  readonly tokens?: StoredTokens | undefined;
  /** What an earlier request has opened. A live token in it is taken without a read. */
  readonly opened?: OpenedTokens | undefined;
  /** Called with the tokens of each read. */
  readonly onOpened?: (opened: OpenedTokens) => void;
  readonly now: number;
  readonly signal: AbortSignal;
}

/**
 * Gives a live access token of the user for these scopes. Without any it is for those of `GRAPH_SCOPES` that belong to
 * Graph, or to the resource of the first. Scopes of two resources are ERR_INTERNAL: no token holds both.
 * @param refused the token that an API has refused. It is given again only if it is new
 */
type AccessTokenOf = (scopes?: readonly string[], refused?: string) => Promise<string>;

/**
 * Access tokens for one request of one user. The cache is read only when a token is asked for, and written only when it
 * changed. Requests of one session that run at the same time refresh once.
 * @throws (when called) as {@link acquireFromStored}, ERR_SIGNED_OUT when the session was ended, what the store throws
 */
export function createUserTokens(
  parts: RelyingParty,
  flight: SingleFlight<string>,
  owner: TokenOwner,
): AccessTokenOf {
  let readAlready = owner.tokens;
  return async (scopes = scopesOfSignIn(parts.settings.graphScopes), refused) => {
    requireTokenScopes(scopes);
    const known = owner.opened && findLiveToken(owner.opened, scopes, owner.now);
    if (known !== undefined && !isOutdated(known, refused, owner.now)) return known.secret;
    const stored = readAlready ?? (await readTokens(owner));
    // What was read early may be outdated by the time of a second call.
    readAlready = undefined;
    const opened = openTokens(stored.tokenCache);
    owner.onOpened?.(opened);
    const live = findLiveToken(opened, scopes, owner.now);
    const key = `${owner.sessionKey} ${[...scopes].sort().join(' ')}`;
    if (live === undefined) {
      return flight.run(key, () => refresh(parts, owner, stored, { scopes }), owner.signal);
    }
    if (!isOutdated(live, refused, owner.now)) return live.secret;
    return anotherToken(parts, owner, `${key} again`, live.secret, () =>
      flight.run(
        `${key} again`,
        () => refresh(parts, owner, stored, { scopes, refused }),
        owner.signal,
      ),
    );
  };
}

/**
 * A new token in place of one that an API has refused. Without an answer of the provider it is the refused one: the API's own
 * answer says more. The provider is not asked at each call then.
 */
async function anotherToken(
  { tokenPauses }: RelyingParty,
  { now }: TokenOwner,
  key: string,
  refused: string,
  ask: () => Promise<string>,
): Promise<string> {
  if (tokenPauses.left(key, now) > 0) return refused;
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'ERR_PROVIDER_UNAVAILABLE') throw error;
    tokenPauses.pause(key, now + minAgeSeconds, now);
    return refused;
  }
}

/**
 * Refuses scopes for which there can be no token of an API.
 * @throws ERR_INTERNAL for scopes of two resources, ERR_API_SETTINGS for none
 */
export function requireTokenScopes(scopes: readonly string[]): void {
  requireOneResource(scopes);
  if (scopes.length > 0) return;
  const note = 'GRAPH_SCOPES is none, so a token needs scopes of its own';
  throw new AppError('ERR_API_SETTINGS', { note, api: 'graph' });
}

/** A request may have read the old tokens just before the new ones were stored. It gets the new ones for so long. */
const keptMs = 1_000;

/** Refreshes that requests of one session share. Keys name the session: no other session may learn the result. */
export function createRefreshFlight<T = string>(): SingleFlight<T> {
  return createSingleFlight('ERR_PROVIDER_UNAVAILABLE', keptMs);
}

async function refresh(
  parts: RelyingParty,
  owner: TokenOwner,
  stored: StoredTokens,
  {
    scopes,
    refused,
  }: { readonly scopes: readonly string[]; readonly refused?: string | undefined },
): Promise<string> {
  const { user, store, now, signal } = owner;
  const reread = (): Promise<StoredTokens | undefined> => store.readTokens(signal);
  const forceRefresh = refused !== undefined;
  const asked = { user, scopes, session: owner.sessionKey, forceRefresh };
  const acquired = await acquireFromStored(parts, asked, stored, reread, now, signal);
  if (!acquired.changed) return acquired.accessToken;
  return storeRefreshedTokens(store, { ...acquired, refused }, scopes, now, signal);
}

/** Enough for instances that refresh in turn. */
const maxWrites = 4;

/**
 * Stores what a refresh brought. Another instance may have refreshed at the same time. Then its token is used, if it is good
 * for these scopes; else both caches are merged, so that nothing is lost.
 * @param acquired `etag` is the version of the stored cache that was refreshed, `refused` a token that is of no use
 * @returns the access token to use
 * @throws ERR_SIGNED_OUT when the session was ended meanwhile, and what the store throws
 */
export async function storeRefreshedTokens(
  store: TokenStore,
  acquired: StoredTokens & { readonly accessToken: string; readonly refused?: string | undefined },
  scopes: readonly string[],
  now: number,
  signal: AbortSignal,
): Promise<string> {
  let { tokenCache, etag } = acquired;
  for (let writes = 0; writes < maxWrites; writes += 1) {
    const outcome = await store.writeTokens({ tokenCache, etag }, signal);
    if (outcome === 'written') return acquired.accessToken;
    const stored = outcome === 'missing' ? undefined : await store.readTokens(signal);
    if (stored === undefined) throw signedOut();
    const theirs = findLiveAccessToken(stored.tokenCache, scopes, now);
    if (theirs !== undefined && theirs !== acquired.refused) return theirs;
    tokenCache = mergeTokenCaches(acquired.tokenCache, stored.tokenCache);
    ({ etag } = stored);
  }
  // The token is good though it could not be kept; the next request refreshes again.
  return acquired.accessToken;
}

async function readTokens({ store, signal }: TokenOwner): Promise<StoredTokens> {
  const stored = await store.readTokens(signal);
  if (stored === undefined) throw signedOut();
  return stored;
}

function signedOut(): AppError {
  return new SessionOverError({ note: 'the session was ended meanwhile' });
}

/** What was acquired, and the version of the stored cache that it came from. */
export interface AcquiredFromStored extends AcquiredAccessToken {
  readonly etag: string;
}

/**
 * Acquires with a stored token cache. When the provider refuses the refresh token for good, another instance may have got a
 * newer one meanwhile: the session ends only if the tokens that are stored now fail, too. A refusal for the scopes of one
 * API does not end it either: the provider must also refuse the scopes of the sign-in. Otherwise it is a step-up.
 * @param reread the cache as it is stored now; `undefined` when the session was ended
 * @throws as {@link acquireAccessToken}
 */
export async function acquireFromStored(
  parts: RelyingParty,
  request: Omit<AccessTokenRequest, 'tokenCache'>,
  stored: StoredTokens,
  reread: () => Promise<StoredTokens | undefined>,
  now: number,
  signal: AbortSignal,
): Promise<AcquiredFromStored> {
  const acquire = async ({ tokenCache, etag }: StoredTokens): Promise<AcquiredFromStored> => ({
    ...(await acquireAccessToken(parts, { ...request, tokenCache }, now, signal)),
    etag,
  });
  const first = await acquire(stored).catch(signedOutOrThrow);
  if (!(first instanceof AppError)) return first;
  const later = await reread();
  if (later === undefined) throw first;
  const isNewer = later.etag !== stored.etag;
  const refused = isNewer ? await acquire(later).catch(signedOutOrThrow) : first;
  if (!(refused instanceof AppError)) return refused;
  const last = { ...request, tokenCache: later.tokenCache };
  throw await confirmed(parts, last, refused, now, signal);
}

function signedOutOrThrow(error: unknown): AppError {
  if (error instanceof SessionOverError) return error;
  throw error;
}

/** The error to throw after a refusal: the refusal itself only if the provider refuses the sign-in's own scopes, too. */
async function confirmed(
  parts: RelyingParty,
  { tokenCache, user, scopes }: AccessTokenRequest,
  refused: AppError,
  now: number,
  signal: AbortSignal,
): Promise<AppError> {
  const ofSignIn = scopesOfSignIn(parts.settings.graphScopes);
  const known = normalScopes(ofSignIn);
  if (normalScopes(scopes).every((scope) => known.includes(scope))) return refused;
  const request = { tokenCache, user, scopes: ofSignIn, forceRefresh: true };
  await acquireAccessToken(parts, request, now, signal);
  return new StepUpError({ scopes }, { cause: refused });
}

interface AccessTokenRequest {
  /** The session's serialized MSAL cache. */
  readonly tokenCache: string;
  readonly user: User;
  /** Key of the session, for the log. */
  readonly session?: string;
  /** Of one resource. */
  readonly scopes: readonly string[];
  /** Asks the provider even if there is a live token. */
  readonly forceRefresh?: boolean;
}

interface AcquiredAccessToken {
  readonly accessToken: string;
  /** To be stored when `changed`. */
  readonly tokenCache: string;
  readonly changed: boolean;
  /** The newly issued ID token, when there was one. */
  readonly idToken?: VerifiedIdToken;
}

/**
 * A live access token for the user: from the cache, or by a refresh. Nothing that came with a refresh is given away before
 * its ID token is verified and of this user (OpenID Connect Core 1.0 section 12.2).
 * @throws ERR_WRONG_TENANT, ERR_INTERNAL for scopes of two resources, and as {@link refreshError}
 */
export async function acquireAccessToken(
  parts: RelyingParty,
  request: AccessTokenRequest,
  now: number,
  signal: AbortSignal,
): Promise<AcquiredAccessToken> {
  const { tokenCache, user, scopes, session, forceRefresh: isForced = false } = request;
  requireOneResource(scopes);
  // MSAL would look for a token by what was granted, not by what was asked for, so it only ever refreshes.
  const live = isForced ? undefined : findLiveAccessToken(tokenCache, scopes, now);
  if (live !== undefined) return { accessToken: live, tokenCache, changed: false };
  const question = `${user.userKey} ${normalScopes(scopes).join(' ')}`;
  requireNoPause(parts, question, now);
  const { msal, answer } = await createMsalClient(parts, signal, user.tenantId);
  const cache = msal.getTokenCache();
  cache.deserialize(tokenCache);
  const account = await findAccount(cache);
  let result: AuthenticationResult;
  const askedAt = performance.now();
  try {
    result = await msal.acquireTokenSilent({ account, scopes: [...scopes], forceRefresh: true });
  } catch (error) {
    const failure = refreshError(error, answer(), scopes);
    if (failure instanceof AskedToWaitError) {
      parts.tokenPauses.pause(question, now + failure.waitSeconds, now);
    }
    throw failure;
  }
  const ms = Math.round(performance.now() - askedAt);
  parts.events?.tell({ event: 'refresh', outcome: 'done', by: user.userKey, session, ms });
  const { accessToken } = result;
  // Without scopes of an API, Entra ID still gives a token for Graph, but Azure AD B2C gives none.
  if (accessToken === '' && scopes.length > 0) {
    throw new AppError('ERR_PROVIDER_UNAVAILABLE', { note: 'the token answer lacks a token' });
  }
  const after = cache.serialize();
  const idTokens = [...idTokensIn(after), result.idToken];
  const idToken = await verifyNewIdTokens(parts, request, idTokens, now, signal);
  return {
    accessToken,
    tokenCache: keepAcquired({ before: tokenCache, after, scopes, isForced, now }),
    changed: true,
    ...(idToken === undefined ? {} : { idToken }),
  };
}

/** The cache belongs to one session, so its only account is the user's. */
async function findAccount(cache: TokenCache): Promise<AccountInfo> {
  const [account] = await cache.getAllAccounts();
  if (account === undefined) {
    throw new SessionOverError({ note: 'the token cache holds no account' });
  }
  return account;
}

/** MSAL returns tokens of another account without caching them, so the cache and the result are both checked. */
async function verifyNewIdTokens(
  parts: RelyingParty,
  { tokenCache, user }: AccessTokenRequest,
  idTokens: readonly string[],
  now: number,
  signal: AbortSignal,
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

/** The tokens of a sign-in or a revalidation that is not stored yet. */
interface UnstoredTokens {
  /** A live token of the user for scopes of one API. It is fetched when there is none. */
  readonly userToken: ReturnType<typeof createUserTokens>;
  /** MSAL's serialized cache with all that was fetched until now. Secret. */
  latest(): string;
}

type TokenHolder = Pick<TokenOwner, 'user' | 'now' | 'signal'> & Pick<StoredTokens, 'tokenCache'>;

/** Holds tokens in memory, so that code which runs before they are stored can use them and fetch more. */
export function holdTokens(
  relyingParty: RelyingParty,
  { tokenCache, ...owner }: TokenHolder,
): UnstoredTokens {
  let tokens = { tokenCache, etag: '0' };
  const store: TokenStore = {
    readTokens: () => Promise.resolve(tokens),
    writeTokens: (written) => {
      if (written.etag !== tokens.etag) return Promise.resolve('conflict');
      tokens = { ...written, etag: String(Number(written.etag) + 1) };
      return Promise.resolve('written');
    },
  };
  // Nobody else can ask for these tokens, so their flight needs no key of a session.
  const userToken = createUserTokens(relyingParty, createRefreshFlight(), {
    ...owner,
    ...{ sessionKey: 'unstored', store },
  });
  return { userToken, latest: () => tokens.tokenCache };
}
