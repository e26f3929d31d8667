import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { respond } from '../loopback/respond';
import { sessionIdOf } from './answer-as-entra';
import { sessionCookie } from './create-provider';
import { signedOutPage } from './pages/notice-pages';
import { pageHeaders } from './pages/page';
import type { RegisteredClients } from './registered-clients';
import type { SignInNotes } from './sign-in-notes';

interface LogoutParts {
  readonly provider: Provider;
  readonly clients: RegisteredClients;
  readonly notes: SignInNotes;
}

/**
 * Ends the browser's session without asking, as Microsoft Entra ID does with a `logout_hint`, tells
 * every app of the session by a frame where it registered for that, and goes on to a registered address
 * only.
 */
export async function answerLogout(
  { provider, clients, notes }: LogoutParts,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const context = provider.createContext(request, response);
  const session = await provider.Session.get(context);
  const frames = session.accountId === undefined ? [] : framesOf(clients, notes, session.uid);
  await session.destroy();
  context.cookies.set(sessionCookie, null);

  const next = nextOf(clients, url);
  if (next !== undefined && frames.length === 0) {
    response.writeHead(302, { Location: next, 'Cache-Control': 'no-store' }).end();
    return;
  }
  const html = signedOutPage({ frames, ...(next === undefined ? {} : { next }) });
  const origins = frames.map((frame) => new URL(frame).origin);
  respond(response, 200, html, pageHeaders(origins));
}

function framesOf(clients: RegisteredClients, notes: SignInNotes, sessionUid: string): string[] {
  const signedIn = notes.ofSession(sessionUid).clients;
  return clients.all.flatMap(({ id, frontChannelLogoutUri }) => {
    if (frontChannelLogoutUri === undefined || !signedIn.includes(id)) return [];
    const frame = new URL(frontChannelLogoutUri);
    frame.searchParams.set('sid', sessionIdOf(sessionUid));
    return [frame.href];
  });
}

function nextOf(clients: RegisteredClients, url: URL): string | undefined {
  const asked = url.searchParams.get('post_logout_redirect_uri');
  const isRegistered = clients.all.some(({ postLogoutRedirectUris }) =>
    postLogoutRedirectUris.includes(asked ?? ''),
  );
  if (asked === null || !isRegistered) return undefined;
  const next = new URL(asked);
  const state = url.searchParams.get('state');
  if (state !== null) next.searchParams.set('state', state);
  return next.href;
}
