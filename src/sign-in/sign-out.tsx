import type { HttpResponseInit } from '@azure/functions';
import { clearSessionCookie, clearSignInCookies, noticeCookie } from '../cookies';
import type { RelyingParty } from '../entra/msal';
import { AppError } from '../errors';
import { type RequestContext, tellSignOut } from '../http/context';
import { logError } from '../http/error-log';
import { htmlPage, json, redirectTo, textsOf, withHeader } from '../http/responses';
import { isObject } from '../bodies';
import { ContinuePage } from '../pages/message-page';
import { isLive, type Session, sessionKeyOf, type SessionTicket } from '../sessions/session';
import { withTimeout } from '../waiting';
import { audited } from './ending';
import { findTicket } from './guards';

/** What a sign-out ends. */
export interface SignOutOptions {
  /** True ends all sessions of the user, in every browser. */
  readonly everywhere?: boolean;
  /** True keeps the session at the provider. */
  readonly local?: boolean;
}

/** A sign-out that was done. */
export interface SignOut {
  /** The URL to open next: the provider's sign-out, or our own page. */
  readonly url: string;
  readonly notice: SignOutNotice;
}

/** When storage does not answer, there must be time left to ask the provider for its metadata. */
const storageTimeoutMs = 4_000;

/**
 * Signs this browser out: deletes its cookies, ends the session on the server, and finds the provider's sign-out page.
 *
 * A service that does not answer is no error here. The notice says what was not done, and a cookie takes it to the
 * signed-out page. An answer of 503 that keeps the cookie would be worse on a shared computer.
 */
export async function signOut(context: RequestContext, options: SignOutOptions): Promise<SignOut> {
  const { settings } = context.services;
  // First, so that the cookies are deleted even if something below fails.
  context.cookies.push(
    clearSessionCookie(settings),
    ...clearSignInCookies(context.requestCookies, settings),
  );
  context.visitor.user = undefined;
  const everywhere = options.everywhere === true;
  const { loginHint, ended, ...server } = await withTimeout(
    context.signal,
    storageTimeoutMs,
    (signal) => endOnServer({ ...context, signal }, everywhere),
  );
  const [{ url, provider }] = await Promise.all([
    leaveTo(context, loginHint, options.local === true),
    ended === undefined ? undefined : tellApp(context, ended, server.others === 'ended'),
  ]);
  const notice = { ...server, provider };
  context.cookies.push(noticeCookie('signed-out', notice, settings));
  return { url, notice };
}

interface OnServer extends Pick<SignOutNotice, 'session' | 'others' | 'until'> {
  readonly loginHint?: string | undefined;
  /** The session that was ended just now. */
  readonly ended?: Session | undefined;
}

async function endOnServer(context: RequestContext, everywhere: boolean): Promise<OnServer> {
  const { services, now } = context;
  const others = everywhere ? ('kept' as const) : undefined;
  const ticket = await tryTo(context, () => findTicket(context, 'any'));
  if ('failed' in ticket) {
    // The cookie cannot be read now, so its session may have the longest life.
    return { session: 'kept', others, until: now + services.settings.lifetimeSeconds };
  }
  if (ticket.value === undefined) return { session: 'none', others };
  return endTicket(context, ticket.value, everywhere);
}

async function endTicket(
  context: RequestContext,
  ticket: SessionTicket,
  everywhere: boolean,
): Promise<OnServer> {
  const { services, now, signal } = context;
  const found = await tryTo(context, () => services.sessions.readLast(ticket, signal));
  const session = 'failed' in found ? undefined : found.value?.session;
  if (session !== undefined) context.visitor.person = session.user;
  const loginHint = session?.loginHint ?? services.signOutHints.find(ticket.sessionId, now);
  if (!('failed' in found) && (session === undefined || !isLive(session, now))) {
    // Without the hint the provider asks which account to sign out. A person who ignores the question stays signed in there.
    return { session: 'none', others: everywhere ? 'kept' : undefined, loginHint };
  }
  if (loginHint !== undefined) services.signOutHints.keep(ticket.sessionId, loginHint, now);
  if (everywhere && (await endEverywhere(context, ticket.userKey))) {
    return { session: 'ended', others: 'ended', loginHint, ended: session };
  }
  const others = everywhere ? ('kept' as const) : undefined;
  // A session that could not be read may exist. Its name is enough to end it.
  return (await endThis(context, ticket, session))
    ? { session: 'ended', others, loginHint, ended: session }
    : { session: 'kept', others, until: ticket.expiresAt, loginHint };
}

async function tellApp(
  { services, signal, tell }: RequestContext,
  { user, data }: Session,
  everywhere: boolean,
): Promise<void> {
  const reason = everywhere ? 'sign-out-everywhere' : 'sign-out';
  await tellSignOut(services.hooks.onSignOut, { user, data, reason }, signal, tell);
}

async function endEverywhere(context: RequestContext, userKey: string): Promise<boolean> {
  const { services, signal } = context;
  const action = { why: 'sign-out everywhere', by: userKey, of: userKey } as const;
  const ended = await tryTo(context, () =>
    audited(context, action, () => services.sessions.endAllOf({ userKey }, signal)),
  );
  return !('failed' in ended);
}

async function endThis(
  context: RequestContext,
  ticket: SessionTicket,
  session: Session | undefined,
): Promise<boolean> {
  const { services, signal } = context;
  const { userKey, sessionId } = ticket;
  const one = { of: userKey, session: sessionKeyOf(sessionId) };
  const action = { why: 'sign-out', by: userKey, ...one } as const;
  const ended = await tryTo(context, () =>
    audited(context, action, async () => {
      await services.sessions.end(ticket, session, signal);
      return 1;
    }),
  );
  return !('failed' in ended);
}

async function leaveTo(
  context: RequestContext,
  loginHint: string | undefined,
  local: boolean,
): Promise<{ readonly url: string; readonly provider: SignOutNotice['provider'] }> {
  const { services, signal } = context;
  const ours = `${services.settings.baseUrl}${services.site.authPath}/signed-out`;
  if (local) return { url: ours, provider: 'left' };
  const asked = await tryTo(context, () =>
    signOutUrl(services.relyingParty, ours, loginHint, signal),
  );
  if ('failed' in asked) return { url: ours, provider: 'unreached' };
  // Some providers have no sign-out page.
  return { url: asked.value, provider: asked.value === ours ? 'left' : 'asked' };
}

/** Turns an `AppError` into a value and an event. Any other error is a fault of ours and stays an error. */
async function tryTo<T>(
  context: RequestContext,
  work: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly failed: true }> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    logError(context, error);
    return { failed: true };
  }
}

interface SignOutAnswer {
  /** The URL to open next. */
  readonly url: string;
  /** What was not done: `session`, `everywhere`, `provider`. */
  readonly notDone: readonly string[];
  /** Epoch seconds by which a session that could not be ended has expired. */
  readonly until: number | undefined;
}

/**
 * The answer to a sign-out. A browser gets our signed-out page, or a page that goes on to the provider. Another client gets
 * JSON: the URL to open next, and what was not done. There is no redirect to the provider, because `form-action` would
 * stop it.
 */
export function answerSignOut(context: RequestContext, signOut: SignOutAnswer): HttpResponseInit {
  const answer = answerOf(context, signOut);
  return clearsCacheSlowly.test(context.request.headers.get('user-agent') ?? '')
    ? answer
    : withHeader(answer, 'Clear-Site-Data', '"cache"');
}

/**
 * `Clear-Site-Data` makes browsers delete their cache of this origin, and the pages that "back" would show (ASVS 14.3.1).
 * Chromium takes up to twenty seconds for it before it shows the answer, so it does not get the header. Our answers are
 * `no-store`, so its cache has nothing of ours.
 * @see https://issues.chromium.org/issues/40233601, rails/rails#54379, mdn/yari#12803
 */
const clearsCacheSlowly = /\b(Headless)?Chrom(e|ium)\//;

function answerOf(
  context: RequestContext,
  { url, notDone, until }: SignOutAnswer,
): HttpResponseInit {
  if (!context.prefersHtml) {
    return json({
      logout_url: url,
      not_done: notDone,
      ...(until !== undefined && { session_expires_in: until - context.now }),
    });
  }
  if (url.startsWith(`${context.services.settings.baseUrl}/`)) return redirectTo(url, 303);
  const { waiting } = textsOf(context);
  return htmlPage(
    context,
    <ContinuePage title={waiting.signingOut} goTo={url} text={waiting.signedOutHere} />,
  );
}

/** What a sign-out did, and what it could not do. */
export interface SignOutNotice {
  /** This browser's session on the server. `none`: it had already ended. */
  readonly session: 'ended' | 'none' | 'kept';
  /** The user's sessions in other browsers. `undefined` when the sign-out was for this browser only. */
  readonly others: 'ended' | 'kept' | undefined;
  /** `asked`: the browser opens the provider's sign-out page. `left`: nobody wanted that, or there is no such page. */
  readonly provider: 'asked' | 'left' | 'unreached';
  /** Epoch seconds. A session that could not be ended has expired by then. */
  readonly until?: number;
}

/** What was not done, for programs: any of `session`, `everywhere`, `provider`. */
export function notDone({ session, others, provider }: SignOutNotice): readonly string[] {
  return [
    ...(session === 'kept' ? ['session'] : []),
    ...(others === 'kept' ? ['everywhere'] : []),
    ...(provider === 'unreached' ? ['provider'] : []),
  ];
}

/** Parses a notice from its cookie. `undefined` for any other content. */
export function parseSignOutNotice(content: unknown): SignOutNotice | undefined {
  if (!isObject(content)) return undefined;
  const session = oneOf(['ended', 'none', 'kept'], content['session']);
  const others = oneOf(['ended', 'kept'], content['others']);
  const provider = oneOf(['asked', 'left', 'unreached'], content['provider']);
  const { until } = content;
  if (session === undefined || provider === undefined) return undefined;
  if (others === undefined && content['others'] !== undefined) return undefined;
  if (until === undefined) return { session, others, provider };
  const isTime = typeof until === 'number' && Number.isSafeInteger(until) && Math.abs(until) < 1e11;
  return isTime ? { session, others, provider, until } : undefined;
}

function oneOf<const Known extends string>(
  known: readonly Known[],
  value: unknown,
): Known | undefined {
  return known.find((one) => one === value);
}

/**
 * The URL of the provider's sign-out page for this app and user. `signedOut` when the provider has no such page.
 *
 * Some providers ignore `post_logout_redirect_uri` without `id_token_hint`; `client_id` takes its place.
 * @param signedOut the URL of our own signed-out page
 * @param loginHint the claim `login_hint` of the ID token. A user name does not do: Entra ID ignores it here, and asks which
 *   account to sign out
 * @see OpenID Connect RP-Initiated Logout 1.0 section 2
 * @see https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc#send-a-sign-out-request
 * @throws ERR_PROVIDER_UNAVAILABLE, ERR_PROVIDER_MISMATCH
 */
export async function signOutUrl(
  { settings, provider }: Pick<RelyingParty, 'settings' | 'provider'>,
  signedOut: string,
  loginHint: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const { endSessionEndpoint } = await provider.metadata(signal);
  if (endSessionEndpoint === undefined) return signedOut;
  const url = new URL(endSessionEndpoint);
  url.searchParams.set('client_id', settings.clientId);
  url.searchParams.set('post_logout_redirect_uri', signedOut);
  if (loginHint !== undefined) url.searchParams.set('logout_hint', loginHint);
  return url.href;
}
