import { createHash, randomBytes } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import { spend } from '../loopback/control';
import { loginHintOf } from './accounts';
import type { EntraFaults, Signing } from './faults';
import {
  answeredScope,
  type AskedScopes,
  type ExposedApi,
  graphResource,
  permissionsFor,
  type RegisteredClient,
} from './registrations';
import { clientInfoUid, type EntraShape, shapeIdToken } from './shape';
import type { SigningKey, SigningKeys } from './signing-keys';
import type { SeededUser } from './users';

export interface TokenIssuer extends ClaimsIssuer {
  readonly keys: SigningKeys;
}

/** With longer-lived tokens (continuous access evaluation) comes `refresh_in`, half of their life. */
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
      : answeredScope(issuer.faults.scopeForm.value, asked, grant.agreed),
    expires_in: seconds,
    ...(isB2c ? { not_before: now, expires_on: now + seconds } : { ext_expires_in: seconds }),
    ...(seconds > longLifeSeconds ? { refresh_in: Math.floor(seconds / 2) } : {}),
    // Azure AD B2C gives an access token only when one of its APIs was asked for.
    ...(isB2c && asked.resources.length === 0
      ? {}
      : { access_token: await signAccessToken(issuer, grant) }),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(hasIdToken ? { id_token: await issueIdToken(issuer, grant) } : {}),
    client_info: clientInfoOf(issuer.shape, user),
    ...(isB2c ? { resource: client.id } : {}),
  };
}

/** `uid.utid` is MSAL's home account id. */
export function clientInfoOf(shape: EntraShape, user: SeededUser): string {
  const facts = { uid: clientInfoUid(shape, user), utid: user.tenantId };
  return Buffer.from(JSON.stringify(facts)).toString('base64url');
}

function signAccessToken(issuer: TokenIssuer, grant: TokenGrant): Promise<string> {
  const { keys } = issuer;
  return signToken(accessTokenClaims(issuer, grant), 'rs256', {
    ...{ keys, key: keys.current(), clientSecret: grant.client.secret },
  });
}

async function issueIdToken(issuer: TokenIssuer, grant: TokenGrant): Promise<string> {
  const { faults, keys } = issuer;
  const key = faults.appKeys.value ? await keys.ofApp() : keys.current();
  const parts = { keys, key, clientSecret: grant.client.secret };
  const claims = shapeIdToken(issuer.shape, idTokenClaims(issuer, grant), grant.user);
  if (!spend(faults.idTokenTimes)) return signToken(claims, 'rs256', parts);
  const changed = Object.entries({ ...claims, ...faults.idTokenClaims.value });
  const kept = Object.fromEntries(changed.filter(([, value]) => value !== null));
  return signToken(kept, faults.idTokenSigning.value, parts);
}

/** Who issues a token. */
interface ClaimsIssuer {
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
 * Like the real ones they are dated five minutes back, since clocks differ.
 */
function idTokenClaims(issuer: ClaimsIssuer, grant: TokenGrant): JWTPayload {
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

/** With `max_age`, the token expires when the sign-in is that old (AzureAD/microsoft-authentication-library-for-python#444). */
function expiryOf({ faults }: ClaimsIssuer, { now, authTime, maxAge }: TokenGrant): number {
  const usual = now + faults.idTokenSeconds.value;
  return maxAge === undefined ? usual : Math.min(usual, authTime + maxAge);
}

/** Claims that an app must register. With `max_age`, `auth_time` is there without that. */
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

/** App roles, and as many groups as the faults say: a tenant can emit groups as roles. */
function rolesClaim({ faults }: ClaimsIssuer, user: SeededUser): JWTPayload {
  const groups = Array.from({ length: faults.groupRoles.value }, (_, index) =>
    guidOf(`group|${user.tenantId}|${index}`),
  );
  const roles = [...user.roles, ...groups];
  if (roles.length === 0) return {};
  return { roles: faults.rolesAsText.value ? roles[0] : roles };
}

/**
 * Claims for one API. Tokens for Microsoft Graph have version 1; those for an exposed API have the version that it registered.
 * https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
function accessTokenClaims(issuer: ClaimsIssuer, grant: TokenGrant): JWTPayload {
  const { client, user, now, asked, agreed } = grant;
  const [resource = graphResource] = asked.resources;
  const isGraph = resource === graphResource;
  const api = issuer.apis.find(({ uri }) => uri === resource || `${uri}/` === resource);
  const isVersion2 = issuer.shape === 'b2c' || api?.tokenVersion === 2;
  const aud = isGraph ? issuer.graphAudience : isVersion2 ? (api?.clientId ?? resource) : resource;
  // All scopes of this API that the person has agreed to, also those that are not in this request.
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

/** The `sub` of a person differs between applications, and always stays the same in one of them. */
function pairwiseSubject(application: string, user: SeededUser): string {
  return createHash('sha256').update(`${application}|${user.objectId}`).digest('base64url');
}

function guidOf(text: string): string {
  const hash = createHash('sha256').update(text).digest('hex');
  return hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

interface SigningContext {
  readonly keys: SigningKeys;
  /** Signs the token. */
  readonly key: SigningKey;
  readonly clientSecret: string;
}

type Sign = (claims: JWTPayload, parts: SigningContext) => Promise<string> | string;

/** All ways to sign a token: the right one, and those that an app must refuse. */
const signers = {
  rs256: (claims, { key }) => sign(claims, key, 'RS256'),
  ps256: (claims, { key }) => sign(claims, key, 'PS256'),
  none: (claims) => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`,
  hs256: (claims, { key, clientSecret }) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: key.kid })
      .sign(new TextEncoder().encode(clientSecret)),
  'unknown-kid': async (claims, { keys }) => sign(claims, await keys.stranger(), 'RS256'),
  'foreign-key': async (claims, { keys, key }) =>
    sign(claims, { ...(await keys.stranger()), kid: key.kid }, 'RS256'),
  corrupted: async (claims, { key }) => corrupt(await sign(claims, key, 'RS256')),
  'no-kid': (claims, { key }) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT' }).sign(key.privateKey),
} as const satisfies Record<Signing, Sign>;

/** A compact JWT (RFC 7519) of `claims`, signed as `signing` says. */
async function signToken(
  claims: JWTPayload,
  signing: Signing,
  parts: SigningContext,
): Promise<string> {
  return signers[signing](claims, parts);
}

function sign(claims: JWTPayload, key: SigningKey, alg: string): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg, typ: 'JWT', kid: key.kid })
    .sign(key.privateKey);
}

/** Changes a character in the middle of the signature. Some bits of the last character are not used. */
function corrupt(token: string): string {
  const at = token.lastIndexOf('.') + 40;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
