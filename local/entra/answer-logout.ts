import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { respond } from '../loopback/respond';
import { sessionIdOf } from './answer-as-entra';
import { sessionCookie } from './create-provider';
import type { AppRegistration } from './entra-stand-in-options';
import { signedOutPage } from './pages/notice-pages';
import { pageHeaders } from './pages/page';

/**
 * Ends the browser's session without asking, as Microsoft Entra ID does with a `logout_hint`, tells
 * the app by a frame where it registered for that, and goes on to a registered address only.
 */
export async function answerLogout(
  { provider, client }: { readonly provider: Provider; readonly client: AppRegistration },
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const context = provider.createContext(request, response);
  const session = await provider.Session.get(context);
  const frames = framesOf(client, session.accountId === undefined ? undefined : session.uid);
  await session.destroy();
  context.cookies.set(sessionCookie, null);

  const next = nextOf(client, url);
  if (next !== undefined && frames.length === 0) {
    response.writeHead(302, { Location: next, 'Cache-Control': 'no-store' }).end();
    return;
  }
  const html = signedOutPage({ frames, ...(next === undefined ? {} : { next }) });
  const origins = frames.map((frame) => new URL(frame).origin);
  respond(response, 200, html, pageHeaders(origins));
}

function framesOf(client: AppRegistration, sessionUid: string | undefined): string[] {
  if (client.frontChannelLogoutUri === undefined || sessionUid === undefined) return [];
  const frame = new URL(client.frontChannelLogoutUri);
  frame.searchParams.set('sid', sessionIdOf(sessionUid));
  return [frame.href];
}

function nextOf(client: AppRegistration, url: URL): string | undefined {
  const asked = url.searchParams.get('post_logout_redirect_uri');
  if (asked === null || !client.postLogoutRedirectUris.includes(asked)) return undefined;
  const next = new URL(asked);
  const state = url.searchParams.get('state');
  if (state !== null) next.searchParams.set('state', state);
  return next.href;
}
