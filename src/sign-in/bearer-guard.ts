import type { HttpResponseInit } from '@azure/functions';
import { hasSessionCookie } from '../cookies';
import { scopesOfSignIn } from '../entra/msal-cache';
import { AppError, BearerError, RoleMissingError, SessionOverError, StepUpError } from '../errors';
import type { Handler, RequestContext } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { changesNothing } from '../http/request';
import { json } from '../http/responses';
import { requireTokenScopes } from '../tokens/access-token';
import { type BearerToken, tokenRefused, verifyBearerToken } from '../tokens/bearer-token';
import type { ApiCaller, CallerParts } from '../tokens/call-api';
import { apiCaller, signedOut } from './guards';
import { requireStepUp, type StepUpDemand } from './step-up';

/** The context of a request whose bearer token opens the function. */
export interface TokenContext extends RequestContext {
  readonly token: BearerToken;
  /** Calls as the person of the token (on-behalf-of), or as this app. */
  readonly api: ApiCaller;
}

/** What a bearer token must have to open a function. */
export interface TokenDemands {
  /** A person's token must have this scope of this app. Undefined: no person's token opens the function. */
  readonly scope: string | undefined;
  /** The person must have one of these roles too. Empty: no role is needed. */
  readonly userRoles: readonly string[];
  /** An app's own token must have one of these roles. Empty: no app's own token opens the function. */
  readonly appRoles: readonly string[];
  /** What a person's token must also show. */
  readonly stepUp?: StepUpDemand | undefined;
}

/**
 * Opens a function by session or by bearer token. With an `Authorization` header the token alone counts: no cookie is read, and
 * the rules against other sites do not apply, because no browser adds a token by itself. Without `API_AUDIENCE` the header
 * means nothing.
 * @param bySession a handler behind a guard for sessions
 * @throws ERR_BEARER_TOKEN, ERR_SCOPE_MISSING, ERR_APP_ROLE_MISSING, ERR_ROLE_MISSING, ERR_PROVIDER_UNAVAILABLE; without the
 *   header as `bySession`, and its ERR_SIGNED_OUT has a challenge
 * @see RFC 6750 section 3
 */
export function sessionOrToken(
  bySession: Handler,
  byToken: (context: TokenContext) => Promise<HttpResponseInit>,
  demands: TokenDemands,
): Handler {
  return async (context) => {
    const { request, requestCookies, services, now, signal } = context;
    const { apiAudience: audience } = services.settings;
    if (audience === undefined) return bySession(context);
    const challenge: Challenge = (members) => challengeFor(context, audience, demands, members);
    const authorization = request.headers.get('authorization');
    if (authorization === null) {
      const challenged = { ...context, challenge: challenge({}) };
      // Clients that want to know how to get a token send a POST without one. If no cookie counts, there is nothing to
      // protect from other sites.
      const hasCookie = hasSessionCookie(requestCookies, services.settings);
      if (!hasCookie && !changesNothing(request) && !context.isNavigation) {
        throw signedOut(challenged);
      }
      return bySession(challenged);
    }
    try {
      const expected = { audience, now, signal };
      const credentials = credentialsIn(authorization, challenge);
      const token = await verifyBearerToken(services.relyingParty, credentials, expected);
      context.visitor.user = token.user;
      if (token.user !== undefined) context.visitor.person = token.user;
      requireGranted(token, demands, challenge);
      if (token.user !== undefined && demands.stepUp !== undefined) {
        requireStepUp(demands.stepUp, token, now, 'access_token');
      }
      return await byToken(tokenContext(context, token));
    } catch (error) {
      throw await withChallenge(error, context, challenge);
    }
  };
}

function tokenContext(context: RequestContext, token: BearerToken): TokenContext {
  const { appTokens, settings } = context.services;
  const { user, client, assertion } = token;
  const ofSignIn = scopesOfSignIn(settings.graphScopes);
  const userToken: CallerParts['userToken'] = async (scopes = ofSignIn) => {
    if (user === undefined) {
      throw new TypeError('an app called without a person: call the API with asApp: true');
    }
    requireTokenScopes(scopes);
    return appTokens.onBehalfOf({ assertion, tenantId: user.tenantId }, scopes, context.signal);
  };
  return {
    ...context,
    token,
    api: apiCaller(context, userToken, user?.tenantId ?? client.tenantId),
  };
}

/** Writes a `WWW-Authenticate` header with these members. Members that are undefined are left out. */
type Challenge = (members: ChallengeMembers) => string;

type ChallengeMembers = {
  readonly [
    name in 'realm' | 'authorization_uri' | 'error' | 'error_description' | 'claims' | 'max_age'
  ]?: string | undefined;
};

/** The path of the metadata, below the route prefix. RFC 9728 section 3. */
const metadataPath = '/.well-known/oauth-protected-resource';

/** A longer path would not fit into a header, so the metadata of the whole app are named. */
const maxPathLength = 1024;

/** RFC 6750 section 3, RFC 9728 section 5.1. */
function challengeFor(
  { services, path }: RequestContext,
  audience: string,
  { scope }: TokenDemands,
  members: ChallengeMembers,
): string {
  const { settings, site } = services;
  const pathname = path.split('?')[0] ?? '';
  const resource = pathname === '/' || pathname.length > maxPathLength ? '' : pathname;
  const all = {
    ...members,
    scope: scope === undefined ? undefined : `${audience}/${scope}`,
    resource_metadata: `${settings.baseUrl}${site.routePrefix}${metadataPath}${resource}`,
  };
  const written = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}="${value}"`],
  );
  return `Bearer ${written.join(', ')}`;
}

/** `b64token` of RFC 6750 section 2.1. The host joins two headers with a comma, which has no place in it. */
const bearerCredentials = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** @throws BearerError for another scheme, which gets a challenge without an error code, and for what is no token */
function credentialsIn(authorization: string, challenge: Challenge): string {
  const [, token] = bearerCredentials.exec(authorization.trim()) ?? [];
  if (token !== undefined) return token;
  if (/^bearer\b/i.test(authorization)) throw tokenRefused('form');
  throw new BearerError('ERR_BEARER_TOKEN', {
    note: 'Authorization has another scheme than Bearer',
    challenge: challenge({}),
  });
}

/** @throws ERR_SCOPE_MISSING, ERR_ROLE_MISSING, ERR_APP_ROLE_MISSING */
function requireGranted(
  { user, client }: BearerToken,
  { scope, userRoles, appRoles }: TokenDemands,
  challenge: Challenge,
): void {
  const by = `the client ${client.id}`;
  const [appRole] = appRoles;
  if (user === undefined && appRole !== undefined) {
    if (appRoles.some((role) => client.roles.includes(role))) return;
    const note = `needs the app role ${appRole}, ${by}`;
    throw new BearerError('ERR_APP_ROLE_MISSING', { note, missing: { role: appRole } });
  }
  if (user === undefined || scope === undefined || !client.scopes.includes(scope)) {
    const whose = user === undefined ? "an app's own token" : "a person's token";
    const missing = scope === undefined ? {} : { scope };
    throw new BearerError('ERR_SCOPE_MISSING', {
      note: `${scope === undefined ? 'only an app can call this' : `needs the scope ${scope}`}: ${whose}, ${by}`,
      challenge: challenge({ error: 'insufficient_scope' }),
      missing,
    });
  }
  const [userRole] = userRoles;
  if (userRole !== undefined && !userRoles.some((role) => user.roles.includes(role))) {
    throw new RoleMissingError(userRole);
  }
}

/** Adds the challenge to what went wrong with the token, or with a token that was asked for on behalf of its user. */
async function withChallenge(
  error: unknown,
  { services, signal }: RequestContext,
  challenge: Challenge,
): Promise<unknown> {
  if (error instanceof BearerError) return error;
  if (error instanceof AppError && error.code === 'ERR_BEARER_TOKEN') {
    const members = { error: 'invalid_token', error_description: error.note };
    return new BearerError('ERR_BEARER_TOKEN', {
      ...noteOf(error),
      challenge: challenge(members),
    });
  }
  if (error instanceof SessionOverError) {
    const description = 'the sign-in service does not accept the token any more';
    const members = { error: 'invalid_token', error_description: description };
    return new BearerError('ERR_BEARER_TOKEN', {
      ...noteOf(error),
      cause: error,
      challenge: challenge(members),
    });
  }
  if (!(error instanceof StepUpError)) return error;
  const { claims, maxAgeSeconds } = error.stepUp;
  const options = { ...noteOf(error), cause: error };
  if (claims === undefined && maxAgeSeconds === undefined) {
    return new BearerError('ERR_CONSENT_NEEDED', options);
  }
  const max_age = maxAgeSeconds === undefined ? undefined : String(maxAgeSeconds);
  if (claims === undefined) {
    // RFC 9470 section 3.
    const members = { error: 'insufficient_user_authentication', max_age };
    return new BearerError('ERR_CLAIMS_NEEDED', { ...options, challenge: challenge(members) });
  }
  const { authorizationEndpoint } = await services.relyingParty.provider.metadata(signal);
  // https://learn.microsoft.com/entra/identity-platform/claims-challenge#claims-challenge-header-format
  const members = {
    realm: '',
    authorization_uri: authorizationEndpoint,
    error: 'insufficient_claims',
    claims: Buffer.from(claims, 'utf8').toString('base64'),
    max_age,
  };
  return new BearerError('ERR_CLAIMS_NEEDED', { ...options, challenge: challenge(members) });
}

function noteOf({ note, refusal }: AppError) {
  return { ...(note === undefined ? {} : { note }), ...(refusal === undefined ? {} : { refusal }) };
}

/**
 * GET .well-known/oauth-protected-resource: where a client gets tokens for this app, and with which scopes. The path behind
 * it names a part of the app: `/.well-known/oauth-protected-resource/api/mcp` is about `/api/mcp`. Clients compare `resource`
 * with the address that they called.
 *
 * The authorization server is the address under which its metadata stand, since clients look them up by it.
 * @see RFC 9728 sections 2 and 3.1
 * @throws ERR_NOT_FOUND when the app takes no bearer tokens
 */
function protectedResource(
  { path, services }: RequestContext,
  scopes: readonly string[],
): HttpResponseInit {
  const { baseUrl, apiAudience, authority } = services.settings;
  if (apiAudience === undefined) {
    throw new AppError('ERR_NOT_FOUND', { note: 'API_AUDIENCE is not set' });
  }
  const pathname = path.split('?')[0] ?? '';
  const above = `${services.site.routePrefix}${metadataPath}`.length;
  const resource = pathname.slice(above).replace(/\/$/, '');
  return json({
    resource: baseUrl + resource,
    authorization_servers: [authority],
    scopes_supported: scopes.map((scope) => `${apiAudience}/${scope}`),
    bearer_methods_supported: ['header'],
  });
}

/** @param scopes of the guards of this app, in the order in which they were made */
export const createProtectedResourceFunction = (scopes: ReadonlySet<string>): HttpFunction => ({
  name: 'protected-resource',
  route: `${metadataPath}/{*path}`,
  get: (context) => protectedResource(context, [...scopes]),
});
