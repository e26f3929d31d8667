import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { readBody } from '../loopback/read-body';
import { respond } from '../loopback/respond';
import { sessionCookie, sessionSeconds } from './create-provider';
import type { Directory } from './directory';
import { entraErrorText } from './entra-error';
import type { EntraPaths } from './entra-paths';
import type { AppRegistration } from './entra-stand-in-options';
import { graphScopesOf, readScopes } from './issue-tokens';
import { errorPage } from './pages/notice-pages';
import { pageHeaders } from './pages/page';
import { accountPickerPage, consentPage } from './pages/sign-in-pages';
import type { SeededUser } from './seeded-user';

export interface SignInParts {
  readonly provider: Provider;
  readonly directory: Directory;
  readonly paths: EntraPaths;
  readonly client: AppRegistration;
}

type Exchange = readonly [request: IncomingMessage, response: ServerResponse, url: URL];

/**
 * Account picker and consent. The authorization request is in the query, and is made again once the
 * person has answered: signed in, or with consent given, it goes through without a question.
 */
export async function answerSignIn(parts: SignInParts, ...exchange: Exchange): Promise<void> {
  const [request, response] = exchange;
  const interaction = await findInteraction(parts.provider, request, response);
  if (interaction === undefined) {
    showPage(
      parts,
      response,
      400,
      errorPage('This sign-in page has expired. Begin again in the app.'),
    );
  } else if (request.method !== 'POST') {
    showQuestion(parts, exchange, interaction);
  } else if (request.headers['sec-fetch-site'] === 'cross-site') {
    showPage(parts, response, 403, errorPage('This answer came from another site.'));
  } else {
    const form = new URLSearchParams(await readBody(request));
    if (interaction.prompt.name === 'consent') {
      await takeConsent(parts, exchange, interaction, form.get('consent'));
    } else {
      await takeAccount(parts, exchange, form.get('user') ?? '');
    }
  }
}

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

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

function showQuestion(
  parts: SignInParts,
  [, response, url]: Exchange,
  interaction: Interaction,
): void {
  const user = parts.directory.find(interaction.session?.accountId);
  if (interaction.prompt.name === 'consent' && user !== undefined) {
    const scopes = scopesOf(url);
    showPage(parts, response, 200, consentPage({ user, app: appName(parts), scopes }));
    return;
  }
  const disabled = interaction.prompt.reasons.includes('disabled');
  showPicker(parts, response, url, disabled ? entraErrorText(50057) : undefined);
}

function showPicker(
  parts: SignInParts,
  response: ServerResponse,
  url: URL,
  refusal?: string,
): void {
  const { directory } = parts;
  const html = accountPickerPage({
    users: directory.list(),
    app: appName(parts),
    hinted: directory.findByHint(url.searchParams.get('login_hint') ?? ''),
    ...(refusal === undefined ? {} : { refusal }),
  });
  showPage(parts, response, 200, html);
}

async function takeAccount(
  parts: SignInParts,
  exchange: Exchange,
  objectId: string,
): Promise<void> {
  const [request, response, url] = exchange;
  const user = parts.directory.find(objectId);
  if (user === undefined || user.disabled) {
    showPicker(parts, response, url, entraErrorText(user === undefined ? 90014 : 50057));
    return;
  }
  await openSession(parts.provider, request, response, user);
  askAgain(parts, exchange, ['login_hint', 'max_age'], ['login', 'select_account']);
}

async function takeConsent(
  parts: SignInParts,
  exchange: Exchange,
  interaction: Interaction,
  answer: string | null,
): Promise<void> {
  const [request, response, url] = exchange;
  const objectId = interaction.session?.accountId;
  if (answer !== 'accept' || objectId === undefined) {
    await parts.provider.interactionFinished(request, response, {
      error: 'access_denied',
      error_description: 'AADSTS65004',
    });
    return;
  }
  parts.directory.consent(objectId, ['openid', ...scopesOf(url)]);
  askAgain(parts, exchange, [], ['consent']);
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

function askAgain(
  { paths }: SignInParts,
  [, response, url]: Exchange,
  answered: readonly string[],
  answeredPrompts: readonly string[],
): void {
  const query = new URLSearchParams(url.searchParams);
  for (const name of answered) query.delete(name);
  const prompts = (query.get('prompt') ?? '').split(' ');
  const left = prompts.filter((prompt) => prompt !== '' && !answeredPrompts.includes(prompt));
  if (left.length === 0) query.delete('prompt');
  else query.set('prompt', left.join(' '));
  response.writeHead(303, { Location: `${paths.authorize}?${query}` }).end();
}

function scopesOf(url: URL): string[] {
  return graphScopesOf(readScopes(url.searchParams.get('scope')));
}

function appName({ client }: SignInParts): string {
  const [redirectUri] = client.redirectUris;
  return redirectUri === undefined ? client.id : new URL(redirectUri).host;
}

function showPage(
  { client }: SignInParts,
  response: ServerResponse,
  status: number,
  html: string,
): void {
  const origins = client.redirectUris.map((uri) => new URL(uri).origin);
  respond(response, status, html, pageHeaders(origins));
}
