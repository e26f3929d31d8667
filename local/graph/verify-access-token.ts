import type { JWTVerifyGetKey } from 'jose';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { GraphError } from './graph-error';

const audienceOfGraph = '00000003-0000-0000-c000-000000000000';

interface TokenRules {
  readonly keys: JWTVerifyGetKey;
  readonly issuer: string;
  readonly audience: string;
}

export type Verified =
  | { readonly objectId: string; readonly scopes: readonly string[] }
  | { readonly error: GraphError };

/** Keys as published at `keysUrl`; asked again at once for an unknown `kid`. */
export function createPublishedKeys(keysUrl: string): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(keysUrl), { cooldownDuration: 0 });
}

/** Whose request this is, by its bearer token (RFC 6750); else the answer that refuses it. */
export async function verifyAccessToken(
  authorization: string | undefined,
  rules: TokenRules,
): Promise<Verified> {
  const token = /^bearer (\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) return { error: invalidToken(rules, 'Access token is empty.') };
  try {
    const { payload } = await jwtVerify(token, rules.keys, {
      issuer: rules.issuer,
      audience: rules.audience,
      algorithms: ['RS256'],
      requiredClaims: ['exp', 'scp', 'oid'],
    });
    const { scp, oid } = payload;
    if (typeof scp !== 'string' || typeof oid !== 'string') {
      return { error: invalidToken(rules, 'Claims of the access token are malformed.') };
    }
    const scopes = scp.split(' ');
    return scopes.includes('User.Read') ? { objectId: oid, scopes } : { error: scopeMissing };
  } catch (error) {
    return { error: invalidToken(rules, reasonOf(error)) };
  }
}

const scopeMissing: GraphError = {
  status: 403,
  code: 'Authorization_RequestDenied',
  message: 'Insufficient privileges to complete the operation.',
};

/**
 * 401 with a claims challenge of Continuous Access Evaluation:
 * https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
export function claimsChallenge(rules: TokenRules, now: number): GraphError {
  const claims = JSON.stringify({ access_token: { nbf: { essential: true, value: String(now) } } });
  const encoded = Buffer.from(claims).toString('base64');
  const refused = invalidToken(rules, 'TokenIssuedBeforeRevocationTimestamp');
  const challenge = `${bearerOf(rules)}, error="insufficient_claims", claims="${encoded}"`;
  return { ...refused, headers: { 'WWW-Authenticate': challenge } };
}

function invalidToken(rules: TokenRules, message: string): GraphError {
  return {
    status: 401,
    code: 'InvalidAuthenticationToken',
    message,
    headers: { 'WWW-Authenticate': bearerOf(rules) },
  };
}

function bearerOf({ issuer }: TokenRules): string {
  const authorize = `${issuer.replace(/\/v2\.0$/, '')}/oauth2/v2.0/authorize`;
  return `Bearer realm="", authorization_uri="${authorize}", client_id="${audienceOfGraph}"`;
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired)
    return 'Lifetime validation failed, the token is expired.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'aud'
      ? 'Access token validation failure. Invalid audience.'
      : 'Access token validation failure.';
  }
  return 'Invalid access token signature.';
}
