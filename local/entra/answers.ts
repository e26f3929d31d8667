import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { isObject } from '../../src/json';
import { isString } from '../loopback/control';
import { respond } from '../loopback/server';
import type { Directory } from './accounts';
import type { SignInNotes } from './kept-state';
import { pageHeaders, signedOutPage } from './pages';
import { sessionCookie } from './provider';
import {
  correlationIdOf,
  entraErrorNumberOf,
  EntraRefusal,
  isEntraErrorNumber,
  type Refusals,
  tokenHeaders,
} from './refusals';
import { readScopes, type RegisteredClients, sortScopes } from './registrations';
import { lengthenCode } from './token-request';
import { clientInfoOf, issueTokens, type TokenIssuer } from './tokens';

interface EntraAnswerParts {
  readonly directory: Directory;
  readonly clients: RegisteredClients;
  readonly notes: SignInNotes;
  readonly issuer: TokenIssuer;
  readonly refusals: Refusals;
}

/** Gives what oidc-provider answers the shape of Microsoft Entra ID's answers. */
export function answerAsEntra(provider: Provider, parts: EntraAnswerParts): void {
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
      if (context.status === 200) await answerTokens(context, parts);
      else answerTokenError(context, parts, failure);
    } else if (context.status === 303) {
      shapeRedirect(context, parts, failure);
    }
  });
}

async function answerTokens(context: KoaContextWithOIDC, parts: EntraAnswerParts): Promise<void> {
  const { AuthorizationCode: code, RefreshToken: refreshToken } = context.oidc.entities;
  const source = code ?? refreshToken;
  const user = parts.directory.find(source?.accountId);
  const client = parts.clients.find(source?.clientId);
  if (source === undefined || user === undefined || client === undefined) {
    throw new EntraRefusal(70000);
  }
  const { claims, scope } = context.oidc.body ?? {};
  const note = parts.notes.ofGrant(source.jti);
  if (code !== undefined && refreshToken !== undefined) {
    parts.notes.keepGrant(refreshToken.jti, note);
  }
  const scopes = readScopes(scope);
  const asked = sortScopes(scopes.length > 0 ? scopes : oneResourceOf(note.scopes));
  if (parts.directory.missingConsent(user.objectId, asked.permissions).length > 0) {
    answerTokenError(context, parts, new EntraRefusal(65001));
    return;
  }
  context.set({ ...tokenHeaders(0) });
  context.body = await issueTokens(parts.issuer, {
    client,
    user,
    asked,
    agreed: parts.directory.agreed(user.objectId),
    acrs: note.acrs,
    authTime: note.authTime,
    // The token of a refresh lives as long as any other.
    ...(code === undefined || note.maxAge === undefined ? {} : { maxAge: note.maxAge }),
    sid: sessionIdOf(source.sessionUid ?? ''),
    ...(code?.nonce === undefined ? {} : { nonce: code.nonce }),
    ...refreshTokenOf(context.body),
    ...(isString(claims) ? { claims } : {}),
    now: Math.floor(Date.now() / 1000),
  });
}

/** Scopes of several APIs may be consented to in one go, but a token is for one: the first of them. */
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
  { refusals }: EntraAnswerParts,
  failure: unknown,
): void {
  const claims = failure instanceof EntraRefusal ? failure.claims : undefined;
  const { status, headers, body } = refusals.atToken(
    { code: entraErrorNumberOf(failure), ...(claims === undefined ? {} : { claims }) },
    correlationIdOf(context.req.headers, new URL(context.href)),
  );
  context.status = status;
  context.set({ ...headers });
  context.body = body;
}

function shapeRedirect(
  context: KoaContextWithOIDC,
  parts: EntraAnswerParts,
  failure: unknown,
): void {
  const { oidc } = context;
  context.status = 302;
  const code = oidc.entities.AuthorizationCode;
  if (code === undefined && failure === undefined) return;
  const url = new URL(context.response.get('Location'));
  url.searchParams.delete('iss');
  if (failure === undefined) {
    const user = parts.directory.find(oidc.session?.accountId);
    if (code !== undefined) {
      noteSignIn(context, parts, code.jti);
      const short = url.searchParams.get('code') ?? '';
      url.searchParams.set('code', lengthenCode(short, parts.issuer.faults.codeLength.value));
    }
    if (user !== undefined && context.query['client_info'] === '1') {
      url.searchParams.set('client_info', clientInfoOf(parts.issuer.shape, user));
    }
    url.searchParams.set('session_state', sessionIdOf(oidc.session?.uid ?? ''));
  } else {
    describeError(parts.refusals, url.searchParams, failure);
  }
  context.set('Location', url.href);
  context.body = '';
}

function noteSignIn({ oidc, query }: KoaContextWithOIDC, parts: EntraAnswerParts, codeId: string) {
  const { uid = '' } = oidc.session ?? {};
  const { acrs, clients } = parts.notes.ofSession(uid);
  const maxAge = Number(query['max_age'] ?? NaN);
  parts.notes.keepGrant(codeId, {
    scopes: readScopes(query['scope']),
    acrs,
    authTime: oidc.session?.loginTs ?? 0,
    ...(Number.isSafeInteger(maxAge) ? { maxAge } : {}),
  });
  const clientId = oidc.client?.clientId ?? '';
  parts.notes.keepSession(uid, { acrs, clients: [...new Set([...clients, clientId])] });
}

/** The sign-in pages name a refusal by its code; what oidc-provider refuses has none yet. */
function describeError(refusals: Refusals, params: URLSearchParams, failure: unknown): void {
  const named = params.get('error_description') ?? '';
  const number = Number(/^AADSTS(\d+)$/.exec(named)?.[1]);
  const own = isEntraErrorNumber(number) ? number : entraErrorNumberOf(failure);
  const code = /^AADB2C\d+$/.test(named) ? named : own;
  const said = refusals.atRedirect({ code }, params.get('error') ?? undefined);
  for (const [name, value] of Object.entries(said)) params.set(name, value);
}

/** `sid`: a GUID, the same for one browser session, that does not give away the cookie. */
export function sessionIdOf(sessionUid: string): string {
  const hash = createHash('sha256').update(`sid|${sessionUid}`).digest('hex');
  return hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

interface LogoutParts {
  readonly provider: Provider;
  readonly clients: RegisteredClients;
  readonly notes: SignInNotes;
}

/**
 * Ends the browser's session without asking, as Microsoft Entra ID does with a `logout_hint`, tells
 * every app of the session by a frame where it registered for that, and goes on to a registered address
 * only.
 */
export async function answerLogout(
  { provider, clients, notes }: LogoutParts,
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
