import { createLocalJWKSet, decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import type Provider from 'oidc-provider';
import type { TokenEndpointGrantContext } from 'oidc-provider';
import { isString } from '../loopback/control';
import { appTokenClaims, signAccessToken, type TokenIssuer } from './access-tokens';
import {
  type AskedScopes,
  contextsOfClaims,
  contextsOfPolicies,
  idTokenClaimsOf,
  permissionsOf,
  readScopes,
  sortScopes,
} from './scopes';
import { directGrants, type SignInPolicyContext } from './provider';
import { EntraRefusal } from './refusals';
import {
  consumersTenantId,
  findApi,
  type RegisteredClient,
  type RegisteredClients,
  type SeededUser,
} from './registrations';
import { refusalOfAudience } from './tenants';
import { issueTokens } from './tokens';

interface Context extends SignInPolicyContext {
  readonly clients: RegisteredClients;
  readonly issuer: TokenIssuer;
}

/**
 * The grants besides the code. oidc-provider has authenticated the app before.
 *
 * - Refresh tokens: `registerRefreshGrant()`.
 * - Client credentials: an app gets a token for itself, with the application permissions that it was granted.
 *   https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 * - On-behalf-of (RFC 7523 section 2.1): an API gets a token for another API, for the person who called it.
 *   https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow
 */
export function registerGrants(provider: Provider, standIn: Context): void {
  registerRefreshGrant(provider, standIn);
  const [clientCredentials, jwtBearer] = directGrants;
  provider.registerGrantType(
    clientCredentials,
    async (context: TokenEndpointGrantContext) => {
      const client = clientOf(standIn, context);
      const tenantId = tenantOf(standIn, context, client);
      context.body = await answerClientCredentials(standIn, client, tenantId, scopesOf(context));
    },
    ['scope'],
  );
  provider.registerGrantType(
    jwtBearer,
    async (context: TokenEndpointGrantContext) => {
      if (standIn.issuer.shape === 'b2c') throw new EntraRefusal(70003);
      context.body = await answerOnBehalfOf(provider, standIn, context);
    },
    ['assertion', 'requested_token_use', 'scope'],
  );
}

function clientOf({ clients }: Context, { oidc }: TokenEndpointGrantContext): RegisteredClient {
  const client = clients.find(oidc.client.clientId);
  if (client === undefined) throw new EntraRefusal(700016);
  return client;
}

/** An app that acts as itself must name the tenant: no person's account does. */
function tenantOf(
  { tenants }: Context,
  { req }: TokenEndpointGrantContext,
  client: RegisteredClient,
): string {
  const authority = tenants.of(req);
  if (authority.tenantId === undefined) throw new EntraRefusal(50059);
  const isKnown = refusalOfAudience(tenants, authority, client) === undefined;
  if (!isKnown) throw new EntraRefusal(700016);
  return authority.tenantId;
}

function scopesOf({ oidc }: TokenEndpointGrantContext): AskedScopes {
  const scopes = readScopes(oidc.body?.['scope']);
  if (scopes.length === 0) throw new EntraRefusal(900144);
  return sortScopes(scopes);
}

/** No refresh token and no ID token: the app can ask again at any time, and nobody has signed in. */
async function answerClientCredentials(
  { issuer }: Context,
  client: RegisteredClient,
  tenantId: string,
  { scopes, resources }: AskedScopes,
): Promise<Record<string, unknown>> {
  const [resource = '', ...others] = resources;
  if (scopes.length !== 1 || others.length > 0 || scopes[0]?.endsWith('/.default') !== true) {
    throw new EntraRefusal(1002012);
  }
  const api = findApi(issuer.apis, resource);
  const granted = client.appPermissions?.[api?.uri ?? resource] ?? [];
  const roles = granted.filter((role) => api?.appRoles?.includes(role) !== false);
  if (roles.length === 0 && api?.requiresAssignment === true) throw new EntraRefusal(501051);
  const seconds = issuer.faults.accessTokenSeconds.value;
  const now = Math.floor(Date.now() / 1000);
  const claims = appTokenClaims(issuer, { client, resource, tenantId, roles, now });
  return {
    token_type: 'Bearer',
    expires_in: seconds,
    ext_expires_in: seconds,
    access_token: await signAccessToken(issuer, claims, client),
  };
}

async function answerOnBehalfOf(
  provider: Provider,
  standIn: Context,
  context: TokenEndpointGrantContext,
): Promise<Record<string, unknown>> {
  const { directory, issuer, notes } = standIn;
  const body = context.oidc.body ?? {};
  const { assertion, requested_token_use: use, claims } = body;
  if (!isString(assertion) || use !== 'on_behalf_of') throw new EntraRefusal(900144);
  const asked = scopesOf(context);
  const client = clientOf(standIn, context);
  const access = await verifyAssertion(issuer, client, assertion);
  const user = directory.find(isString(access['oid']) ? access['oid'] : undefined);
  if (user === undefined || user.disabled) throw new EntraRefusal(50057);
  const agreed = directory.agreed(user.objectId);
  requireConsent(standIn, user, asked);
  const acrs = Array.isArray(access['acrs']) ? access['acrs'].filter(isString) : [];
  requireContexts(standIn, { user, asked, acrs, claims });

  const authTime = access.iat ?? 0;
  let refreshToken: string | undefined;
  if (asked.scopes.includes('offline_access')) {
    const grant = new provider.Grant({ accountId: user.objectId, clientId: client.id });
    grant.addOIDCScope('openid');
    const token = new provider.RefreshToken({
      ...{ accountId: user.objectId, client: context.oidc.client, grantId: await grant.save() },
      ...{ gty: 'refresh_token', scope: 'openid' },
    });
    refreshToken = await token.save();
    notes.keepGrant(token.jti, { scopes: asked.scopes, acrs, authTime });
  }
  return issueTokens(issuer, {
    ...{ client, user, asked, agreed, acrs, authTime, idTokenClaims: idTokenClaimsOf(claims) },
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(isString(claims) ? { claims } : {}),
    now: Math.floor(Date.now() / 1000),
  });
}

/**
 * The claims of an access token for this very app, which a person's app has sent it.
 * @throws EntraRefusal 50027 no JWT; 240002 an ID token; 50013 a signature that does not fit, also that of a token for
 * Microsoft Graph, which only Graph can verify; 500131 a token for another API; 500133 expired; 7000114 a token without a person
 */
async function verifyAssertion(
  { keys, apis, graphAudience }: TokenIssuer,
  client: RegisteredClient,
  assertion: string,
): Promise<JWTPayload> {
  const claims = decode(assertion);
  const isAccessToken = claims['azp'] !== undefined || claims['appid'] !== undefined;
  if (!isAccessToken) throw new EntraRefusal(240002);
  if (claims.aud === graphAudience) throw new EntraRefusal(50013);
  const published = await keys.published({
    ...{ issuer: '', list: 'usual', withAppKey: false },
    ...(claims['tid'] === consumersTenantId ? { consumersIssuer: '' } : {}),
  });
  const own = apis.filter(({ clientId }) => clientId === client.id).map(({ uri }) => uri);
  try {
    await jwtVerify(assertion, createLocalJWKSet(published), {
      algorithms: ['RS256'],
      audience: [client.id, ...own, ...own.map((uri) => `${uri}/`)],
    });
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new EntraRefusal(500133);
    throw new EntraRefusal(error instanceof errors.JWTClaimValidationFailed ? 500131 : 50013);
  }
  if (!isString(claims['scp'])) throw new EntraRefusal(7000114);
  return claims;
}

function decode(assertion: string): JWTPayload {
  try {
    return decodeJwt(assertion);
  } catch {
    throw new EntraRefusal(50027);
  }
}

function requireConsent(
  { directory }: Context,
  user: SeededUser,
  { permissions }: AskedScopes,
): void {
  const missing = directory.missingConsent(user.objectId, permissions);
  if (missing.length > 0) throw new EntraRefusal(65001);
}

/** Unlike a refresh, which is `invalid_grant`, the answer here is `interaction_required`, as Microsoft documents it. */
function requireContexts(
  { directory, accessPolicies }: Context,
  request: {
    readonly user: SeededUser;
    readonly asked: AskedScopes;
    readonly acrs: readonly string[];
    readonly claims: unknown;
  },
): void {
  const { user, asked, acrs, claims } = request;
  const missing = [
    ...contextsOfClaims(claims),
    ...contextsOfPolicies(accessPolicies.value, directory, user, asked.scopes),
  ].find((each) => !acrs.includes(each));
  if (missing === undefined) return;
  throw new EntraRefusal(50076, claimsForContext(missing), 'interaction_required');
}

/**
 * Refresh tokens as in Microsoft Entra ID. A request may have any scope that the person has consented to. Each answer has a
 * new refresh token, and the old one stays valid. The account is checked again.
 * @throws EntraRefusal 70000, 70008, 50057, 65001, or 50076 with the claims for the next sign-in
 */
function registerRefreshGrant(
  provider: Provider,
  { directory, accessPolicies, notes, tenants }: SignInPolicyContext,
): void {
  provider.registerGrantType(
    'refresh_token',
    async (context: TokenEndpointGrantContext) => {
      const { client, params, body } = context.oidc;
      const value = params['refresh_token'];
      if (!isString(value)) throw new EntraRefusal(90014);
      const old = await provider.RefreshToken.find(value, { ignoreExpiration: true });
      if (old?.grantId === undefined || old.clientId !== client.clientId) {
        throw new EntraRefusal(70000);
      }
      if (old.isExpired) throw new EntraRefusal(70008);
      const user = directory.find(old.accountId);
      if (user === undefined || user.disabled) throw new EntraRefusal(50057);
      if (!tenants.accepts(tenants.of(context.req), user)) throw new EntraRefusal(50020);
      const note = notes.ofGrant(old.jti);
      const asked = isString(body?.['scope']) ? readScopes(body['scope']) : note.scopes;
      if (directory.missingConsent(user.objectId, permissionsOf(asked)).length > 0) {
        throw new EntraRefusal(65001);
      }
      const missing = [
        ...contextsOfClaims(body?.['claims']),
        ...contextsOfPolicies(accessPolicies.value, directory, user, asked),
      ].find((context) => !note.acrs.includes(context));
      if (missing !== undefined) throw new EntraRefusal(50076, claimsForContext(missing));

      const fresh = new provider.RefreshToken({
        accountId: old.accountId,
        client,
        grantId: old.grantId,
        gty: 'refresh_token',
        scope: 'openid',
        sessionUid: old.sessionUid,
      });
      context.body = { refresh_token: await fresh.save() };
      notes.keepGrant(fresh.jti, note);
      context.oidc.entity('RefreshToken', fresh);
    },
    ['refresh_token'],
  );
}

/** A claims request for one authentication context, as Microsoft Entra ID and APIs write it. */
function claimsForContext(acrs: string): string {
  return JSON.stringify({ access_token: { acrs: { essential: true, value: acrs } } });
}
