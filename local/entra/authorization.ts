import type { IncomingMessage, ServerResponse } from 'node:http';
import { spend } from '../loopback/control';
import { readBody, respond } from '../loopback/server';
import { type EntraFaults, type OrderedRefusal, readOrder } from './faults';
import { adminConsentPage, errorPage, pageHeaders } from './pages';
import type { Refusals } from './refusals';
import {
  graphScopesOf,
  knowsScopes,
  readScopes,
  type RegisteredClients,
  sortScopes,
} from './registrations';
import type { EntraShape } from './shape';
import { appName, showPage, type SignInParts } from './sign-in';

interface Parts {
  readonly faults: EntraFaults;
  readonly clients: RegisteredClients;
  readonly refusals: Refusals;
  readonly shape: EntraShape;
}

/**
 * What is wrong with an authorization request, as far as oidc-provider does not see it: its length, its scopes, and the
 * refusal that is ordered.
 * @returns true when it was answered
 */
export function refuseAuthorization(parts: Parts, response: ServerResponse, url: URL): boolean {
  const { faults, refusals } = parts;
  if (url.search.length - 1 > faults.longestQuery.value) {
    // On a page: an address that is too long is not read, so its redirect URI is not known.
    respond(response, 400, errorPage(refusals.text(90015)), pageHeaders([]));
    return true;
  }
  const redirectUri = url.searchParams.get('redirect_uri') ?? '';
  const client = parts.clients.find(url.searchParams.get('client_id'));
  if (client?.redirectUris.includes(redirectUri) !== true) return false;
  const refusal = orderedRefusal(faults) ?? refusalOfScopes(parts, url);
  if (refusal === undefined) return false;
  sendBack(refusals, response, { refusal, redirectUri, state: url.searchParams.get('state') });
  return true;
}

function orderedRefusal({ signInError, signInTimes }: EntraFaults): OrderedRefusal | undefined {
  const order = readOrder(signInError.value);
  return order !== undefined && spend(signInTimes) ? order : undefined;
}

function refusalOfScopes({ shape }: Parts, url: URL): OrderedRefusal | undefined {
  const asked = sortScopes(readScopes(url.searchParams.get('scope')));
  return knowsScopes(shape, asked) ? undefined : { code: 70011 };
}

function sendBack(
  refusals: Refusals,
  response: ServerResponse,
  options: {
    readonly refusal: OrderedRefusal;
    readonly redirectUri: string;
    readonly state: string | null;
  },
): void {
  const url = new URL(options.redirectUri);
  for (const [name, value] of Object.entries(refusals.atRedirect(options.refusal))) {
    url.searchParams.set(name, value);
  }
  if (options.state !== null) url.searchParams.set('state', options.state);
  response.writeHead(302, { Location: url.href, 'Cache-Control': 'no-store' }).end();
}

interface ConsentParts extends SignInParts {
  readonly tenantId: string;
}

/**
 * Admin consent: an administrator agrees for the whole organisation, or does not. The answer goes to
 * the redirect URI without a code, and with the state of the request, if it had one.
 * https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
 */
export async function answerAdminConsent(
  parts: ConsentParts,
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

function grant({ directory }: ConsentParts, scopes: readonly string[]): void {
  for (const { objectId } of directory.list()) {
    directory.consent(objectId, ['openid', ...graphScopesOf(scopes)]);
  }
}

function answerFor(
  { refusals, tenantId }: ConsentParts,
  isGranted: boolean,
  scopes: readonly string[],
): Readonly<Record<string, string>> {
  const said = { admin_consent: 'True', tenant: tenantId };
  if (isGranted) return { ...said, scope: scopes.join(' ') };
  return { ...refusals.atRedirect({ code: 65004 }), ...said };
}
