import { signOutUrl } from '../auth/sign-out-url';
import { noticeCookie } from '../cookies/notice-cookie';
import { clearSessionCookie } from '../cookies/session-cookie';
import { clearSignInCookies } from '../cookies/sign-in-cookie';
import { AppError } from '../errors';
import type { Exchange } from '../http/exchange';
import { isLive, type Session, type SessionTicket } from '../sessions/session';
import { withPatience } from '../with-patience';
import { audited } from './audited';
import { findTicket } from './find-session';
import type { SignOutNotice } from './sign-out-notice';

export interface SignOutWishes {
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
const storagePatienceMs = 4_000;

/**
 * Signs this browser out: first the session on the server, then its cookie, then on to the provider. What is out of
 * reach is left out and told of, never an error: on a shared computer a sign-out that answers 503 and leaves the
 * cookie would be worse. The notice goes along in a cookie of its own.
 */
export async function signOut(exchange: Exchange, wishes: SignOutWishes): Promise<SignOut> {
  const { settings } = exchange.services;
  // First, so that it goes whatever happens below.
  exchange.cookies.push(
    clearSessionCookie(settings),
    ...clearSignInCookies(exchange.requestCookies, settings),
  );
  exchange.visitor.user = undefined;
  const { loginHint, ...server } = await withPatience(
    exchange.signal,
    storagePatienceMs,
    (signal) => endOnServer({ ...exchange, signal }, wishes.everywhere === true),
  );
  const { url, provider } = await leaveTo(exchange, loginHint, wishes.local === true);
  const notice = { ...server, provider };
  exchange.cookies.push(noticeCookie('signed-out', notice, settings));
  return { url, notice };
}

interface OnServer extends Pick<SignOutNotice, 'session' | 'others' | 'until'> {
  readonly loginHint?: string | undefined;
}

async function endOnServer(exchange: Exchange, everywhere: boolean): Promise<OnServer> {
  const { services, now } = exchange;
  const others = everywhere ? ('kept' as const) : undefined;
  const ticket = await attempt(exchange, () => findTicket(exchange, 'any'));
  if ('failed' in ticket) {
    // Nobody can read the cookie now, so nobody knows how long its session may still live.
    return { session: 'kept', others, until: now + services.settings.lifetimeSeconds };
  }
  if (ticket.value === undefined) return { session: 'none', others };
  return endTicket(exchange, ticket.value, everywhere);
}

async function endTicket(
  exchange: Exchange,
  ticket: SessionTicket,
  everywhere: boolean,
): Promise<OnServer> {
  const { services, now, signal } = exchange;
  const found = await attempt(exchange, () => services.sessions.readLast(ticket, signal));
  const session = 'failed' in found ? undefined : found.value?.session;
  const loginHint = session?.loginHint ?? services.signOutHints.find(ticket.sessionId, now);
  if (!('failed' in found) && (session === undefined || !isLive(session, now))) {
    // Without the hint the provider asks which account to sign out. A person who leaves then stays signed in there.
    return { session: 'none', others: everywhere ? 'kept' : undefined, loginHint };
  }
  if (loginHint !== undefined) services.signOutHints.keep(ticket.sessionId, loginHint, now);
  if (everywhere && (await endEverywhere(exchange, ticket.userKey))) {
    return { session: 'ended', others: 'ended', loginHint };
  }
  const others = everywhere ? ('kept' as const) : undefined;
  // Not read does not mean not there: the row can be ended by its name alone.
  return (await endThis(exchange, ticket, session))
    ? { session: 'ended', others, loginHint }
    : { session: 'kept', others, until: ticket.expiresAt, loginHint };
}

async function endEverywhere(exchange: Exchange, userKey: string): Promise<boolean> {
  const { services, signal } = exchange;
  const action = { event: 'sign-out everywhere', by: userKey, of: userKey } as const;
  const ended = await attempt(exchange, () =>
    audited(exchange, action, () => services.sessions.endAllOf(userKey, signal)),
  );
  return !('failed' in ended);
}

async function endThis(
  exchange: Exchange,
  ticket: SessionTicket,
  session: Session | undefined,
): Promise<boolean> {
  const { services, signal } = exchange;
  const { userKey } = ticket;
  const action = { event: 'sign-out', by: userKey, of: userKey } as const;
  const ended = await attempt(exchange, () =>
    audited(exchange, action, async () => {
      await services.sessions.end(ticket, session, signal);
      return 1;
    }),
  );
  return !('failed' in ended);
}

async function leaveTo(
  exchange: Exchange,
  loginHint: string | undefined,
  local: boolean,
): Promise<{ readonly url: string; readonly provider: SignOutNotice['provider'] }> {
  const { services, signal } = exchange;
  const { baseUrl } = services.settings;
  const ours = `${baseUrl}/auth/signed-out`;
  if (local) return { url: ours, provider: 'left' };
  const asked = await attempt(exchange, () => signOutUrl(services.auth, loginHint, signal));
  if ('failed' in asked) return { url: ours, provider: 'unreached' };
  // Some providers have no page for signing out.
  return { url: asked.value, provider: asked.value === ours ? 'left' : 'asked' };
}

/** What is out of reach, or refuses, becomes a value and a line in the log; a fault of ours is still an error. */
async function attempt<T>(
  { log }: Exchange,
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
