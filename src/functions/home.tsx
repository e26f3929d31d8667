import type { HttpResponseInit } from '@azure/functions';
import { hasSessionCookie } from '../cookies';
import { AppError } from '../errors';
import type { Handler, RequestContext } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { logError } from '../http/error-log';
import { bounce, htmlPage, languageOf } from '../http/responses';
import { HomePage, type SessionState } from '../pages/home-page';
import { isHttpLoopback } from '../proxy';
import { findSession } from '../sign-in/guards';
import { withTimeout } from '../waiting';

/** The page is public and must not wait long for storage. After this time it is shown without the session. */
const timeoutMs = 2_000;

/** GET /: who is signed in, and on the local stack what this app is. Only this app has it. */
export function createHomeFunction(): HttpFunction {
  // Nothing of a person is in this page, so it is rendered once for each language.
  const signedOutPages = new Map<string, HttpResponseInit>();
  const home: Handler = async (context) => {
    const hasCookie = hasSessionCookie(context.requestCookies, context.services.settings);
    const bounced = bounce(context, hasCookie);
    if (bounced !== undefined) return bounced;
    // Most visitors have no cookie. They need no timer.
    const state = hasCookie ? await sessionState(context) : 'signed out';
    if (state !== 'signed out') return render(context, state);
    const { tag } = languageOf(context);
    const page = signedOutPages.get(tag) ?? render(context, state);
    signedOutPages.set(tag, page);
    return page;
  };
  return { name: 'home', route: '/', get: home };
}

function render(context: RequestContext, state: SessionState): HttpResponseInit {
  const { services, now } = context;
  const { adminRole, authority, persistent } = services.settings;
  const offersKeep = persistent === 'link';
  // Entra ID is never on this machine. The stand-in is nowhere else.
  const showsTour = isHttpLoopback(new URL(authority));
  const page = <HomePage {...{ state, adminRole, offersKeep, showsTour, now }} />;
  return htmlPage(context, page);
}

async function sessionState(context: RequestContext): Promise<SessionState> {
  try {
    const found = await withTimeout(context.signal, timeoutMs, (signal) =>
      findSession({ ...context, signal }),
    );
    return found === undefined ? 'signed out' : found.session;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // The page goes on without the session.
    logError(context, error);
    return 'unknown';
  }
}
