import type { HttpResponseInit } from '@azure/functions';
import { hasSessionCookie } from '../cookies/session-cookie';
import { AppError, RoleMissingError, SignInNeededError, StepUpError } from '../errors';
import { changesNothing, type Exchange, type Handler, requireSameOrigin } from '../http/request';
import { bounce } from '../http/wanted-page';
import { type Session, sessionKeyOf, type SessionTicket, type User } from '../sessions/session';
import type { Settings } from '../settings';
import { createUserTokens } from '../tokens/access-token';
import { audited } from './ending';
import { findSession, keepSession, type RequestSession } from './request-session';
import { mostStepUps, stepUpName, wayToSignIn, wayToStepUp } from './step-up';

/** What a handler behind `signedIn` or `withRole` gets beside the exchange. */
export interface SignedInExchange extends Exchange {
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

export type SignedInHandler = (
  exchange: SignedInExchange,
) => Promise<HttpResponseInit> | HttpResponseInit;

export interface SignedInOptions {
  /** Reads the token cache together with the session, for handlers that always need a token. */
  readonly withTokens?: boolean;
  /**
   * False for a function that scripts ask by themselves: its requests do not keep the session alive.
   * `auth/session` decides by its query.
   */
  readonly slides?: boolean | ((exchange: Exchange) => boolean);
}

/** For so long after a step-up, a person decides whether to go through another. */
const stepUpPauseSeconds = 60;

/**
 * Opens `handler` to signed-in users only. A browser is sent to sign in and comes back; another client gets 401
 * with `login_url`. A request that may change something must come from our own pages, or it is refused before anything
 * is read. The session is renewed past half of its idle time, unless `options.slides` says no.
 */
export function signedIn(handler: SignedInHandler, options: SignedInOptions = {}): Handler {
  return async (exchange) => {
    const { request, services } = exchange;
    // A handler that changes something must not have to remember it.
    if (!changesNothing(request)) requireSameOrigin(request, services.settings.baseUrl);
    const hasCookie = hasSessionCookie(exchange.requestCookies, services.settings);
    const detour = bounce(exchange, hasCookie, { needsCookie: true });
    if (detour !== undefined) return detour;
    const found = await findSession(exchange, options);
    if (found === undefined) throw signedOut(exchange);
    exchange.visitor.user = found.session.user;
    exchange.visitor.userKey = found.session.user.userKey;
    try {
      const slides =
        typeof options.slides === 'function' ? options.slides(exchange) : options.slides;
      const kept = await keepSession(exchange, found, slides ?? true);
      if (kept === undefined) throw signedOut(exchange);
      return await handler(signedInExchange(exchange, kept));
    } catch (error) {
      throw await asSignInNeeded(error, exchange, found);
    }
  };
}

function signedOut(exchange: Exchange, cause?: unknown): SignInNeededError {
  exchange.visitor.user = undefined;
  const { loginPath, lostPage } = wayToSignIn(exchange);
  return new SignInNeededError('ERR_SIGNED_OUT', loginPath, { cause, lostPage });
}

function signedInExchange(exchange: Exchange, found: RequestSession): SignedInExchange {
  const { ticket, session, tokens } = found;
  const { services, now, signal } = exchange;
  const accessToken = createUserTokens(services.auth, services.shareRefresh, {
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
  return { ...exchange, user: session.user, session, ticket, accessToken };
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
    stepUps === undefined || names.length === stepUps.length || names.length > mostStepUps;
  return { isRepeated, names: names.slice(-mostStepUps) };
}

/** What the handler met on the way that only going through the provider again can mend. */
async function asSignInNeeded(
  error: unknown,
  exchange: Exchange,
  { ticket, session }: RequestSession,
): Promise<unknown> {
  if (error instanceof SignInNeededError) return error;
  if (error instanceof StepUpError) {
    const { isRepeated, names } = stepUpsSoFar(session, stepUpName(error.stepUp), exchange.now);
    const { loginPath, lostPage } = await wayToStepUp(exchange, ticket, error.stepUp, names);
    return new SignInNeededError('ERR_STEP_UP', loginPath, { cause: error, isRepeated, lostPage });
  }
  if (error instanceof AppError && error.code === 'ERR_SIGNED_OUT') {
    // The provider refuses the refresh token for good: a session without tokens would be a lie. Its cookie is left:
    // this answer may come late, when the browser holds that of a newer session already.
    const { userKey } = session.user;
    const ended = { event: 'end refused session', by: userKey, of: userKey } as const;
    await audited(exchange, { ...ended, session: sessionKeyOf(ticket.sessionId) }, async () => {
      await exchange.services.sessions.end(ticket, session, exchange.signal);
      return 1;
    });
    return signedOut(exchange, error);
  }
  return error;
}

/**
 * Opens `handler` to signed-in users with an app role; others get 403 naming the role, never a redirect: signing in
 * again would not help them and would loop.
 * @param role the app role's value, or how to find it in the settings
 */
export function withRole(
  role: string | ((settings: Settings) => string),
  handler: SignedInHandler,
  options: SignedInOptions = {},
): Handler {
  return signedIn((exchange) => {
    const needed = typeof role === 'string' ? role : role(exchange.services.settings);
    if (!exchange.user.roles.includes(needed)) throw new RoleMissingError(needed);
    return handler(exchange);
  }, options);
}

/**
 * Opens `handler` to requests of our own pages and scripts only. It comes before every other guard: another site must
 * not even learn whether somebody is signed in.
 * @throws as `requireSameOrigin`
 */
export function sameOrigin(handler: Handler): Handler {
  return (exchange) => {
    requireSameOrigin(exchange.request, exchange.services.settings.baseUrl);
    return handler(exchange);
  };
}
