import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { respond } from '../loopback/respond';
import type { Directory } from './directory';
import type { EntraPaths, EntraShape } from './entra-shape';
import { pageHeaders } from './pages/page';
import type { Refusals } from './refusals';
import type { RegisteredClients } from './registered-clients';
import type { SignInNotes } from './sign-in-notes';

export interface SignInParts {
  readonly provider: Provider;
  readonly directory: Directory;
  readonly notes: SignInNotes;
  readonly paths: EntraPaths;
  readonly clients: RegisteredClients;
  readonly refusals: Refusals;
  readonly shape: EntraShape;
}

/** What asks the person something: the authorization request is in the query of `url`. */
export type Exchange = readonly [request: IncomingMessage, response: ServerResponse, url: URL];

export type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

/** Makes the authorization request again without what has been answered. */
export function askAgain(
  { paths }: SignInParts,
  [, response, url]: Exchange,
  answered: readonly string[],
  answeredPrompts: readonly string[],
): void {
  const query = new URLSearchParams(url.searchParams);
  for (const name of answered) query.delete(name);
  // 0 means "now". The person has just signed in, so it must not ask again.
  if (query.get('max_age') === '0') query.set('max_age', '3600');
  const prompts = (query.get('prompt') ?? '').split(' ');
  const left = prompts.filter((prompt) => prompt !== '' && !answeredPrompts.includes(prompt));
  if (left.length === 0) query.delete('prompt');
  else query.set('prompt', left.join(' '));
  response.writeHead(303, { Location: `${paths.authorize}?${query}` }).end();
}

/** How the app of the request is called on the pages: by its host. */
export function appName({ clients }: SignInParts, url: URL): string {
  const client = clients.find(url.searchParams.get('client_id'));
  const [redirectUri] = client?.redirectUris ?? [];
  return redirectUri === undefined ? (client?.id ?? '') : new URL(redirectUri).host;
}

/** A page whose form may be redirected to the registered apps. */
export function showPage(
  { clients }: SignInParts,
  response: ServerResponse,
  status: number,
  html: string,
): void {
  const uris = clients.all.flatMap(({ redirectUris }) => redirectUris);
  respond(response, status, html, pageHeaders(uris.map((uri) => new URL(uri).origin)));
}
