import { createHash, randomBytes } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { spend } from '../loopback/control';
import { loginHintOf } from './directory';
import { clientInfoUid, shapeIdToken, type EntraShape } from './entra-shape';
import type { EntraFaults } from './faults';
import type { RegisteredClient } from './registered-clients';
import type { SeededUser } from './seeded-user';
import { signToken } from './sign-token';
import type { SigningKeys } from './signing-keys';

export interface TokenIssuer {
  readonly keys: SigningKeys;
  readonly faults: EntraFaults;
  readonly issuer: string;
  readonly shape: EntraShape;
  readonly graphAudience: string;
}

/** What a token request was granted. */
export interface TokenGrant {
  readonly client: RegisteredClient;
  readonly user: SeededUser;
  readonly scopes: readonly string[];
  /** Authentication contexts the person has satisfied. */
  readonly acrs: readonly string[];
  readonly sid: string;
  readonly nonce?: string;
  readonly refreshToken?: string;
  /** The request's `claims`, a JSON text. */
  readonly claims?: string;
  /** Epoch seconds. */
  readonly now: number;
}

const graphPrefix = 'https://graph.microsoft.com/';
const notForResources = new Set(['openid', 'profile', 'email', 'offline_access']);

/** The scopes of a request parameter. */
export function readScopes(scope: unknown): string[] {
  return typeof scope === 'string' ? scope.split(' ').filter((part) => part !== '') : [];
}

/** The Graph permissions among `scopes`, without their prefix: what consent is about. */
export function graphScopesOf(scopes: readonly string[]): string[] {
  return scopes
    .filter((scope) => !notForResources.has(scope))
    .map((scope) => (scope.startsWith(graphPrefix) ? scope.slice(graphPrefix.length) : scope));
}

/** The token endpoint's answer, as Microsoft Entra ID gives it. `client_info` is for MSAL. */
export async function issueTokens(
  issuer: TokenIssuer,
  grant: TokenGrant,
): Promise<Record<string, unknown>> {
  const seconds = issuer.faults.accessTokenSeconds.value;
  const { user, scopes, client, refreshToken } = grant;
  return {
    token_type: 'Bearer',
    scope: scopes.filter((scope) => scope !== 'offline_access').join(' '),
    expires_in: seconds,
    ext_expires_in: seconds,
    access_token: await signToken(accessTokenClaims(issuer, grant), 'rs256', {
      keys: issuer.keys,
      clientSecret: client.secret,
    }),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(scopes.includes('openid') ? { id_token: await issueIdToken(issuer, grant) } : {}),
    client_info: clientInfoOf(issuer.shape, user),
  };
}

/** `uid.utid` is MSAL's home account id. */
export function clientInfoOf(shape: EntraShape, user: SeededUser): string {
  const facts = { uid: clientInfoUid(shape, user), utid: user.tenantId };
  return Buffer.from(JSON.stringify(facts)).toString('base64url');
}

function issueIdToken(issuer: TokenIssuer, grant: TokenGrant): Promise<string> {
  const { faults, keys } = issuer;
  const parts = { keys, clientSecret: grant.client.secret };
  const claims = shapeIdToken(issuer.shape, idTokenClaims(issuer, grant), grant.user);
  if (!spend(faults.idTokenTimes)) return signToken(claims, 'rs256', parts);
  const changed = Object.entries({ ...claims, ...faults.idTokenClaims.value });
  const kept = Object.fromEntries(changed.filter(([, value]) => value !== null));
  return signToken(kept, faults.idTokenSigning.value, parts);
}

/**
 * Claims of version 2.0: https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
 * Like the real ones they are dated five minutes back, so that clocks may differ.
 */
function idTokenClaims(issuer: TokenIssuer, grant: TokenGrant): JWTPayload {
  const { client, user, nonce, acrs, now } = grant;
  return {
    ver: '2.0',
    iss: issuer.issuer,
    sub: pairwiseSubject(client.id, user),
    aud: client.id,
    exp: now + issuer.faults.idTokenSeconds.value,
    iat: now - 300,
    nbf: now - 300,
    name: user.name,
    preferred_username: user.username,
    oid: user.objectId,
    tid: user.tenantId,
    sid: grant.sid,
    login_hint: loginHintOf(user),
    uti: randomBytes(16).toString('base64url'),
    rh: `1.${randomBytes(24).toString('base64url')}.`,
    ...(nonce === undefined ? {} : { nonce }),
    ...(user.roles.length === 0 ? {} : { roles: user.roles }),
    ...(acrs.length === 0 ? {} : { acrs }),
  };
}

function accessTokenClaims(issuer: TokenIssuer, grant: TokenGrant): JWTPayload {
  const { client, user, now } = grant;
  const scopes = [...graphScopesOf(grant.scopes), 'profile', 'openid', 'email'];
  return {
    aud: issuer.graphAudience,
    iss: issuer.issuer,
    iat: now - 300,
    nbf: now - 300,
    exp: now + issuer.faults.accessTokenSeconds.value,
    appid: client.id,
    azp: client.id,
    name: user.name,
    oid: user.objectId,
    tid: user.tenantId,
    sub: pairwiseSubject(issuer.graphAudience, user),
    scp: scopes.join(' '),
    sid: grant.sid,
    upn: user.userPrincipalName ?? user.username,
    uti: randomBytes(16).toString('base64url'),
    ver: '1.0',
    ...(grant.acrs.length === 0 ? {} : { acrs: grant.acrs }),
    // The app said it can handle claims challenges (client capability cp1).
    ...(grant.claims?.includes('"xms_cc"') === true ? { xms_cc: ['CP1'] } : {}),
  };
}

/** Another `sub` for each application, always the same for the same person. */
function pairwiseSubject(application: string, user: SeededUser): string {
  return createHash('sha256').update(`${application}|${user.objectId}`).digest('base64url');
}
