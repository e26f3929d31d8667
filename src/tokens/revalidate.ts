import type { VerifiedIdToken } from '../entra/id-token';
import type { RelyingParty } from '../entra/msal';
import { mergeTokenCaches, scopesOfSignIn } from '../entra/msal-cache';
import { meaningOf } from '../entra/refusal-table';
import { AppError } from '../errors';
import { sessionKeyOf, type SessionTicket } from '../sessions/session';
import type { StoredTokens } from '../sessions/session-rows';
import type { FoundSession, SessionStore } from '../sessions/session-store';
import { createShortMemory, withTimeout } from '../waiting';
import {
  type AcquiredFromStored,
  acquireFromStored,
  createRefreshFlight,
  storeRefreshedTokens,
  type TokenStore,
} from './access-token';
import type { RolesOf } from './graph';

/** For how long a session goes on with its last verified claims while the provider cannot be reached. */
const graceSeconds = 3600;

/** How often the provider is asked again meanwhile, for one session of one instance. */
const retrySeconds = 60;

/** A part of the request's time: when the provider hangs, the request goes on as before. */
const timeoutMs = 4_000;

const maxWrites = 4;

interface RevalidationOptions {
  readonly relyingParty: RelyingParty;
  readonly sessions: SessionStore;
  readonly revalidateSeconds: number;
  readonly rolesOf: RolesOf | undefined;
}

export interface RevalidationRequest {
  readonly ticket: SessionTicket;
  readonly found: FoundSession;
  /** False leaves the idle limit alone. */
  readonly slide: boolean;
  readonly now: number;
  readonly signal: AbortSignal;
  /** Called with a failure after which the session goes on for a while. */
  readonly report?: (error: AppError) => void;
}

/**
 * Verifies a session with the provider again. It is called when the last ID token is older than SESSION_REVALIDATE_SECONDS.
 * @returns the session with the claims and roles of the newest ID token; `undefined` when it was ended meanwhile
 * @throws as `refreshError`, `verifyIdToken` and `RolesOf`; ERR_PROVIDER_UNAVAILABLE and ERR_GROUPS_UNAVAILABLE only after an
 *   hour without the provider, or without Graph if the app must ask it. When the provider refuses the app
 *   (ERR_PROVIDER_REFUSED), it throws at once: an operator may have disabled the app on purpose
 */
export type Revalidate = (request: RevalidationRequest) => Promise<FoundSession | undefined>;

/**
 * Access tokens of clients that handle claims challenges live up to 28 hours. Without this, a removed role or a disabled
 * user would stay for as long. One instance asks once for all requests of a session.
 * @see https://learn.microsoft.com/entra/identity/conditional-access/concept-continuous-access-evaluation#token-lifetime
 */
export function createRevalidate(parts: RevalidationOptions): Revalidate {
  const flight = createRefreshFlight<FoundSession | undefined>();
  const failures = createShortMemory<{ readonly code: PassingCode; readonly until: number }>(
    10_000,
  );
  return async (request) => {
    const { found, now, signal } = request;
    const { verifiedAt } = found.session;
    const isGraceOver = now >= verifiedAt + parts.revalidateSeconds + graceSeconds;
    const key = sessionKeyOf(request.ticket.sessionId);
    const last = failures.find(key, now);
    if (last !== undefined) {
      if (!isGraceOver) return found;
      throw new AppError(last.code, {
        note: 'the session could not be verified again for too long',
        retryAfterSeconds: last.until - now,
      });
    }
    try {
      return await flight.run(key, () => revalidate(parts, request), signal);
    } catch (error) {
      const code = passingCodes.find((known) => error instanceof AppError && error.code === known);
      if (!(error instanceof AppError) || code === undefined) throw error;
      request.report?.(error);
      const until = now + retrySeconds;
      failures.keep(key, { code, until }, until, now);
      if (isGraceOver) throw error;
      return found;
    }
  };
}

/** The provider cannot be reached now, or Graph, if the app must ask it for groups. */
const passingCodes = ['ERR_PROVIDER_UNAVAILABLE', 'ERR_GROUPS_UNAVAILABLE'] as const;
type PassingCode = (typeof passingCodes)[number];

async function revalidate(
  parts: RevalidationOptions,
  request: RevalidationRequest,
): Promise<FoundSession | undefined> {
  const { relyingParty, sessions, revalidateSeconds } = parts;
  const { ticket, slide, now, signal } = request;
  let { found } = request;
  const tokens = found.tokens ?? (await sessions.readTokens(ticket, signal));
  if (tokens === undefined) return undefined;
  const refreshed = await forceRefresh(relyingParty, request, tokens, () =>
    sessions.readTokens(ticket, signal),
  );
  const { idToken, etag } = refreshed;
  const { roles, tokenCache } = await findRoles(parts, request, refreshed);
  let mine = { tokenCache, etag };
  for (let writes = 0; writes < maxWrites; writes += 1) {
    const again = { found, ...verifiedFacts(found, idToken, roles), verifiedAt: now, tokens: mine };
    const updated = await sessions.update(ticket, { ...again, slide }, now, signal);
    if (typeof updated === 'object') return updated;
    if (updated === 'missing') return undefined;
    const stored = await sessions.readWithTokens(ticket, now, signal);
    if (stored?.tokens === undefined) return undefined;
    // Another instance was first: what it verified is as good.
    if (now < stored.session.verifiedAt + revalidateSeconds) return stored;
    found = stored;
    mine = {
      tokenCache: mergeTokenCaches(tokenCache, stored.tokens.tokenCache),
      etag: stored.tokens.etag,
    };
  }
  throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'the session is rewritten all the time' });
}

/** What a refresh brought, always with an ID token. */
type Refreshed = AcquiredFromStored & { readonly idToken: VerifiedIdToken };

/** When the roles cannot be found, the new tokens are still kept: some providers take a refresh token only once. */
async function findRoles(
  { rolesOf, sessions, relyingParty }: RevalidationOptions,
  { ticket, now, signal }: RevalidationRequest,
  refreshed: Refreshed,
): Promise<Awaited<ReturnType<RolesOf>>> {
  const { tokenCache, idToken } = refreshed;
  if (rolesOf === undefined) return { roles: idToken.user.roles, tokenCache };
  try {
    return await rolesOf({ ...idToken, tokenCache }, now, signal);
  } catch (error) {
    const store: TokenStore = {
      readTokens: (deadline) => sessions.readTokens(ticket, deadline),
      writeTokens: (written, deadline) => sessions.writeTokens(ticket, written, now, deadline),
    };
    const scopes = scopesOfSignIn(relyingParty.settings.graphScopes);
    await storeRefreshedTokens(store, refreshed, scopes, now, signal).catch(() => undefined);
    throw error;
  }
}

async function forceRefresh(
  relyingParty: RelyingParty,
  { ticket, found, now, signal }: RevalidationRequest,
  stored: StoredTokens,
  reread: () => Promise<StoredTokens | undefined>,
): Promise<Refreshed> {
  const request = {
    user: found.session.user,
    session: sessionKeyOf(ticket.sessionId),
    scopes: scopesOfSignIn(relyingParty.settings.graphScopes),
    forceRefresh: true,
  };
  const acquired = await withTimeout(signal, timeoutMs, (part) =>
    acquireFromStored(relyingParty, request, stored, reread, now, part),
  ).catch((error: unknown) => {
    noteMissingResource(relyingParty, error);
    throw error;
  });
  const { idToken } = acquired;
  if (idToken === undefined) {
    throw new AppError('ERR_PROVIDER_UNAVAILABLE', { note: 'the refresh brought no ID token' });
  }
  return { ...acquired, idToken };
}

/** Every session asks for these scopes, so their refusal keeps everybody out, like a refusal of the app. */
function noteMissingResource({ credential }: RelyingParty, error: unknown): void {
  const refusal = error instanceof AppError ? error.refusal : undefined;
  if (refusal !== undefined && meaningOf(refusal).kind === 'request') credential.refused(refusal);
}

/**
 * The user follows the new ID token, and keeps the roles that the app's own code added at sign-in. Optional claims stay as
 * they were when a refresh leaves them out. The `sid` stays that of the sign-in, since the index by which front-channel
 * logout finds the session was written under it. The time of the sign-in stays too: a refresh asks the person for nothing,
 * but some providers send a later `auth_time` with it.
 */
function verifiedFacts(
  { session }: FoundSession,
  idToken: VerifiedIdToken,
  found: readonly string[],
) {
  const { user, loginHint = session.loginHint } = idToken;
  const { acrs = session.acrs } = idToken;
  const { authTime = idToken.authTime } = session;
  const roles = [...new Set([...found, ...session.addedRoles])];
  return { user: { ...user, roles }, sid: session.sid, loginHint, acrs, authTime };
}
