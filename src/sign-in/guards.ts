import type { HttpResponseInit } from '@azure/functions';
import { hasSessionCookie, readSessionCookie } from '../cookies';
import { type OpenedTokens, openTokens } from '../entra/msal-cache';
import { isAllowedTenant } from '../entra/tenants';
import { RoleMissingError, SignInNeededError, StepUpError, SessionOverError } from '../errors';
import type { Handler, RequestContext } from '../http/context';
import { logError } from '../http/error-log';
import { changesNothing, requireSameOrigin } from '../http/request';
import { bounce } from '../http/responses';
import {
  changeSessionData,
  type Session,
  type SessionData,
  type SessionDataChange,
  sessionKeyOf,
  type SessionTicket,
  type User,
} from '../sessions/session';
import type { FoundSession } from '../sessions/session-store';
import type { Settings } from '../settings';
import { createUserTokens } from '../tokens/access-token';
import { type ApiCaller, type CallerParts, createApiCaller } from '../tokens/call-api';
import { traceHeadersOf } from '../waiting';
import { audited } from './ending';
import {
  maxStepUps,
  requireStepUp,
  signInLink,
  type StepUpDemand,
  stepUpLink,
  stepUpName,
} from './step-up';

/** The context of a request whose user is signed in. Handlers behind `signedIn` and `withRole` get it. */
export interface SessionContext extends RequestContext {
  readonly user: User;
  readonly session: Session;
  readonly ticket: SessionTicket;
  /** The tokens as this request knows them, perhaps from an earlier request. `undefined` when it has read none. */
  readonly openedTokens: () => OpenedTokens | undefined;
  /** Calls APIs as this user, or as the app. A token of the user is refreshed when it has expired. */
  readonly api: ApiCaller;
  /**
   * Changes the app's data in the session.
   * @returns the data as it is stored now
   * @throws as `changeSessionData`
   */
  readonly changeData: (change: SessionDataChange) => Promise<SessionData>;
}

/** A handler of ours for signed-in users. */
export type SessionHandler = (
  context: SessionContext,
) => Promise<HttpResponseInit> | HttpResponseInit;

/** How a guard reads and keeps the session. */
export interface SignedInOptions {
  /** True reads the token cache together with the session, for a handler that always needs a token. */
  readonly withTokens?: boolean;
  /**
   * False for a function that scripts call without a person: its requests do not extend the session. `auth/session`
   * decides it by its query. True unless given.
   */
  readonly slides?: boolean | ((context: RequestContext) => boolean);
  /** What else the sign-in must show. A person whose session does not show it is sent to the provider, and comes back. */
  readonly stepUp?: StepUpDemand | undefined;
}

/** For so long after a step-up, no other one of the same kind starts without a click. */
const stepUpPauseSeconds = 60;

/**
 * Lets only signed-in users call `handler`. A browser is sent to sign in and comes back. Another client gets 401 with
 * `login_url`. A request that may change something must come from our own pages; otherwise it is refused before anything
 * is read. The session is extended after half of its idle time, unless `options.slides` is false.
 * @throws ERR_SIGNED_OUT, ERR_STEP_UP, each with the path that signs in; ERR_STORAGE_UNAVAILABLE, ERR_KEYS_UNAVAILABLE;
 *   as `requireSameOrigin`, `Revalidate` and `handler`
 */
export function signedIn(handler: SessionHandler, options: SignedInOptions = {}): Handler {
  const open = afterStepUp(handler, options.stepUp);
  return async (context) => {
    const { request, services } = context;
    // The guard checks this, because a handler could forget it.
    if (!changesNothing(request)) requireSameOrigin(request, services.settings.baseUrl);
    const hasCookie = hasSessionCookie(context.requestCookies, services.settings);
    const bounced = bounce(context, hasCookie, { needsCookie: true });
    if (bounced !== undefined) return bounced;
    const found = await findSession(context, options);
    if (found === undefined) throw signedOut(context);
    context.visitor.user = found.session.user;
    context.visitor.person = found.session.user;
    try {
      const slides =
        typeof options.slides === 'function' ? options.slides(context) : options.slides;
      const kept = await keepSession(context, found, slides ?? true);
      if (kept === undefined) throw signedOut(context);
      return await open(sessionContext(context, kept));
    } catch (error) {
      throw await asSignInNeeded(error, context, found);
    }
  };
}

/**
 * Lets only signed-in users with an app role call `handler`. Others get 403 with the name of the role. They are not
 * redirected: a new sign-in would not help them, and would loop.
 * @param roles the value of an app role; or several, of which one is enough; or a function that takes it from the settings
 * @throws ERR_ROLE_MISSING, and as {@link signedIn}
 */
export function withRole(
  roles: string | readonly [string, ...string[]] | ((settings: Settings) => string),
  handler: SessionHandler,
  { stepUp, ...options }: SignedInOptions = {},
): Handler {
  // First the role: a step-up would not help a person without it.
  const open = afterStepUp(handler, stepUp);
  return signedIn((context) => {
    const wanted = typeof roles === 'function' ? roles(context.services.settings) : roles;
    const [first, ...others] = typeof wanted === 'string' ? ([wanted] as const) : wanted;
    const isHeld = [first, ...others].some((role) => context.user.roles.includes(role));
    if (!isHeld) throw new RoleMissingError(first);
    return open(context);
  }, options);
}

function afterStepUp(handler: SessionHandler, stepUp: StepUpDemand | undefined): SessionHandler {
  if (stepUp === undefined) return handler;
  return (context) => {
    requireStepUp(stepUp, context.session, context.now);
    return handler(context);
  };
}

/**
 * Lets only our own pages and scripts call `handler`. It comes before every other guard, so that another site cannot learn
 * whether somebody is signed in.
 * @throws as `requireSameOrigin`
 */
export function sameOrigin(handler: Handler): Handler {
  return (context) => {
    requireSameOrigin(context.request, context.services.settings.baseUrl);
    return handler(context);
  };
}

/** The error for a request without a session, with the way to sign in. */
export function signedOut(context: RequestContext, cause?: unknown): SignInNeededError {
  context.visitor.user = undefined;
  const { loginPath, lostPage } = signInLink(context);
  const { challenge } = context;
  return new SignInNeededError('ERR_SIGNED_OUT', loginPath, { cause, lostPage, challenge });
}

function sessionContext(context: RequestContext, found: RequestSession): SessionContext {
  const { ticket, session, tokens } = found;
  const { services, now, signal } = context;
  const sessionKey = sessionKeyOf(ticket.sessionId);
  let known: OpenedTokens | undefined;
  const opened = () => (known ??= services.tokenMemory.find(sessionKey, session.verifiedAt, now));
  const onOpened = (fresh: OpenedTokens): OpenedTokens => {
    known = fresh;
    services.tokenMemory.keep(sessionKey, session.verifiedAt, fresh, now);
    return fresh;
  };
  // Made by the first call: most requests need no token.
  let userTokens: UserTokens | undefined;
  const userToken: UserTokens = (scopes, refused) => {
    userTokens ??= createUserTokens(services.relyingParty, services.shareRefresh, {
      sessionKey,
      user: session.user,
      store: {
        readTokens: (deadline) => services.sessions.readTokens(ticket, deadline),
        writeTokens: async (written, deadline) => {
          const outcome = await services.sessions.writeTokens(ticket, written, now, deadline);
          if (outcome === 'written') onOpened(openTokens(written.tokenCache));
          return outcome;
        },
      },
      tokens,
      opened: opened(),
      onOpened,
      now,
      signal,
    });
    return userTokens(scopes, refused);
  };
  let latest: FoundSession = found;
  const changeData: SessionContext['changeData'] = async (change) => {
    latest = await changeSessionData(services.sessions, ticket, latest, change, { now, signal });
    return latest.session.data;
  };
  let api: ApiCaller | undefined;
  return {
    ...context,
    user: session.user,
    session,
    ticket,
    // Most requests call no API.
    get api() {
      return (api ??= apiCaller(context, userToken, session.user.tenantId));
    },
    changeData,
    openedTokens: () => opened() ?? (tokens && onOpened(openTokens(tokens.tokenCache))),
  };
}

type UserTokens = CallerParts['userToken'];

/** The ways to APIs in this request. */
export function apiCaller(
  context: RequestContext,
  userToken: UserTokens,
  tenantId: string | undefined,
): ApiCaller {
  const { services, invocation, correlationId, isStreamed, signal } = context;
  return createApiCaller({
    apis: services.apis,
    appTokens: services.appTokens,
    userToken,
    tenantId,
    // https://www.w3.org/TR/trace-context/ and https://learn.microsoft.com/graph/best-practices-concept#reliability-and-support
    trace: { 'client-request-id': correlationId, ...traceHeadersOf(invocation) },
    signal,
    maxAnswerBytes: isStreamed ? undefined : maxWholeAnswerBytes,
  });
}

/** As much as the Functions host takes of a request. It and the worker hold the whole answer in memory, several times. */
const maxWholeAnswerBytes = 104_857_600;

/** Whether this step-up has already been done in the last minute. It did not help then, and the redirects would loop. */
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

/** Turns an error into one that sends the user to the provider again, if that helps. Other errors stay as they are. */
async function asSignInNeeded(
  error: unknown,
  context: RequestContext,
  { ticket, session }: RequestSession,
): Promise<unknown> {
  if (error instanceof SignInNeededError) return error;
  if (error instanceof StepUpError) {
    const { isRepeated, names } = stepUpsSoFar(session, stepUpName(error.stepUp), context.now);
    const found = { ticket, session };
    const { loginPath, lostPage } = await stepUpLink(context, found, error.stepUp, names);
    return new SignInNeededError('ERR_STEP_UP', loginPath, { cause: error, isRepeated, lostPage });
  }
  if (error instanceof SessionOverError) {
    // The provider no longer accepts the refresh token, so the session ends too. Its cookie stays: this answer may come
    // late, when the browser already has the cookie of a newer session.
    const { userKey } = session.user;
    const ended = { why: 'end refused session', by: userKey, of: userKey } as const;
    await audited(context, { ...ended, session: sessionKeyOf(ticket.sessionId) }, async () => {
      await context.services.sessions.end(ticket, session, context.signal);
      return 1;
    });
    return signedOut(context, error);
  }
  return error;
}

/** The live session of a request, and the ticket that opens it. */
export interface RequestSession extends FoundSession {
  readonly ticket: SessionTicket;
}

/**
 * The ticket in the request's session cookie. `undefined` when there is no cookie that this app signed.
 * @param now epoch seconds; `any` accepts a cookie whose session has expired
 * @throws ERR_KEYS_UNAVAILABLE
 */
export function findTicket(
  context: RequestContext,
  now: number | 'any' = context.now,
): Promise<SessionTicket | undefined> {
  const { requestCookies, services, signal } = context;
  return readSessionCookie(requestCookies, {
    keyRing: services.keyRing,
    site: services.settings,
    now,
    signal,
  });
}

/**
 * The request's live session as it is stored. `undefined` for a person who is signed out, or whose tenant may not sign in
 * any more.
 * @param withTokens true reads the token cache too, at the same time, unless this instance remembers its tokens
 * @throws ERR_STORAGE_UNAVAILABLE, ERR_KEYS_UNAVAILABLE
 */
export async function findSession(
  context: RequestContext,
  { withTokens = false }: { readonly withTokens?: boolean } = {},
): Promise<RequestSession | undefined> {
  const ticket = await findTicket(context);
  if (ticket === undefined) return undefined;
  const { services, now, signal } = context;
  const { sessions, tokenMemory } = services;
  const readsTokens = withTokens && !tokenMemory.has(sessionKeyOf(ticket.sessionId), now);
  const found = readsTokens
    ? await sessions.readWithTokens(ticket, now, signal)
    : await sessions.read(ticket, now, signal);
  if (found === undefined || !isAllowedTenant(services.settings, found.session.user.tenantId)) {
    return undefined;
  }
  return { ...found, ticket };
}

/**
 * Keeps a session alive. When the last ID token is too old, the provider must confirm the session. After half of its idle
 * time, the session is extended.
 * @param slide false does not extend it, for requests that a script sends without a person
 * @returns `undefined` when the session has ended since it was read
 * @throws as `Revalidate`
 */
export async function keepSession(
  context: RequestContext,
  found: RequestSession,
  slide: boolean,
): Promise<RequestSession | undefined> {
  const { services, now, signal } = context;
  const { ticket } = found;
  const isYoung = now < found.session.verifiedAt + services.settings.revalidateSeconds;
  const verified = isYoung
    ? found
    : await services.revalidate({
        ...{ ticket, found, slide, now, signal },
        report: (error) => {
          logError(context, error);
        },
      });
  if (verified === undefined) return undefined;
  if (!slide) return { ...verified, ticket };
  // Writes nothing when the revalidation above, which may belong to another request, has extended the session.
  const renewed = await services.sessions.renew(ticket, verified, now, signal);
  return renewed === undefined ? undefined : { ...renewed, ticket };
}
