import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { spend } from '../loopback/control';
import { readBody, respond } from '../loopback/server';
import type { Directory } from './accounts';
import { type EntraFaults, type OrderedRefusal, readOrder, registrationFaults } from './faults';
import type { SignInNotes } from './kept-state';
import { adminConsentPage, errorPage, pageHeaders } from './pages';
import { sessionCookie, sessionSeconds } from './provider';
import type { Refusals } from './refusals';
import type { ExposedApi, RegisteredClients, SeededUser } from './registrations';
import {
  cloudOf,
  entraPaths,
  type EntraShape,
  notForConsumers,
  refusalOfAudience,
  type Tenants,
} from './tenants';
import { permissionsOf, readScopes, refusalOfScopes, sortScopes, withoutDefault } from './scopes';

interface Context {
  readonly faults: EntraFaults;
  readonly clients: RegisteredClients;
  readonly refusals: Refusals;
  readonly shape: EntraShape;
  readonly apis: readonly ExposedApi[];
  readonly tenants: Tenants;
}

/**
 * Refuses an authorization request for what oidc-provider does not check: its length and its scopes. Also gives the refusal
 * that is set.
 * @returns true when it was answered
 */
export function refuseAuthorization(
  standIn: Context,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): boolean {
  const { faults, refusals, tenants } = standIn;
  if (url.search.length - 1 > faults.longestQuery.value) {
    // On a page: a query that is too long is not read, so the redirect URI is not known.
    respond(response, 400, errorPage(refusals.text(90015)), pageHeaders([]));
    return true;
  }
  const wrong = registrationFaults[faults.registration.value];
  if ('onPage' in wrong) {
    respond(response, 400, errorPage(refusals.text(wrong.onPage)), pageHeaders([]));
    return true;
  }
  const redirectUri = url.searchParams.get('redirect_uri') ?? '';
  const client = standIn.clients.find(url.searchParams.get('client_id'));
  if (client?.redirectUris.includes(redirectUri) !== true) return false;
  const unfit = refusalOfAudience(tenants, tenants.of(request), client);
  if (unfit === 'consumers' || unfit === 700016) {
    // On a page: the tenant does not know the app, and so not its redirect URIs.
    const text = unfit === 'consumers' ? notForConsumers : refusals.text(unfit);
    respond(response, 400, errorPage(text), pageHeaders([]));
    return true;
  }
  const ofAudience = unfit === undefined ? undefined : { code: unfit };
  const refusal = orderedRefusal(faults) ?? ofAudience ?? unknownScopes(standIn, url);
  if (refusal === undefined) return false;
  sendBack(refusals, response, { refusal, redirectUri, state: url.searchParams.get('state') });
  return true;
}

function orderedRefusal({ signInError, signInTimes }: EntraFaults): OrderedRefusal | undefined {
  const order = readOrder(signInError.value);
  return order !== undefined && spend(signInTimes) ? order : undefined;
}

function unknownScopes(standIn: Context, url: URL): OrderedRefusal | undefined {
  const asked = sortScopes(readScopes(url.searchParams.get('scope')));
  const code = refusalOfScopes(standIn, asked);
  return code === undefined ? undefined : { code };
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

interface ConsentContext extends SignInContext {
  readonly tenantId: string;
}

/**
 * Admin consent: an administrator agrees for the whole organisation, or does not. The answer at the redirect URI has no
 * code. It has the state of the request, if there was one.
 * https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
 */
export async function answerAdminConsent(
  standIn: ConsentContext,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const { searchParams } = url;
  const client = standIn.clients.find(searchParams.get('client_id'));
  const redirectUri = searchParams.get('redirect_uri') ?? client?.redirectUris[0] ?? '';
  if (client === undefined || !client.redirectUris.includes(redirectUri)) {
    const number = client === undefined ? 700016 : 50011;
    showPage(standIn, response, 400, errorPage(standIn.refusals.text(number)));
    return;
  }
  const asked = readScopes(searchParams.get('scope'));
  const { graph } = cloudOf(standIn.shape);
  const scopes = asked.length === 0 ? [`${graph}/User.Read`] : asked;
  if (request.method !== 'POST') {
    const permissions = permissionsOf(scopes);
    const page = adminConsentPage({ app: appName(standIn, url), scopes: permissions });
    showPage(standIn, response, 200, page);
    return;
  }
  if (request.headers['sec-fetch-site'] === 'cross-site') {
    showPage(standIn, response, 403, errorPage('This answer came from another site.'));
    return;
  }
  const form = new URLSearchParams(await readBody(request));
  const isGranted = form.get('consent') === 'accept';
  if (isGranted) grant(standIn, scopes);
  const answer = new URL(redirectUri);
  for (const [name, value] of Object.entries(answerFor(standIn, isGranted, scopes))) {
    answer.searchParams.set(name, value);
  }
  const state = searchParams.get('state');
  if (state !== null) answer.searchParams.set('state', state);
  response.writeHead(302, { Location: answer.href, 'Cache-Control': 'no-store' }).end();
}

function grant({ directory, apis }: ConsentContext, scopes: readonly string[]): void {
  for (const { objectId } of directory.list()) {
    directory.consent(objectId, ['openid', ...withoutDefault(apis, permissionsOf(scopes))]);
  }
}

function answerFor(
  { refusals, tenantId }: ConsentContext,
  isGranted: boolean,
  scopes: readonly string[],
): Readonly<Record<string, string>> {
  const said = { admin_consent: 'True', tenant: tenantId };
  if (isGranted) return { ...said, scope: scopes.join(' ') };
  return { ...refusals.atRedirect({ code: 65004 }), ...said };
}

export interface SignInContext {
  readonly provider: Provider;
  readonly directory: Directory;
  readonly notes: SignInNotes;
  readonly clients: RegisteredClients;
  readonly refusals: Refusals;
  readonly shape: EntraShape;
  readonly apis: readonly ExposedApi[];
  readonly tenants: Tenants;
}

/** A request to a sign-in page. The authorization request is in the query of `url`. */
export interface HttpContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

export type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

/** Sends the app a refusal. `shapeRedirect` makes text from the code. */
export async function refuse(
  { provider }: SignInContext,
  { request, response }: HttpContext,
  code: string,
): Promise<void> {
  await provider.interactionFinished(request, response, {
    error: 'access_denied',
    error_description: code,
  });
}

/**
 * Another person gets a new session, so that `sid` changes with the person.
 * @returns the `uid` of the session
 */
export async function openSession(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  { objectId }: SeededUser,
): Promise<string> {
  const context = provider.createContext(request, response);
  const found = await provider.Session.get(context);
  const isAnothers = found.accountId !== undefined && found.accountId !== objectId;
  if (isAnothers) await found.destroy();
  const session = isAnothers ? new provider.Session() : found;
  session.loginAccount({ accountId: objectId });
  await session.save(sessionSeconds);
  context.cookies.set(sessionCookie, session.jti, { httpOnly: true, sameSite: 'lax' });
  return session.uid;
}

export function scopesOf(url: URL): string[] {
  return permissionsOf(readScopes(url.searchParams.get('scope')));
}

/** Makes the authorization request again without what has been answered. */
export function askAgain(
  { tenants }: SignInContext,
  { request, response, url }: HttpContext,
  answered: readonly string[],
  answeredPrompts: readonly string[],
): void {
  const query = new URLSearchParams(url.searchParams);
  for (const name of answered) query.delete(name);
  // With 0 the provider would ask again at once, though the person has just signed in.
  if (query.get('max_age') === '0') query.set('max_age', '3600');
  const prompts = (query.get('prompt') ?? '').split(' ');
  const left = prompts.filter((prompt) => prompt !== '' && !answeredPrompts.includes(prompt));
  if (left.length === 0) query.delete('prompt');
  else query.set('prompt', left.join(' '));
  const { authorize } = entraPaths(tenants.of(request).name);
  response.writeHead(303, { Location: `${authorize}?${query}` }).end();
}

/** The name of the app on the pages: the host of its redirect URI. */
export function appName({ clients }: SignInContext, url: URL): string {
  const client = clients.find(url.searchParams.get('client_id'));
  const [redirectUri] = client?.redirectUris ?? [];
  return redirectUri === undefined ? (client?.id ?? '') : new URL(redirectUri).host;
}

/** A page with a form whose answer may redirect to the registered apps. */
export function showPage(
  { clients }: SignInContext,
  response: ServerResponse,
  status: number,
  html: string,
): void {
  const uris = clients.all.flatMap(({ redirectUris }) => redirectUris);
  respond(response, status, html, pageHeaders(uris.map((uri) => new URL(uri).origin)));
}
