import type { JWTPayload } from 'jose';
import type { SeededUser } from './users';

/** Which provider of Microsoft the stand-in imitates. */
export type EntraShape = (typeof entraShapes)[number];

/**
 * - `entra`: Microsoft Entra ID, a workforce tenant.
 * - `external-id`: Entra External ID. The host of the issuer has the tenant's id; that of the authority does not.
 * - `b2c`: Azure AD B2C: a user flow in the path, an issuer with a slash at its end, and tokens
 *   without `tid`, `preferred_username`, `sid`, `login_hint` and roles.
 */
export const entraShapes = ['entra', 'external-id', 'b2c'] as const;

const userFlow = 'b2c_1_sign_in';

/** Paths under the stand-in's origin. They are the same as at Microsoft. */
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
  /** Account picker and consent, followed by `/<id of the interaction>`. Microsoft has other pages. */
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

/** `iss` of tokens and metadata, and the value of `ENTRA_ISSUER`. Nothing is fetched from it. */
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
 * `iss` of access tokens of version 1, such as those for Microsoft Graph. Azure AD B2C has one issuer for all tokens.
 * https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function accessTokenIssuerOf(shape: EntraShape, tenantId: string, origin: string): string {
  return shape === 'b2c'
    ? issuerOf(shape, tenantId, origin)
    : `https://sts.windows.net/${tenantId}/`;
}

/** `uid` of client_info. MSAL makes the account's id from it. */
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
