import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { readBody, respond } from '../loopback/server';
import type { Directory } from './accounts';
import type { SignInNotes } from './kept-state';
import { type AccessPolicies, contextsOfClaims, contextsOfPolicies } from './conditional-access';
import { accountPickerPage, confirmPage, consentPage, errorPage, pageHeaders } from './pages';
import { sessionCookie, sessionSeconds } from './provider';
import type { Refusals } from './refusals';
import { graphScopesOf, readScopes, type RegisteredClients } from './registrations';
import type { EntraPaths, EntraShape } from './shape';
import type { SeededUser } from './users';

interface Parts extends SignInParts {
  readonly accessPolicies: AccessPolicies;
}

/**
 * Account picker, confirmation and consent. The authorization request is in the query, and is made
 * again once the person has answered: signed in, or with consent given, it goes through without a
 * question.
 */
export async function answerSignIn(parts: Parts, ...exchange: Exchange): Promise<void> {
  const [request, response] = exchange;
  const interaction = await findInteraction(parts.provider, request, response);
  if (interaction === undefined) {
    const html = errorPage('This sign-in page has expired. Begin again in the app.');
    showPage(parts, response, 400, html);
  } else if (request.method !== 'POST') {
    showQuestion(parts, exchange, interaction);
  } else if (request.headers['sec-fetch-site'] === 'cross-site') {
    showPage(parts, response, 403, errorPage('This answer came from another site.'));
  } else {
    const form = new URLSearchParams(await readBody(request));
    if (interaction.prompt.name === 'consent') {
      await takeConsent(parts, exchange, interaction, form.get('consent'));
    } else if (interaction.prompt.name === 'confirm') {
      await takeConfirmation(parts, exchange, interaction, form.get('confirm'));
    } else if (form.has('leave')) {
      await refuse(parts, exchange, leaving(parts, form.get('leave')));
    } else {
      await takeAccount(parts, exchange, form.get('user') ?? '');
    }
  }
}

async function findInteraction(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Interaction | undefined> {
  try {
    return await provider.interactionDetails(request, response);
  } catch {
    return undefined;
  }
}

function showQuestion(parts: Parts, [, response, url]: Exchange, interaction: Interaction): void {
  const user = parts.directory.find(interaction.session?.accountId);
  const app = appName(parts, url);
  if (interaction.prompt.name === 'consent' && user !== undefined) {
    showPage(parts, response, 200, consentPage({ user, app, scopes: scopesOf(url) }));
  } else if (interaction.prompt.name === 'confirm' && user !== undefined) {
    showPage(parts, response, 200, confirmPage({ user, app }));
  } else {
    const disabled = interaction.prompt.reasons.includes('disabled');
    showPicker(parts, response, url, disabled ? parts.refusals.text(50057) : undefined);
  }
}

function showPicker(parts: Parts, response: ServerResponse, url: URL, refusal?: string): void {
  const { directory } = parts;
  const html = accountPickerPage({
    users: usersOfDomain(directory.list(), url.searchParams.get('domain_hint')),
    app: appName(parts, url),
    hasPasswordReset: parts.shape === 'b2c',
    hinted: directory.findByHint(hintOf(url)),
    ...(refusal === undefined ? {} : { refusal }),
  });
  showPage(parts, response, 200, html);
}

/** https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc: a person who must choose an account gets no hint. */
function hintOf({ searchParams }: URL): string {
  const isToChoose = searchParams.get('prompt') === 'select_account';
  return isToChoose ? '' : (searchParams.get('login_hint') ?? '');
}

/** Azure AD B2C sends a person who forgot the password back to the app, unless the user flow can reset it. */
function leaving({ shape }: Parts, how: string | null): string {
  return shape === 'b2c' && how === 'password' ? 'AADB2C90118' : 'AADSTS65004';
}

/** `domain_hint` leads to the accounts of that domain, where there are any; else it says nothing. */
function usersOfDomain(users: readonly SeededUser[], domain: string | null): readonly SeededUser[] {
  const suffix = `@${(domain ?? '').toLowerCase()}`;
  const found = users.filter(({ username }) => username.toLowerCase().endsWith(suffix));
  return found.length === 0 ? users : found;
}

async function takeAccount(parts: Parts, exchange: Exchange, objectId: string): Promise<void> {
  const [request, response, url] = exchange;
  const user = parts.directory.find(objectId);
  if (user === undefined || user.disabled) {
    showPicker(parts, response, url, parts.refusals.text(user === undefined ? 90014 : 50057));
    return;
  }
  await openSession(parts.provider, request, response, user);
  askAgain(parts, exchange, ['login_hint'], ['login', 'select_account']);
}

async function takeConsent(
  parts: Parts,
  exchange: Exchange,
  interaction: Interaction,
  answer: string | null,
): Promise<void> {
  const objectId = interaction.session?.accountId;
  if (answer !== 'accept' || objectId === undefined) {
    await refuse(parts, exchange, 'AADSTS65004');
    return;
  }
  parts.directory.consent(objectId, ['openid', ...scopesOf(exchange[2])]);
  askAgain(parts, exchange, [], ['consent']);
}

async function takeConfirmation(
  parts: Parts,
  exchange: Exchange,
  { session }: Interaction,
  answer: string | null,
): Promise<void> {
  const { directory, accessPolicies, notes } = parts;
  const user = directory.find(session?.accountId);
  if (answer !== 'yes' || user === undefined || session?.uid === undefined) {
    await refuse(parts, exchange, 'AADSTS500121');
    return;
  }
  const { searchParams } = exchange[2];
  const { acrs, clients } = notes.ofSession(session.uid);
  const confirmed = [
    ...acrs,
    ...contextsOfClaims(searchParams.get('claims')),
    ...contextsOfPolicies(accessPolicies.value, directory, user, scopesOf(exchange[2])),
  ];
  notes.keepSession(session.uid, { acrs: [...new Set(confirmed)], clients });
  askAgain(parts, exchange, [], []);
}

/** The app gets the refusal; shapeRedirect makes text of the code. */
async function refuse(
  { provider }: Parts,
  [request, response]: Exchange,
  code: string,
): Promise<void> {
  await provider.interactionFinished(request, response, {
    error: 'access_denied',
    error_description: code,
  });
}

/** Another person gets a session of their own, so that `sid` changes with the person. */
async function openSession(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  { objectId }: SeededUser,
): Promise<void> {
  const context = provider.createContext(request, response);
  const found = await provider.Session.get(context);
  const isAnothers = found.accountId !== undefined && found.accountId !== objectId;
  if (isAnothers) await found.destroy();
  const session = isAnothers ? new provider.Session() : found;
  session.loginAccount({ accountId: objectId });
  await session.save(sessionSeconds);
  context.cookies.set(sessionCookie, session.jti, { httpOnly: true, sameSite: 'lax' });
}

function scopesOf(url: URL): string[] {
  return graphScopesOf(readScopes(url.searchParams.get('scope')));
}

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
