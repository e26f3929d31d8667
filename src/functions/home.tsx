import type { HttpResponseInit } from '@azure/functions';
import { hasSessionCookie } from '../cookies/session-cookie';
import { AppError } from '../errors';
import type { RequestContext } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { htmlPage } from '../http/responses';
import { bounce } from '../http/wanted-page';
import { HomePage, type SessionState } from '../pages/home-page';
import { findSession } from '../sign-in/guards';
import { withTimeout } from '../waiting';

/** The page is public and must not wait long for storage. After this time it is shown without the session. */
const timeoutMs = 2_000;

/** GET /: what this app is, who is signed in, and the three access levels. */
export async function home(context: RequestContext): Promise<HttpResponseInit> {
  const { settings, site } = context.services;
  const hasCookie = hasSessionCookie(context.requestCookies, settings);
  const bounced = bounce(context, hasCookie);
  if (bounced !== undefined) return bounced;
  // Most visitors have no cookie. They need no timer.
  const state = hasCookie ? await sessionState(context) : 'signed out';
  return htmlPage(
    site,
    <HomePage
      state={state}
      adminRole={settings.adminRole}
      offersKeep={settings.persistent === 'link'}
      now={context.now}
    />,
  );
}

async function sessionState(context: RequestContext): Promise<SessionState> {
  try {
    const found = await withTimeout(context.signal, timeoutMs, (signal) =>
      findSession({ ...context, signal }),
    );
    return found === undefined ? 'signed out' : found.session;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    context.log('warn', `home without session: ${error.code}`);
    return 'unknown';
  }
}

/** Only this app has it. Other apps have a home page of their own. */
export const homeFunction: HttpFunction = { name: 'home', route: '/', get: home };
