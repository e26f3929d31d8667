import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { readBody } from '../loopback/read-body';
import { contextsOfClaims, contextsOfPolicies } from './access-policies';
import { sessionCookie, sessionSeconds } from './create-provider';
import type { AccessPolicies } from './create-control-panel';
import { graphScopesOf, readScopes } from './resources';
import { confirmPage } from './pages/confirm-page';
import { errorPage } from './pages/notice-pages';
import { accountPickerPage, consentPage } from './pages/sign-in-pages';
import type { SeededUser } from './seeded-user';
import { appName, askAgain, showPage } from './sign-in-exchange';
import type { Exchange, Interaction, SignInParts } from './sign-in-exchange';

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
