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

/** The page is public and must not hang on storage: who is signed in is told if that can be learned by then. */
const timeoutMs = 2_000;

/** GET /: what this is, who is signed in, and the three access levels. */
export async function home(context: RequestContext): Promise<HttpResponseInit> {
  const { settings, site } = context.services;
  const hasCookie = hasSessionCookie(context.requestCookies, settings);
  const detour = bounce(context, hasCookie);
  if (detour !== undefined) return detour;
  // Most visitors have none, and no timer need be set for them.
  const state = hasCookie ? await sessionState(context) : 'signed out';
  return htmlPage(
    site,
    <HomePage state={state} adminRole={settings.adminRole} now={context.now} />,
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

/** For this app alone: other apps have a home page of their own. */
export const homeFunction: HttpFunction = { name: 'home', route: '/', get: home };
