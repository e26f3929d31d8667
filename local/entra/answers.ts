import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { isObject } from '../../src/bodies';
import { isString } from '../loopback/control';
import { readBody, respond } from '../loopback/server';
import type { TokenIssuer } from './access-tokens';
import type { Directory } from './accounts';
import { idTokenClaimsOf, permissionsOf, readScopes, sortScopes, withoutDefault } from './scopes';
import type { SignInNotes } from './kept-state';
import { adminConsentPage, errorPage, pageHeaders, signedOutPage } from './pages';
import { sessionCookie } from './provider';
import {
  correlationIdOf,
  entraErrorNumberOf,
  EntraRefusal,
  type Refusals,
  tokenHeaders,
} from './refusals';
import { consumersTenantId, guidOf, type RegisteredClients } from './registrations';
import { lengthenCode } from './requests';
import { appName, showPage, type SignInContext } from './sign-in';
import { cloudOf, type Tenants } from './tenants';
import { clientInfoOf, issueTokens } from './tokens';
import { type EntraErrorNumber, entraErrors } from './error-numbers';

interface AnswerContext {
  readonly directory: Directory;
  readonly clients: RegisteredClients;
  readonly notes: SignInNotes;
  readonly issuer: TokenIssuer;
  readonly refusals: Refusals;
  readonly tenants: Tenants;
}

/** Changes the answers of oidc-provider to those of Microsoft Entra ID. */
export function answerAsEntra(provider: Provider, standIn: AnswerContext): void {
  const failures = new WeakMap<object, unknown>();
  const note = (context: object, error: unknown) => {
    failures.set(context, error);
  };
  provider.on('grant.error', note);
  provider.on('authorization.error', note);
  provider.on('server_error', (context, error) => {
    console.error(error);
    note(context, error);
  });

  provider.use(async (context: KoaContextWithOIDC, next) => {
    await next();
    if (!('oidc' in context)) return;
    const failure = failures.get(context);
    if (context.oidc.route === 'token') {
      if (context.status === 200) await answerTokens(context, standIn);
      else answerTokenError(context, standIn, failure);
    } else if (context.status === 303) {
      shapeRedirect(context, standIn, failure);
    }
  });
}

async function answerTokens(context: KoaContextWithOIDC, standIn: AnswerContext): Promise<void> {
  const { AuthorizationCode: code, RefreshToken: refreshToken } = context.oidc.entities;
  const source = code ?? refreshToken;
  if (source === undefined && isObject(context.body)) {
    // The grants without a browser have made the whole answer themselves.
    context.set({ ...tokenHeaders(0) });
    return;
  }
  const user = standIn.directory.find(source?.accountId);
  const client = standIn.clients.find(source?.clientId);
  if (source === undefined || user === undefined || client === undefined) {
    throw new EntraRefusal(70000);
  }
  const { claims, scope } = context.oidc.body ?? {};
  const note = standIn.notes.ofGrant(source.jti);
  if (code !== undefined && refreshToken !== undefined) {
    // What was asked for once is not asked for at each refresh.
    standIn.notes.keepGrant(refreshToken.jti, { ...note, idTokenClaims: [] });
  }
  const { tenants } = standIn;
  const authority = tenants.of(context.req);
  // Azure AD B2C has refresh tokens for each user flow as well.
  const isBound = code !== undefined || authority.flow !== undefined;
  const isElsewhere = isBound && note.authority !== authority.name;
  if (isElsewhere || !tenants.accepts(authority, user)) {
    answerTokenError(context, standIn, new EntraRefusal(isElsewhere ? 700005 : 50020));
    return;
  }
  const scopes = readScopes(scope);
  const asked = sortScopes(scopes.length > 0 ? scopes : oneResourceOf(note.scopes));
  if (standIn.directory.missingConsent(user.objectId, asked.permissions).length > 0) {
    answerTokenError(context, standIn, new EntraRefusal(65001));
    return;
  }
  context.set({ ...tokenHeaders(0) });
  context.body = await issueTokens(standIn.issuer, {
    client,
    user,
    asked,
    agreed: standIn.directory.agreed(user.objectId),
    acrs: note.acrs,
    authTime: note.authTime,
    ...(authority.flow === undefined ? {} : { flow: authority.flow }),
    idTokenClaims: [...(note.idTokenClaims ?? []), ...idTokenClaimsOf(claims)],
    // `max_age` does not shorten a token that comes by a refresh.
    ...(code === undefined || note.maxAge === undefined ? {} : { maxAge: note.maxAge }),
    ...(source.sessionUid === undefined ? {} : { sid: sessionIdOf(source.sessionUid) }),
    ...(code?.nonce === undefined ? {} : { nonce: code.nonce }),
    ...refreshTokenOf(context.body),
    ...(isString(claims) ? { claims } : {}),
    now: Math.floor(Date.now() / 1000),
  });
}

/** A person can consent to scopes of several APIs at once, but a token is for one API: the first. */
function oneResourceOf(scopes: readonly string[]): readonly string[] {
  const [resource] = sortScopes(scopes).resources;
  return scopes.filter((scope) => {
    const [own] = sortScopes([scope]).resources;
    return own === undefined || own === resource;
  });
}

function refreshTokenOf(body: unknown): { refreshToken?: string } {
  const token = isObject(body) ? body['refresh_token'] : undefined;
  return isString(token) ? { refreshToken: token } : {};
}

function answerTokenError(
  context: KoaContextWithOIDC,
  { refusals }: AnswerContext,
  failure: unknown,
): void {
  const { claims, otherError: error } = failure instanceof EntraRefusal ? failure : {};
  const { status, headers, body } = refusals.atToken(
    {
      code: entraErrorNumberOf(failure),
      ...(claims === undefined ? {} : { claims }),
      ...(error === undefined ? {} : { error }),
    },
    correlationIdOf(context.req.headers, new URL(context.href)),
  );
  context.status = status;
  context.set({ ...headers });
  context.body = body;
}

function shapeRedirect(
  context: KoaContextWithOIDC,
  standIn: AnswerContext,
  failure: unknown,
): void {
  const { oidc } = context;
  context.status = 302;
  const code = oidc.entities.AuthorizationCode;
  if (code === undefined && failure === undefined) return;
  const url = new URL(context.response.get('Location'));
  url.searchParams.delete('iss');
  if (failure === undefined) {
    const user = standIn.directory.find(oidc.session?.accountId);
    if (code !== undefined) {
      noteSignIn(context, standIn, code.jti);
      const short = url.searchParams.get('code') ?? '';
      const isPersonal = user?.tenantId === consumersTenantId;
      const { value: length } = standIn.issuer.faults.codeLength;
      url.searchParams.set('code', lengthenCode(short, length, isPersonal));
    }
    if (user !== undefined && context.query['client_info'] === '1') {
      url.searchParams.set('client_info', clientInfoOf(user, standIn.tenants.of(context.req).flow));
    }
    url.searchParams.set('session_state', sessionIdOf(oidc.session?.uid ?? ''));
  } else {
    describeError(standIn.refusals, url.searchParams, failure);
  }
  context.set('Location', url.href);
  context.body = '';
}

function noteSignIn(
  { oidc, query, req }: KoaContextWithOIDC,
  standIn: AnswerContext,
  codeId: string,
) {
  const { uid = '' } = oidc.session ?? {};
  const session = standIn.notes.ofSession(uid);
  const maxAge = Number(query['max_age'] ?? NaN);
  standIn.notes.keepGrant(codeId, {
    scopes: readScopes(query['scope']),
    acrs: session.acrs,
    authTime: oidc.session?.loginTs ?? 0,
    idTokenClaims: idTokenClaimsOf(query['claims']),
    authority: standIn.tenants.of(req).name,
    ...(Number.isSafeInteger(maxAge) ? { maxAge } : {}),
  });
  const clientId = oidc.client?.clientId ?? '';
  const clients = [...new Set([...session.clients, clientId])];
  standIn.notes.keepSession(uid, { ...session, clients });
}

/** The sign-in pages give a code. A refusal of oidc-provider has none yet. */
function describeError(refusals: Refusals, params: URLSearchParams, failure: unknown): void {
  const named = params.get('error_description') ?? '';
  const number = Number(/^AADSTS(\d+)$/.exec(named)?.[1]);
  const own = isEntraErrorNumber(number) ? number : entraErrorNumberOf(failure);
  const code = /^AADB2C\d+$/.test(named) ? named : own;
  const said = refusals.atRedirect({ code }, params.get('error') ?? undefined);
  for (const [name, value] of Object.entries(said)) params.set(name, value);
}

/** `sid`: a GUID, the same in one browser session. Nobody can compute the cookie from it. */
function sessionIdOf(sessionUid: string): string {
  return guidOf(`sid|${sessionUid}`);
}

interface LogoutContext {
  readonly provider: Provider;
  readonly clients: RegisteredClients;
  readonly notes: SignInNotes;
}

/**
 * Ends the browser's session without a question, as Microsoft Entra ID does with a `logout_hint`. A frame tells each app of
 * the session that registered a front-channel logout URL. The browser then goes on, but only to a registered address.
 */
export async function answerLogout(
  { provider, clients, notes }: LogoutContext,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const context = provider.createContext(request, response);
  const session = await provider.Session.get(context);
  const frames = session.accountId === undefined ? [] : framesOf(clients, notes, session.uid);
  await session.destroy();
  context.cookies.set(sessionCookie, null);

  const next = nextOf(clients, url);
  if (next !== undefined && frames.length === 0) {
    response.writeHead(302, { Location: next, 'Cache-Control': 'no-store' }).end();
    return;
  }
  const html = signedOutPage({ frames, ...(next === undefined ? {} : { next }) });
  const origins = frames.map((frame) => new URL(frame).origin);
  respond(response, 200, html, pageHeaders(origins));
}

function framesOf(clients: RegisteredClients, notes: SignInNotes, sessionUid: string): string[] {
  const signedIn = notes.ofSession(sessionUid).clients;
  return clients.all.flatMap(({ id, frontChannelLogoutUri }) => {
    if (frontChannelLogoutUri === undefined || !signedIn.includes(id)) return [];
    const frame = new URL(frontChannelLogoutUri);
    frame.searchParams.set('sid', sessionIdOf(sessionUid));
    return [frame.href];
  });
}

function nextOf(clients: RegisteredClients, url: URL): string | undefined {
  const asked = url.searchParams.get('post_logout_redirect_uri');
  const isRegistered = clients.all.some(({ postLogoutRedirectUris }) =>
    postLogoutRedirectUris.includes(asked ?? ''),
  );
  if (asked === null || !isRegistered) return undefined;
  const next = new URL(asked);
  const state = url.searchParams.get('state');
  if (state !== null) next.searchParams.set('state', state);
  return next.href;
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

function isEntraErrorNumber(input: unknown): input is EntraErrorNumber {
  return typeof input === 'number' && Object.hasOwn(entraErrors, input);
}
