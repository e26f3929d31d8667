import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from '../loopback/read-body';
import { adminConsentPage, errorPage } from './pages/notice-pages';
import { graphScopesOf, readScopes } from './resources';
import { appName, showPage, type SignInParts } from './sign-in-exchange';

interface Parts extends SignInParts {
  readonly tenantId: string;
}

/**
 * Admin consent: an administrator agrees for the whole organisation, or does not. The answer goes to
 * the redirect URI without a code, and with the state of the request, if it had one.
 * https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
 */
export async function answerAdminConsent(
  parts: Parts,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const { searchParams } = url;
  const client = parts.clients.find(searchParams.get('client_id'));
  const redirectUri = searchParams.get('redirect_uri') ?? client?.redirectUris[0] ?? '';
  if (client === undefined || !client.redirectUris.includes(redirectUri)) {
    const number = client === undefined ? 700016 : 50011;
    showPage(parts, response, 400, errorPage(parts.refusals.text(number)));
    return;
  }
  const asked = readScopes(searchParams.get('scope'));
  const scopes = asked.length === 0 ? ['https://graph.microsoft.com/User.Read'] : asked;
  if (request.method !== 'POST') {
    const permissions = graphScopesOf(scopes);
    const page = adminConsentPage({ app: appName(parts, url), scopes: permissions });
    showPage(parts, response, 200, page);
    return;
  }
  if (request.headers['sec-fetch-site'] === 'cross-site') {
    showPage(parts, response, 403, errorPage('This answer came from another site.'));
    return;
  }
  const form = new URLSearchParams(await readBody(request));
  const isGranted = form.get('consent') === 'accept';
  if (isGranted) grant(parts, scopes);
  const answer = new URL(redirectUri);
  for (const [name, value] of Object.entries(answerFor(parts, isGranted, scopes))) {
    answer.searchParams.set(name, value);
  }
  const state = searchParams.get('state');
  if (state !== null) answer.searchParams.set('state', state);
  response.writeHead(302, { Location: answer.href, 'Cache-Control': 'no-store' }).end();
}

function grant({ directory }: Parts, scopes: readonly string[]): void {
  for (const { objectId } of directory.list()) {
    directory.consent(objectId, ['openid', ...graphScopesOf(scopes)]);
  }
}

function answerFor(
  { refusals, tenantId }: Parts,
  isGranted: boolean,
  scopes: readonly string[],
): Readonly<Record<string, string>> {
  const said = { admin_consent: 'True', tenant: tenantId };
  if (isGranted) return { ...said, scope: scopes.join(' ') };
  return { ...refusals.atRedirect({ code: 65004 }), ...said };
}
