import type { HttpResponseInit } from '@azure/functions';
import { clearSignInCookies, noticeCookie } from '../cookies/cookie';
import { clearSessionCookie } from '../cookies/session-cookie';
import type { RelyingParty } from '../entra/msal';
import { AppError } from '../errors';
import type { RequestContext } from '../http/context';
import { htmlPage, json, redirectTo, withHeader } from '../http/responses';
import { isObject } from '../json';
import { ContinuePage } from '../pages/layout';
import { isLive, type Session, type SessionTicket } from '../sessions/session';
import { withTimeout } from '../waiting';
import { audited } from './ending';
import { findTicket } from './guards';

export interface SignOutOptions {
  /** All of the user's sessions, in every browser. */
  readonly everywhere?: boolean;
  /** Leaves the provider's session alone. */
  readonly local?: boolean;
}

export interface SignOut {
  /** Where the browser goes next: the provider's sign-out, or our own page. Absolute. */
  readonly url: string;
  readonly notice: SignOutNotice;
}

/** Storage out of reach must leave time to find out about the provider. */
const storageTimeoutMs = 4_000;

/**
 * Signs this browser out: first the session on the server, then its cookie, then on to the provider. What is out of
 * reach is left out and told of, never an error: on a shared computer a sign-out that answers 503 and leaves the
 * cookie would be worse. The notice goes along in a cookie of its own.
 */
export async function signOut(context: RequestContext, options: SignOutOptions): Promise<SignOut> {
  const { settings } = context.services;
  // First, so that it goes whatever happens below.
  context.cookies.push(
    clearSessionCookie(settings),
    ...clearSignInCookies(context.requestCookies, settings),
  );
  context.visitor.user = undefined;
  const { loginHint, ...server } = await withTimeout(context.signal, storageTimeoutMs, (signal) =>
    endOnServer({ ...context, signal }, options.everywhere === true),
  );
  const { url, provider } = await leaveTo(context, loginHint, options.local === true);
  const notice = { ...server, provider };
  context.cookies.push(noticeCookie('signed-out', notice, settings));
  return { url, notice };
}

interface OnServer extends Pick<SignOutNotice, 'session' | 'others' | 'until'> {
  readonly loginHint?: string | undefined;
}

async function endOnServer(context: RequestContext, everywhere: boolean): Promise<OnServer> {
  const { services, now } = context;
  const others = everywhere ? ('kept' as const) : undefined;
  const ticket = await attempt(context, () => findTicket(context, 'any'));
  if ('failed' in ticket) {
    // Nobody can read the cookie now, so nobody knows how long its session may still live.
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
  const found = await attempt(context, () => services.sessions.readLast(ticket, signal));
  const session = 'failed' in found ? undefined : found.value?.session;
  const loginHint = session?.loginHint ?? services.signOutHints.find(ticket.sessionId, now);
  if (!('failed' in found) && (session === undefined || !isLive(session, now))) {
    // Without the hint the provider asks which account to sign out. A person who leaves then stays signed in there.
    return { session: 'none', others: everywhere ? 'kept' : undefined, loginHint };
  }
  if (loginHint !== undefined) services.signOutHints.keep(ticket.sessionId, loginHint, now);
  if (everywhere && (await endEverywhere(context, ticket.userKey))) {
    return { session: 'ended', others: 'ended', loginHint };
  }
  const others = everywhere ? ('kept' as const) : undefined;
  // Not read does not mean not there: the row can be ended by its name alone.
  return (await endThis(context, ticket, session))
    ? { session: 'ended', others, loginHint }
    : { session: 'kept', others, until: ticket.expiresAt, loginHint };
}

async function endEverywhere(context: RequestContext, userKey: string): Promise<boolean> {
  const { services, signal } = context;
  const action = { event: 'sign-out everywhere', by: userKey, of: userKey } as const;
  const ended = await attempt(context, () =>
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
  const { userKey } = ticket;
  const action = { event: 'sign-out', by: userKey, of: userKey } as const;
  const ended = await attempt(context, () =>
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
  const asked = await attempt(context, () =>
    signOutUrl(services.relyingParty, ours, loginHint, signal),
  );
  if ('failed' in asked) return { url: ours, provider: 'unreached' };
  // Some providers have no page for signing out.
  return { url: asked.value, provider: asked.value === ours ? 'left' : 'asked' };
}

/** What is out of reach, or refuses, becomes a value and a line in the log; a fault of ours is still an error. */
async function attempt<T>(
  { log }: RequestContext,
  work: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly failed: true }> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log('warn', `sign-out goes on without: ${error.code}`);
    return { failed: true };
  }
}

interface SignOutAnswer {
  /** Where the browser goes next, absolute. */
  readonly url: string;
  /** What was left undone: `session`, `everywhere`, `provider`. */
  readonly notDone: readonly string[];
  /** Epoch seconds by which a session that could not be ended has expired. */
  readonly until: number | undefined;
}

/**
 * After a sign-out: a browser gets a page that goes on to the provider, or our own page; another client gets the
 * address and what was left undone. A page and not a redirect: `form-action` would stop one that leads to the provider
 * and from there back to us.
 */
export function answerSignOut(context: RequestContext, signOut: SignOutAnswer): HttpResponseInit {
  const answer = answerOf(context, signOut);
  return clearsCacheSlowly.test(context.request.headers.get('user-agent') ?? '')
    ? answer
    : withHeader(answer, 'Clear-Site-Data', '"cache"');
}

/**
 * Browsers delete what they cached of this origin, also pages to swipe back to (ASVS 14.3.1). Chromium needs up to twenty
 * seconds for it before it shows the answer (https://issues.chromium.org/issues/40233601, rails/rails#54379,
 * mdn/yari#12803); our own answers are `no-store`, so it has nothing of ours to delete.
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
  return htmlPage(
    context.services.site,
    <ContinuePage
      title="Signing you out"
      goTo={url}
      text="This browser is signed out of this app. The sign-in service signs you out as well."
    />,
  );
}

/** What a sign-out did and what it could not do. */
export interface SignOutNotice {
  /** This browser's session on the server. `none`: there was no live one any more. */
  readonly session: 'ended' | 'none' | 'kept';
  /** The user's sessions in other browsers; `undefined` when they were not meant. */
  readonly others: 'ended' | 'kept' | undefined;
  /** `asked`: the browser went to the provider's sign-out. `left`: on purpose, or the provider has none. */
  readonly provider: 'asked' | 'left' | 'unreached';
  /** Epoch seconds: by then a session that was kept has expired. */
  readonly until?: number;
}

/** What was left undone, in words for programs. */
export function notDone({ session, others, provider }: SignOutNotice): readonly string[] {
  return [
    ...(session === 'kept' ? ['session'] : []),
    ...(others === 'kept' ? ['everywhere'] : []),
    ...(provider === 'unreached' ? ['provider'] : []),
  ];
}

/** A notice as it came back in its cookie, or `undefined` for anything else. */
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
 * Where to send a browser whose session here has ended, so that it signs out at the provider too;
 * `signedOut`, our own page, when the provider has no such page.
 *
 * `loginHint` is the ID token's claim `login_hint`. Never the user name: Entra ID ignores it here
 * and would ask which account to sign out. `client_id` stands in for an `id_token_hint`, without
 * which some providers ignore the way back.
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
