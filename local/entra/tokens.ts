import { randomBytes } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { spend } from '../loopback/control';
import { loginHintOf } from './accounts';
import {
  b2cClaimsOf,
  keyOfTenant,
  pairwiseSubject,
  signAccessToken,
  type TokenIssuer,
  type UserAccess,
  userGroups,
  userTokenClaims,
} from './access-tokens';
import { consumersTenantId, guidOf, type SeededUser } from './registrations';
import { answeredScope, type AskedScopes } from './scopes';
import { accessTokenIssuerOf, cloudOf, issuerOf, type UserFlow } from './tenants';
import { signToken } from './signing-keys';

/** Longer-lived tokens (continuous access evaluation) come with `refresh_in`, half of their life. */
const longLifeSeconds = 2 * 60 * 60;

/** The token endpoint's answer, as the provider of this shape gives it. `client_info` is for MSAL. */
export async function issueTokens(
  issuer: TokenIssuer,
  grant: TokenGrant,
): Promise<Record<string, unknown>> {
  const seconds = issuer.faults.accessTokenSeconds.value;
  const { user, asked, client, refreshToken, now } = grant;
  const hasIdToken = asked.scopes.includes('openid');
  const isB2c = issuer.shape === 'b2c';
  return {
    token_type: 'Bearer',
    scope: isB2c
      ? [...asked.scopes].reverse().join(' ')
      : answeredScope(
          issuer.faults.scopeForm.value,
          asked,
          grant.agreed,
          cloudOf(issuer.shape).graph,
        ),
    expires_in: seconds,
    ...(isB2c ? { not_before: now, expires_on: now + seconds } : { ext_expires_in: seconds }),
    ...(seconds > longLifeSeconds ? { refresh_in: Math.floor(seconds / 2) } : {}),
    // Azure AD B2C gives an access token only when one of its APIs was asked for.
    ...(isB2c && asked.resources.length === 0
      ? {}
      : { access_token: await signAccessToken(issuer, userTokenClaims(issuer, grant), client) }),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(hasIdToken ? { id_token: await issueIdToken(issuer, grant) } : {}),
    client_info: clientInfoOf(user, grant.flow),
    ...(isB2c ? { resource: client.id } : {}),
  };
}

/** `uid.utid` is MSAL's home account id. */
export function clientInfoOf(user: SeededUser, flow?: UserFlow): string {
  // MSAL's account is that of the tenant at home, even if the person is a guest.
  const facts = user.home
    ? { uid: user.home.objectId, utid: user.home.tenantId }
    : { uid: flow === undefined ? user.objectId : `${user.objectId}-${flow}`, utid: user.tenantId };
  return Buffer.from(JSON.stringify(facts)).toString('base64url');
}

async function issueIdToken(issuer: TokenIssuer, grant: TokenGrant): Promise<string> {
  const { faults, keys } = issuer;
  const key = faults.appKeys.value
    ? await keys.ofApp()
    : await keyOfTenant(keys, grant.user.tenantId);
  const parts = { keys, key, clientSecret: grant.client.secret };
  const usual = idTokenClaims(issuer, grant);
  const claims =
    grant.flow === undefined
      ? usual
      : b2cIdToken(usual, grant.user, grant.flow, b2cClaimsOf(issuer));
  if (!spend(faults.idTokenTimes)) return signToken(claims, 'rs256', parts);
  const changed = Object.entries({ ...claims, ...faults.idTokenClaims.value });
  const kept = Object.fromEntries(changed.filter(([, value]) => value !== null));
  return signToken(kept, faults.idTokenSigning.value, parts);
}

/** What a token request was granted. */
export interface TokenGrant extends UserAccess {
  readonly asked: AskedScopes;
  /** The authorization request's `max_age`, seconds. */
  readonly maxAge?: number;
  /** Names of the claims that the request has asked for in the ID token. */
  readonly idTokenClaims: readonly string[];
  readonly nonce?: string;
  readonly refreshToken?: string;
}

/**
 * Claims of version 2.0: https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
 * Like those of the real service, they are dated five minutes back, since clocks differ.
 */
function idTokenClaims(issuer: TokenIssuer, grant: TokenGrant): JWTPayload {
  const { client, user, nonce, acrs, now } = grant;
  const padding = issuer.faults.idTokenPadding.value;
  return {
    ver: '2.0',
    iss: issuerOf(issuer.shape, user.tenantId, issuer.origin),
    sub: pairwiseSubject(client.id, user),
    aud: client.id,
    exp: expiryOf(issuer, grant),
    iat: now - 300,
    nbf: now - 300,
    name: user.name,
    preferred_username: user.username,
    oid: user.objectId,
    tid: user.tenantId,
    // A guest was authenticated by the organisation at home.
    ...(user.home === undefined
      ? {}
      : { idp: accessTokenIssuerOf(issuer.shape, user.home.tenantId, issuer.origin) }),
    ...(user.tenantId === consumersTenantId
      ? {}
      : {
          uti: randomBytes(16).toString('base64url'),
          rh: `1.${randomBytes(24).toString('base64url')}.`,
        }),
    ...optionalClaims(issuer, grant),
    ...(nonce === undefined ? {} : { nonce }),
    ...rolesClaim(issuer, user),
    ...(client.id === issuer.mainClientId ? userGroups(issuer, user) : {}),
    ...(acrs.length > 0 && isWanted(grant, 'acrs') ? { acrs } : {}),
    ...(padding === 0 ? {} : { padding: 'x'.repeat(padding) }),
  };
}

/** With `max_age`, the token expires when the sign-in is that old (AzureAD/microsoft-authentication-library-for-python#444). */
function expiryOf({ faults }: TokenIssuer, { now, authTime, maxAge }: TokenGrant): number {
  const usual = now + faults.idTokenSeconds.value;
  return maxAge === undefined ? usual : Math.min(usual, authTime + maxAge);
}

/** Claims that an app must register. With `max_age`, `auth_time` is there without that. */
function optionalClaims({ shape }: TokenIssuer, grant: TokenGrant): JWTPayload {
  const { client, user, sid, authTime, maxAge } = grant;
  const registered = client.optionalClaims ?? [];
  const hasAuthTime = shape === 'b2c' || maxAge !== undefined || isWanted(grant, 'auth_time');
  return {
    ...(registered.includes('sid') && sid !== undefined ? { sid } : {}),
    ...(registered.includes('login_hint') ? { login_hint: loginHintOf(user) } : {}),
    ...(hasAuthTime ? { auth_time: authTime } : {}),
  };
}

/** An optional claim is there if the app has registered it, or has asked for it in this request. */
function isWanted({ client, idTokenClaims }: TokenGrant, name: 'acrs' | 'auth_time'): boolean {
  return client.optionalClaims?.includes(name) === true || idTokenClaims.includes(name);
}

/** App roles, and as many groups as the faults say: a tenant can emit groups as roles. */
function rolesClaim({ faults }: TokenIssuer, user: SeededUser): JWTPayload {
  const groups = Array.from({ length: faults.groupRoles.value }, (_, index) =>
    guidOf(`group|${user.tenantId}|${index}`),
  );
  const roles = [...user.roles, ...groups];
  if (roles.length === 0) return {};
  return { roles: faults.rolesAsText.value ? roles[0] : roles };
}

/**
 * The claims of an ID token as Azure AD B2C sends them.
 * https://learn.microsoft.com/azure/active-directory-b2c/tokens-overview
 */
function b2cIdToken(
  claims: JWTPayload,
  user: SeededUser,
  flow: UserFlow,
  { hasObjectId, flowClaim }: ReturnType<typeof b2cClaimsOf>,
): JWTPayload {
  const absent = new Set(['tid', 'preferred_username', 'sid', 'login_hint', 'roles', 'uti', 'rh']);
  if (!hasObjectId) absent.add('oid');
  const kept = Object.entries(claims).filter(([name]) => !absent.has(name));
  return {
    ...Object.fromEntries(kept),
    ver: '1.0',
    sub: user.objectId,
    emails: [user.mail ?? user.username],
    [flowClaim]: flow,
  };
}
