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

/**
 * The user flows of Azure AD B2C, which stand in the path: one signs people in, the others change an account and then come
 * back to the app with a code of their own.
 * https://learn.microsoft.com/azure/active-directory-b2c/user-flow-overview
 */
export const userFlows = {
  signIn: 'b2c_1_sign_in',
  reset: 'b2c_1_reset',
  edit: 'b2c_1_edit',
} as const;

export type UserFlow = (typeof userFlows)[keyof typeof userFlows];

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

/**
 * @param name what the paths begin with: a tenant, or a tenant and a user flow
 * @see https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
 * @see https://learn.microsoft.com/azure/active-directory-b2c/openid-connect
 */
export function entraPaths(name: string): EntraPaths {
  const base = `/${name}`;
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
export function clientInfoUid(user: SeededUser, flow: UserFlow | undefined): string {
  return flow === undefined ? user.objectId : `${user.objectId}-${flow}`;
}

/** What the user flows of Azure AD B2C can be configured to put into tokens. */
export interface B2cClaims {
  /** The claim `oid` ("User's Object ID" among the application claims). */
  readonly hasObjectId: boolean;
  /** The claim that names the user flow: `acr` in old ones. */
  readonly flowClaim: 'tfp' | 'acr';
}

/**
 * The claims of an ID token as Azure AD B2C sends them.
 * https://learn.microsoft.com/azure/active-directory-b2c/tokens-overview
 */
export function b2cIdToken(
  claims: JWTPayload,
  user: SeededUser,
  flow: UserFlow,
  { hasObjectId, flowClaim }: B2cClaims,
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
