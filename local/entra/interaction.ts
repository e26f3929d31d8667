import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { respond } from '../loopback/server';
import type { Directory } from './accounts';
import type { SignInNotes } from './kept-state';
import { pageHeaders } from './page-frame';
import { sessionCookie, sessionSeconds } from './provider';
import type { Refusals } from './refusals';
import type { ExposedApi, RegisteredClients } from './registrations';
import { permissionsOf, readScopes } from './scopes';
import { entraPaths, type EntraShape } from './shape';
import type { Tenants } from './tenants';
import type { SeededUser } from './users';

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
