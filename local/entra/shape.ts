import type { JWTPayload } from 'jose';
import type { SeededUser } from './users';

/** Which of Microsoft's providers the stand-in plays. */
export type EntraShape = (typeof entraShapes)[number];

/**
 * - `entra`: Microsoft Entra ID, a workforce tenant.
 * - `external-id`: Entra External ID: the issuer's host is named by the tenant's id, unlike the authority's.
 * - `b2c`: Azure AD B2C: a user flow in the path, an issuer with a slash at its end, and tokens
 *   without `tid`, `preferred_username`, `sid`, `login_hint` and roles.
 */
export const entraShapes = ['entra', 'external-id', 'b2c'] as const;

const userFlow = 'b2c_1_sign_in';

/** Where things stand, as at Microsoft's, under the stand-in's origin. */
export interface EntraPaths {
  /** What `ENTRA_AUTHORITY` ends in. */
  readonly authority: string;
  readonly metadata: string;
  readonly authorize: string;
  readonly token: string;
  readonly keys: string;
  readonly logout: string;
  /** Admin consent, of both versions. */
  readonly adminConsent: readonly string[];
  /** The stand-in's own: account picker and consent, `/<id of the interaction>` follows. */
  readonly signIn: string;
}

/** https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc and, for B2C, https://learn.microsoft.com/azure/active-directory-b2c/openid-connect */
export function entraPaths(shape: EntraShape, tenantId: string): EntraPaths {
  const base = shape === 'b2c' ? `/${tenantId}/${userFlow}` : `/${tenantId}`;
  return {
    authority: `${base}/v2.0`,
    metadata: `${base}/v2.0/.well-known/openid-configuration`,
    authorize: `${base}/oauth2/v2.0/authorize`,
    token: `${base}/oauth2/v2.0/token`,
    keys: `${base}/discovery/v2.0/keys`,
    logout: `${base}/oauth2/v2.0/logout`,
    adminConsent: [`${base}/v2.0/adminconsent`, `${base}/adminconsent`],
    signIn: `${base}/sign-in`,
  };
}

/** `iss` of tokens and metadata: what `ENTRA_ISSUER` must be. Nobody ever fetches anything there. */
export function issuerOf(shape: EntraShape, tenantId: string, origin: string): string {
  switch (shape) {
    case 'entra':
      return `${origin}/${tenantId}/v2.0`;
    case 'external-id':
      return `https://${tenantId}.ciamlogin.example/${tenantId}/v2.0`;
    case 'b2c':
      return `https://anteroom.b2clogin.example/${tenantId}/v2.0/`;
  }
}

/**
 * `iss` of access tokens of version 1, Microsoft Graph's among them; Azure AD B2C has one for all tokens.
 * https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function accessTokenIssuerOf(shape: EntraShape, tenantId: string, origin: string): string {
  return shape === 'b2c'
    ? issuerOf(shape, tenantId, origin)
    : `https://sts.windows.net/${tenantId}/`;
}

/** `uid` of client_info, of which MSAL makes the account's id. */
export function clientInfoUid(shape: EntraShape, user: SeededUser): string {
  return shape === 'b2c' ? `${user.objectId}-${userFlow}` : user.objectId;
}

/** The claims of an ID token as the provider of this shape sends them. */
export function shapeIdToken(shape: EntraShape, claims: JWTPayload, user: SeededUser): JWTPayload {
  if (shape !== 'b2c') return claims;
  const absent = new Set(['tid', 'preferred_username', 'sid', 'login_hint', 'roles', 'uti', 'rh']);
  const kept = Object.entries(claims).filter(([name]) => !absent.has(name));
  return {
    ...Object.fromEntries(kept),
    ver: '1.0',
    sub: user.objectId,
    emails: [user.mail ?? user.username],
    tfp: userFlow,
  };
}
