import type { HttpResponseInit } from '@azure/functions';
import { hasSessionCookie } from '../cookies/session-cookie';
import { AppError } from '../errors';
import { serve } from '../http/endpoint';
import type { Exchange } from '../http/request';
import { htmlPage } from '../http/responses';
import { bounce } from '../http/wanted-page';
import { HomePage, type SessionState } from '../pages/home-page';
import { findSession } from '../sign-in/request-session';
import { withPatience } from '../waiting';

/** The page is public and must not hang on storage: who is signed in is told if that can be learned by then. */
const patienceMs = 2_000;

/** GET /: what this is, who is signed in, and the three access levels. */
export async function home(exchange: Exchange): Promise<HttpResponseInit> {
  const { settings } = exchange.services;
  const hasCookie = hasSessionCookie(exchange.requestCookies, settings);
  const detour = bounce(exchange, hasCookie);
  if (detour !== undefined) return detour;
  // Most visitors have none, and no timer need be set for them.
  const state = hasCookie ? await sessionState(exchange) : 'signed out';
  return htmlPage(<HomePage state={state} adminRole={settings.adminRole} now={exchange.now} />);
}

async function sessionState(exchange: Exchange): Promise<SessionState> {
  try {
    const found = await withPatience(exchange.signal, patienceMs, (signal) =>
      findSession({ ...exchange, signal }),
    );
    return found === undefined ? 'signed out' : found.session;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    exchange.log('warn', `home without session: ${error.code}`);
    return 'unknown';
  }
}

serve('home', { route: '/', get: home });
