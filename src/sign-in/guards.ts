import type { HttpResponseInit } from '@azure/functions';
import { hasSessionCookie, readSessionCookie } from '../cookies/session-cookie';
import { AppError, RoleMissingError, SignInNeededError, StepUpError } from '../errors';
import type { Handler, RequestContext } from '../http/context';
import { logError } from '../http/error-log';
import { changesNothing, requireSameOrigin } from '../http/request';
import { bounce } from '../http/wanted-page';
import { type Session, sessionKeyOf, type SessionTicket, type User } from '../sessions/session';
import type { FoundSession } from '../sessions/session-store';
import type { Settings } from '../settings';
import { createUserTokens } from '../tokens/access-token';
import { audited } from './ending';
import { maxStepUps, signInLink, stepUpLink, stepUpName } from './step-up';

/** What a handler behind `signedIn` or `withRole` gets beside the exchange. */
export interface SessionContext extends RequestContext {
  readonly user: User;
  readonly session: Session;
  readonly ticket: SessionTicket;
  /**
   * An access token for the downstream API, as the user; refreshed when it has expired.
   * @param scopes the settings' `GRAPH_SCOPES` unless given
   * @throws ERR_STEP_UP, which sends the user through the provider once more, or ERR_PROVIDER_UNAVAILABLE
   */
  readonly accessToken: (scopes?: readonly string[]) => Promise<string>;
}

export type SessionHandler = (
  context: SessionContext,
) => Promise<HttpResponseInit> | HttpResponseInit;

export interface SignedInOptions {
  /** Reads the token cache together with the session, for handlers that always need a token. */
  readonly withTokens?: boolean;
  /**
   * False for a function that scripts ask by themselves: its requests do not keep the session alive.
   * `auth/session` decides by its query.
   */
  readonly slides?: boolean | ((context: RequestContext) => boolean);
}

/** For so long after a step-up, a person decides whether to go through another. */
const stepUpPauseSeconds = 60;

/**
 * Opens `handler` to signed-in users only. A browser is sent to sign in and comes back; another client gets 401
 * with `login_url`. A request that may change something must come from our own pages, or it is refused before anything
 * is read. The session is renewed past half of its idle time, unless `options.slides` says no.
 */
export function signedIn(handler: SessionHandler, options: SignedInOptions = {}): Handler {
  return async (context) => {
    const { request, services } = context;
    // A handler that changes something must not have to remember it.
    if (!changesNothing(request)) requireSameOrigin(request, services.settings.baseUrl);
    const hasCookie = hasSessionCookie(context.requestCookies, services.settings);
    const detour = bounce(context, hasCookie, { needsCookie: true });
    if (detour !== undefined) return detour;
    const found = await findSession(context, options);
    if (found === undefined) throw signedOut(context);
    context.visitor.user = found.session.user;
    context.visitor.userKey = found.session.user.userKey;
    try {
      const slides =
        typeof options.slides === 'function' ? options.slides(context) : options.slides;
      const kept = await keepSession(context, found, slides ?? true);
      if (kept === undefined) throw signedOut(context);
      return await handler(sessionContext(context, kept));
    } catch (error) {
      throw await asSignInNeeded(error, context, found);
    }
  };
}

function signedOut(context: RequestContext, cause?: unknown): SignInNeededError {
  context.visitor.user = undefined;
  const { loginPath, lostPage } = signInLink(context);
  return new SignInNeededError('ERR_SIGNED_OUT', loginPath, { cause, lostPage });
}

function sessionContext(context: RequestContext, found: RequestSession): SessionContext {
  const { ticket, session, tokens } = found;
  const { services, now, signal } = context;
  // Made when it is first asked for: most requests need no token.
  let userTokens: SessionContext['accessToken'] | undefined;
  const accessToken: SessionContext['accessToken'] = (scopes) => {
    userTokens ??= createUserTokens(services.relyingParty, services.shareRefresh, {
      sessionKey: sessionKeyOf(ticket.sessionId),
      user: session.user,
      store: {
        readTokens: (deadline) => services.sessions.readTokens(ticket, deadline),
        writeTokens: (written, deadline) =>
          services.sessions.writeTokens(ticket, written, now, deadline),
      },
      tokens,
      now,
      signal,
    });
    return userTokens(scopes);
  };
  return { ...context, user: session.user, session, ticket, accessToken };
}

/** A step-up that did not help within the last minute is not repeated by itself: the redirects would loop. */
function stepUpsSoFar(
  { steppedUpAt, stepUps }: Session,
  name: string,
  now: number,
): { readonly isRepeated: boolean; readonly names: readonly string[] } {
  if (steppedUpAt === undefined || now >= steppedUpAt + stepUpPauseSeconds) {
    return { isRepeated: false, names: [name] };
  }
  const names = [...new Set([...(stepUps ?? []), name])];
  const isRepeated =
    stepUps === undefined || names.length === stepUps.length || names.length > maxStepUps;
  return { isRepeated, names: names.slice(-maxStepUps) };
}

/** What the handler met on the way that only going through the provider again can mend. */
async function asSignInNeeded(
  error: unknown,
  context: RequestContext,
  { ticket, session }: RequestSession,
): Promise<unknown> {
  if (error instanceof SignInNeededError) return error;
  if (error instanceof StepUpError) {
    const { isRepeated, names } = stepUpsSoFar(session, stepUpName(error.stepUp), context.now);
    const { loginPath, lostPage } = await stepUpLink(context, ticket, error.stepUp, names);
    return new SignInNeededError('ERR_STEP_UP', loginPath, { cause: error, isRepeated, lostPage });
  }
  if (error instanceof AppError && error.code === 'ERR_SIGNED_OUT') {
    // The provider refuses the refresh token for good: a session without tokens would be a lie. Its cookie is left:
    // this answer may come late, when the browser holds that of a newer session already.
    const { userKey } = session.user;
    const ended = { event: 'end refused session', by: userKey, of: userKey } as const;
    await audited(context, { ...ended, session: sessionKeyOf(ticket.sessionId) }, async () => {
      await context.services.sessions.end(ticket, session, context.signal);
      return 1;
    });
    return signedOut(context, error);
  }
  return error;
}

/**
 * Opens `handler` to signed-in users with an app role; others get 403 naming the role, never a redirect: signing in
 * again would not help them and would loop.
 * @param roles the app role's value, several of which one is enough, or how to find it in the settings
 */
export function withRole(
  roles: string | readonly [string, ...string[]] | ((settings: Settings) => string),
  handler: SessionHandler,
  options: SignedInOptions = {},
): Handler {
  return signedIn((context) => {
    const found = typeof roles === 'function' ? roles(context.services.settings) : roles;
    const [first, ...others] = typeof found === 'string' ? ([found] as const) : found;
    const isHeld = [first, ...others].some((role) => context.user.roles.includes(role));
    if (!isHeld) throw new RoleMissingError(first);
    return handler(context);
  }, options);
}

/**
 * Opens `handler` to requests of our own pages and scripts only. It comes before every other guard: another site must
 * not even learn whether somebody is signed in.
 * @throws as `requireSameOrigin`
 */
export function sameOrigin(handler: Handler): Handler {
  return (context) => {
    requireSameOrigin(context.request, context.services.settings.baseUrl);
    return handler(context);
  };
}

/** The live session a request belongs to, and the ticket that opens it. */
export interface RequestSession extends FoundSession {
  readonly ticket: SessionTicket;
}

/**
 * What the request's session cookie says; `undefined` when there is none that this app signed.
 * @param now `any` takes one whose session has expired, too
 */
export function findTicket(
  context: RequestContext,
  now: number | 'any' = context.now,
): Promise<SessionTicket | undefined> {
  const { requestCookies, services, signal } = context;
  return readSessionCookie(requestCookies, {
    keyRing: services.keyRing,
    site: services.settings,
    verifiedTexts: services.verifiedTexts,
    now,
    signal,
  });
}

/**
 * The request's live session as it is stored; `undefined` for the signed out.
 * @param withTokens reads the token cache in the same round trip
 * @throws ERR_STORAGE_UNAVAILABLE, ERR_KEYS_UNAVAILABLE: never a guess
 */
export async function findSession(
  context: RequestContext,
  { withTokens = false }: { readonly withTokens?: boolean } = {},
): Promise<RequestSession | undefined> {
  const ticket = await findTicket(context);
  if (ticket === undefined) return undefined;
  const { services, now, signal } = context;
  const { sessions } = services;
  const found = withTokens
    ? await sessions.readWithTokens(ticket, now, signal)
    : await sessions.read(ticket, now, signal);
  return found === undefined ? undefined : { ...found, ticket };
}

/**
 * Keeps a session in use: the provider vouches for it again when that was long ago, and its idle limit moves on past
 * half of it. `undefined` when it was ended meanwhile.
 * @param slide false leaves the idle limit alone, for calls that are no sign of a person
 * @throws as `Revalidate`
 */
export async function keepSession(
  context: RequestContext,
  found: RequestSession,
  slide: boolean,
): Promise<RequestSession | undefined> {
  const { services, now, signal } = context;
  const { ticket } = found;
  const verified = await services.revalidate({
    ...{ ticket, found, slide, now, signal },
    report: (error) => {
      logError(context, error);
    },
  });
  if (verified === undefined) return undefined;
  if (!slide) return { ...verified, ticket };
  // Writes nothing when the run above, which may have been another request's, has moved the limit on already.
  const session = await services.sessions.renew(ticket, verified, now, signal);
  return session === undefined ? undefined : { ...verified, session, ticket };
}
