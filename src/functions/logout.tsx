import type { HttpResponseInit } from '@azure/functions';
import { app } from '@azure/functions';
import { signOutUrl } from '../auth/sign-out-url';
import { clearSessionCookie } from '../cookies/session-cookie';
import { AppError } from '../errors';
import type { RequestSession } from '../guards/find-session';
import { findSession } from '../guards/find-session';
import { endpoint } from '../http/endpoint';
import type { Exchange } from '../http/exchange';
import { readForm } from '../http/read-form';
import { requireSameOrigin } from '../http/require-same-origin';
import { htmlPage, json, redirectTo } from '../http/responses';
import { ContinuePage } from '../pages/continue-page';

/**
 * POST auth/logout: ends this session on the server, then goes on to the provider's own sign-out.
 * `everywhere=true` ends all of the user's sessions; `local=true` leaves the provider's session alone.
 */
export async function logout(exchange: Exchange): Promise<HttpResponseInit> {
  const { request, services } = exchange;
  requireSameOrigin(request, services.settings.baseUrl);
  const form = await readForm(request);
  const found = await findSession(exchange);
  if (found !== undefined) await endSessions(exchange, found, form.get('everywhere') === 'true');
  exchange.cookies.push(clearSessionCookie(services.settings.isHttps));
  const url =
    form.get('local') === 'true'
      ? `${services.settings.baseUrl}/auth/signed-out?scope=app`
      : await providerSignOutUrl(exchange, found);
  return answer(exchange, url);
}

async function endSessions(
  { services, signal, log }: Exchange,
  { ticket, session }: RequestSession,
  everywhere: boolean,
): Promise<void> {
  if (everywhere) await services.sessions.endAllOf(session.user.userKey, signal);
  else await services.sessions.end(ticket, session, signal);
  log('info', `signed out ${session.user.userKey.slice(0, 8)}${everywhere ? ' everywhere' : ''}`);
}

/** The session here has ended by now; a provider that cannot be reached is told about, not an error. */
async function providerSignOutUrl(
  { services, signal, log }: Exchange,
  found: RequestSession | undefined,
): Promise<string> {
  try {
    return await signOutUrl(services.auth, found?.session.loginHint, signal);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log('warn', `signed out here, not at the provider: ${error.code}`);
    return `${services.settings.baseUrl}/auth/signed-out?scope=unreached`;
  }
}

/** A page and not a redirect: `form-action` would stop one that leads to the provider and from there back to us. */
function answer(exchange: Exchange, url: string): HttpResponseInit {
  if (!exchange.prefersHtml) return json({ logout_url: url });
  if (url.startsWith(`${exchange.services.settings.baseUrl}/`)) return redirectTo(url, 303);
  return htmlPage(
    <ContinuePage
      title="Signing you out"
      goTo={url}
      text="You are signed out of this app. Now signing you out at Microsoft as well."
    />,
  );
}

app.http('logout', {
  methods: ['POST'],
  route: 'auth/logout',
  authLevel: 'anonymous',
  handler: endpoint(logout),
});
