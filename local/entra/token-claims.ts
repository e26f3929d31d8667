import { createHash, randomBytes } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { loginHintOf } from './directory';
import type { EntraShape } from './entra-shape';
import type { EntraFaults } from './faults';
import type { RegisteredClient } from './registered-clients';
import { graphResource, permissionsFor, type AskedScopes, type ExposedApi } from './resources';
import type { SeededUser } from './seeded-user';

/** Who issues a token. */
export interface ClaimsIssuer {
  readonly faults: EntraFaults;
  readonly issuer: string;
  /** `iss` of access tokens of version 1. */
  readonly accessTokenIssuer: string;
  readonly shape: EntraShape;
  readonly graphAudience: string;
  readonly apis: readonly ExposedApi[];
}

/** What a token request was granted. */
export interface TokenGrant {
  readonly client: RegisteredClient;
  readonly user: SeededUser;
  readonly asked: AskedScopes;
  /** All that the person has agreed to, as `AskedScopes.permissions`. */
  readonly agreed: readonly string[];
  /** Authentication contexts the person has satisfied. */
  readonly acrs: readonly string[];
  readonly sid: string;
  /** When the person signed in at the provider, epoch seconds. */
  readonly authTime: number;
  /** The authorization request's `max_age`, seconds. */
  readonly maxAge?: number;
  readonly nonce?: string;
  readonly refreshToken?: string;
  /** The request's `claims`, a JSON text. */
  readonly claims?: string;
  /** Epoch seconds. */
  readonly now: number;
}

/**
 * Claims of version 2.0: https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
 * Like the real ones they are dated five minutes back, so that clocks may differ.
 */
export function idTokenClaims(issuer: ClaimsIssuer, grant: TokenGrant): JWTPayload {
  const { client, user, nonce, acrs, now } = grant;
  const padding = issuer.faults.idTokenPadding.value;
  return {
    ver: '2.0',
    iss: issuer.issuer,
    sub: pairwiseSubject(client.id, user),
    aud: client.id,
    exp: expiryOf(issuer, grant),
    iat: now - 300,
    nbf: now - 300,
    name: user.name,
    preferred_username: user.username,
    oid: user.objectId,
    tid: user.tenantId,
    uti: randomBytes(16).toString('base64url'),
    rh: `1.${randomBytes(24).toString('base64url')}.`,
    ...optionalClaims(issuer, grant),
    ...(nonce === undefined ? {} : { nonce }),
    ...rolesClaim(issuer, user),
    ...(acrs.length === 0 ? {} : { acrs }),
    ...(padding === 0 ? {} : { padding: 'x'.repeat(padding) }),
  };
}

/** `max_age` ends the token when the sign-in has become that old (AzureAD/microsoft-authentication-library-for-python#444). */
function expiryOf({ faults }: ClaimsIssuer, { now, authTime, maxAge }: TokenGrant): number {
  const usual = now + faults.idTokenSeconds.value;
  return maxAge === undefined ? usual : Math.min(usual, authTime + maxAge);
}

/** What is in ID tokens only when the app has registered it; `max_age` makes `auth_time` appear too. */
function optionalClaims({ shape }: ClaimsIssuer, grant: TokenGrant): JWTPayload {
  const { client, user, sid, authTime, maxAge } = grant;
  const registered = client.optionalClaims ?? [];
  const hasAuthTime = shape === 'b2c' || maxAge !== undefined || registered.includes('auth_time');
  return {
    ...(registered.includes('sid') ? { sid } : {}),
    ...(registered.includes('login_hint') ? { login_hint: loginHintOf(user) } : {}),
    ...(hasAuthTime ? { auth_time: authTime } : {}),
  };
}

/** App roles, and as many groups as the faults say, as if groups were emitted as roles. */
function rolesClaim({ faults }: ClaimsIssuer, user: SeededUser): JWTPayload {
  const groups = Array.from({ length: faults.groupRoles.value }, (_, index) =>
    guidOf(`group|${user.tenantId}|${index}`),
  );
  const roles = [...user.roles, ...groups];
  if (roles.length === 0) return {};
  return { roles: faults.rolesAsText.value ? roles[0] : roles };
}

/**
 * Claims for one API. Microsoft Graph's tokens are of version 1; an exposed API's are of the version that it registered.
 * https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function accessTokenClaims(issuer: ClaimsIssuer, grant: TokenGrant): JWTPayload {
  const { client, user, now, asked, agreed } = grant;
  const [resource = graphResource] = asked.resources;
  const isGraph = resource === graphResource;
  const api = issuer.apis.find(({ uri }) => uri === resource || `${uri}/` === resource);
  const isVersion2 = issuer.shape === 'b2c' || api?.tokenVersion === 2;
  const aud = isGraph ? issuer.graphAudience : isVersion2 ? (api?.clientId ?? resource) : resource;
  // All that the person has agreed to for this API, asked for now or not.
  const permitted =
    asked.resources.length === 0
      ? []
      : [...new Set(permissionsFor(resource, [...agreed, ...asked.permissions]))];
  return {
    aud,
    iss: isVersion2 ? issuer.issuer : issuer.accessTokenIssuer,
    iat: now - 300,
    nbf: now - 300,
    exp: now + issuer.faults.accessTokenSeconds.value,
    ...(isVersion2
      ? { ver: issuer.shape === 'b2c' ? '1.0' : '2.0', azp: client.id, azpacr: '1' }
      : { ver: '1.0', appid: client.id, appidacr: '1' }),
    name: user.name,
    oid: user.objectId,
    tid: user.tenantId,
    sub: pairwiseSubject(aud, user),
    scp: [...permitted, ...(isGraph ? ['profile', 'openid', 'email'] : [])].join(' '),
    sid: grant.sid,
    ...(isVersion2
      ? { preferred_username: user.username }
      : { upn: user.userPrincipalName ?? user.username }),
    uti: randomBytes(16).toString('base64url'),
    ...(grant.acrs.length === 0 ? {} : { acrs: grant.acrs }),
    // The app said it can handle claims challenges (client capability cp1).
    ...(grant.claims?.includes('"xms_cc"') === true ? { xms_cc: ['CP1'] } : {}),
  };
}

/** Another `sub` for each application, always the same for the same person. */
function pairwiseSubject(application: string, user: SeededUser): string {
  return createHash('sha256').update(`${application}|${user.objectId}`).digest('base64url');
}

function guidOf(text: string): string {
  const hash = createHash('sha256').update(text).digest('hex');
  return hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}
