import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { readBody, respond } from '../loopback/server';
import {
  adminPermissionsOf,
  contextsOfClaims,
  contextsOfPolicies,
  permissionsOf,
  readScopes,
  withoutDefault,
} from './scopes';
import {
  accountPickerPage,
  confirmPage,
  consentPage,
  editProfilePage,
  errorPage,
  needApprovalPage,
  pageHeaders,
  resetPasswordPage,
} from './pages';
import {
  readFlowPrompt,
  sessionCookie,
  sessionSeconds,
  type SignInPolicyContext,
} from './provider';
import type { Refusals } from './refusals';
import { entraPaths, type EntraShape, isOffered, notForConsumers } from './tenants';
import {
  consumersTenantId,
  type ExposedApi,
  type RegisteredClients,
  type SeededUser,
} from './registrations';

export interface SignInContext extends SignInPolicyContext {
  readonly provider: Provider;
  readonly clients: RegisteredClients;
  readonly refusals: Refusals;
  readonly shape: EntraShape;
  readonly apis: readonly ExposedApi[];
}

/** A request to a sign-in page. The authorization request is in the query of `url`. */
export interface HttpContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

/**
 * Account picker, confirmation and consent. The authorization request is in the query. When the person has answered, it is
 * made again and then passes without a question.
 */
export async function answerSignIn(standIn: SignInContext, http: HttpContext): Promise<void> {
  const { request, response } = http;
  const found = standIn.provider.interactionDetails(request, response);
  // Rejects when there is none.
  const interaction = await found.catch(() => undefined);
  if (interaction === undefined) {
    const html = errorPage('This sign-in page has expired. Begin again in the app.');
    showPage(standIn, response, 400, html);
  } else if (request.method !== 'POST') {
    showQuestion(standIn, http, interaction);
  } else if (request.headers['sec-fetch-site'] === 'cross-site') {
    showPage(standIn, response, 403, errorPage('This answer came from another site.'));
  } else {
    const form = new URLSearchParams(await readBody(request));
    if (isFlowPrompt(interaction)) {
      await takeFlow(standIn, http, interaction, form);
    } else if (interaction.prompt.name === 'consent') {
      await takeConsent(standIn, http, interaction, form.get('consent'));
    } else if (interaction.prompt.name === 'confirm') {
      await takeConfirmation(standIn, http, interaction, form.get('confirm'));
    } else if (form.has('leave')) {
      await refuse(standIn, http, leaving(standIn, form.get('leave')));
    } else {
      await takeAccount(standIn, http, form.get('user') ?? '');
    }
  }
}

function showQuestion(standIn: SignInContext, http: HttpContext, interaction: Interaction): void {
  const { response, url } = http;
  const user = standIn.directory.find(interaction.session?.accountId);
  const app = appName(standIn, url);
  if (isFlowPrompt(interaction)) {
    showFlow(standIn, http, interaction);
  } else if (interaction.prompt.name === 'consent' && user !== undefined) {
    const scopes = scopesOf(url);
    const page = isAdminNeeded(standIn, user, scopes) ? needApprovalPage : consentPage;
    showPage(standIn, response, 200, page({ user, app, scopes }));
  } else if (interaction.prompt.name === 'confirm' && user !== undefined) {
    showPage(standIn, response, 200, confirmPage({ user, app }));
  } else {
    const disabled = interaction.prompt.reasons.includes('disabled');
    showPicker(standIn, http, disabled ? standIn.refusals.text(50057) : undefined);
  }
}

function showPicker(standIn: SignInContext, http: HttpContext, refusal?: string): void {
  const { response, url } = http;
  const users = usersAt(standIn, http);
  const html = accountPickerPage({
    users: usersOfDomain(users, url.searchParams.get('domain_hint')),
    app: appName(standIn, url),
    hasPasswordReset: standIn.shape === 'b2c',
    hinted: standIn.directory.findByHint(hintOf(url), (user) => users.includes(user)),
    ...(refusal === undefined ? {} : { refusal }),
  });
  showPage(standIn, response, 200, html);
}

/** The accounts that the address of the request offers. */
function usersAt({ directory, tenants }: SignInContext, { request }: HttpContext) {
  const authority = tenants.of(request);
  return directory.list().filter((user) => isOffered(tenants, authority, user));
}

/** https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc: a person who must choose an account gets no hint. */
function hintOf({ searchParams }: URL): string {
  const isToChoose = searchParams.get('prompt') === 'select_account';
  return isToChoose ? '' : (searchParams.get('login_hint') ?? '');
}

/** Azure AD B2C sends a person who forgot the password back to the app, unless the user flow can reset it. */
function leaving({ shape }: SignInContext, how: string | null): string {
  return shape === 'b2c' && how === 'password' ? 'AADB2C90118' : 'AADSTS65004';
}

/** The accounts of the domain in `domain_hint`, or of the kind that it names; all accounts when there are none. */
function usersOfDomain(users: readonly SeededUser[], domain: string | null): readonly SeededUser[] {
  if (domain === 'consumers' || domain === 'organizations') {
    const isPersonal = domain === 'consumers';
    return users.filter(({ tenantId }) => (tenantId === consumersTenantId) === isPersonal);
  }
  const suffix = `@${(domain ?? '').toLowerCase()}`;
  const found = users.filter(({ username }) => username.toLowerCase().endsWith(suffix));
  return found.length === 0 ? users : found;
}

async function takeAccount(
  standIn: SignInContext,
  http: HttpContext,
  objectId: string,
): Promise<void> {
  const user = standIn.directory.find(objectId);
  const refusal = refusalOfAccount(standIn, http, user);
  if (user === undefined || refusal !== undefined) {
    showPicker(standIn, http, refusal);
    return;
  }
  await openSession(standIn, http, user);
  askAgain(standIn, http, ['login_hint'], ['login', 'select_account', 'create']);
}

/** Why this account cannot be chosen, in the words of the page. */
function refusalOfAccount(
  { refusals, tenants, clients }: SignInContext,
  { request, url }: HttpContext,
  user: SeededUser | undefined,
): string | undefined {
  if (user === undefined) return refusals.text(90014);
  if (user.disabled) return refusals.text(50057);
  if (!tenants.accepts(tenants.of(request), user)) return refusals.text(50020);
  const client = clients.find(url.searchParams.get('client_id'));
  const isForAll = client?.signInAudience === 'AzureADandPersonalMicrosoftAccount';
  return user.tenantId !== consumersTenantId || isForAll ? undefined : notForConsumers;
}

async function takeConsent(
  standIn: SignInContext,
  http: HttpContext,
  interaction: Interaction,
  answer: string | null,
): Promise<void> {
  const user = standIn.directory.find(interaction.session?.accountId);
  const scopes = scopesOf(http.url);
  if (user !== undefined && isAdminNeeded(standIn, user, scopes)) {
    await refuse(standIn, http, 'AADSTS90094');
    return;
  }
  if (answer !== 'accept' || user === undefined) {
    await refuse(standIn, http, 'AADSTS65004');
    return;
  }
  const agreed = withoutDefault(standIn.apis, scopes);
  standIn.directory.consent(user.objectId, ['openid', ...agreed]);
  askAgain(standIn, http, [], ['consent']);
}

/** Whether the person cannot agree to the scopes alone: https://learn.microsoft.com/entra/identity/enterprise-apps/configure-user-consent */
function isAdminNeeded(
  { directory, apis }: SignInContext,
  user: SeededUser,
  scopes: readonly string[],
): boolean {
  const missing = directory.missingConsent(user.objectId, scopes);
  return user.isAdministrator !== true && adminPermissionsOf(apis, missing).length > 0;
}

async function takeConfirmation(
  standIn: SignInContext,
  http: HttpContext,
  { session }: Interaction,
  answer: string | null,
): Promise<void> {
  const { directory, accessPolicies, notes } = standIn;
  const user = directory.find(session?.accountId);
  if (answer !== 'yes' || user === undefined || session?.uid === undefined) {
    await refuse(standIn, http, 'AADSTS500121');
    return;
  }
  const { searchParams } = http.url;
  const note = notes.ofSession(session.uid);
  const confirmed = [
    ...note.acrs,
    ...contextsOfClaims(searchParams.get('claims')),
    ...contextsOfPolicies(accessPolicies.value, directory, user, scopesOf(http.url)),
  ];
  notes.keepSession(session.uid, { ...note, acrs: [...new Set(confirmed)] });
  askAgain(standIn, http, [], []);
}

/** Whether the page is one of the user flows of Azure AD B2C that change an account. */
function isFlowPrompt({ prompt }: Interaction): boolean {
  return readFlowPrompt(prompt.name) !== undefined;
}

/** Shows the page: a new password for an account, or the name in the profile. */
function showFlow(
  standIn: SignInContext,
  http: HttpContext,
  { prompt, session }: Interaction,
): void {
  const { response } = http;
  const app = appName(standIn, http.url);
  const user = standIn.directory.find(session?.accountId);
  if (readFlowPrompt(prompt.name) === 'edit' && user !== undefined) {
    showPage(standIn, response, 200, editProfilePage({ user, app }));
    return;
  }
  showPage(standIn, response, 200, resetPasswordPage({ users: usersAt(standIn, http), app }));
}

/**
 * Does what the form asks, and goes back to the app with a code of this user flow. A person who cancels goes back with
 * AADB2C90091.
 */
async function takeFlow(
  standIn: SignInContext,
  http: HttpContext,
  { prompt, session }: Interaction,
  form: URLSearchParams,
): Promise<void> {
  const { directory, notes } = standIn;
  const isEdit = readFlowPrompt(prompt.name) === 'edit';
  const user = directory.find(isEdit ? session?.accountId : (form.get('user') ?? ''));
  const name = (form.get('name') ?? '').trim();
  const isChanged = user !== undefined && (!isEdit || directory.change(user.objectId, { name }));
  if (form.has('leave') || user === undefined || user.disabled || !isChanged) {
    await refuse(standIn, http, 'AADB2C90091');
    return;
  }
  const uid = await openSession(standIn, http, user);
  // This request has had its answer. The next one shows the page again.
  const doneFlow = http.url.searchParams.get('code_challenge') ?? '';
  notes.keepSession(uid, { ...notes.ofSession(uid), doneFlow });
  askAgain(standIn, http, ['login_hint'], ['login', 'select_account', 'create']);
}

/** Sends the app a refusal. `shapeRedirect` makes text from the code. */
async function refuse(
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
async function openSession(
  { provider }: SignInContext,
  { request, response }: HttpContext,
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

function scopesOf(url: URL): string[] {
  return permissionsOf(readScopes(url.searchParams.get('scope')));
}

/** Makes the authorization request again without what has been answered. */
function askAgain(
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
