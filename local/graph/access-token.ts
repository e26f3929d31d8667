import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { graphResource } from '../entra/registrations';
import type { ChallengeForm, GraphError } from './faults';

const applicationOfGraph = '00000003-0000-0000-c000-000000000000';
const authorize = 'https://login.microsoftonline.com/common/oauth2/authorize';
const client = `client_id="${applicationOfGraph}"`;
const bearer = `Bearer realm="", authorization_uri="${authorize}", ${client}`;

interface TokenRules {
  readonly keys: JWTVerifyGetKey;
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** The scope that a token must have. */
  readonly scope: string;
}

export type Verified =
  | { readonly objectId: string; readonly scopes: readonly string[] }
  | { readonly error: GraphError };

/** Microsoft Graph accepts its application id and its address. */
export function audiencesOf({ audience }: { readonly audience: string }): string[] {
  return audience === graphResource ? [audience, applicationOfGraph] : [audience];
}

/** The keys at `keysUrl`. An unknown `kid` fetches them again at once. */
export function createPublishedKeys(keysUrl: string): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(keysUrl), { cooldownDuration: 0 });
}

/** Whose request this is, by its bearer token (RFC 6750); else the answer that refuses it. */
export async function verifyAccessToken(
  authorization: string | undefined,
  rules: TokenRules,
): Promise<Verified> {
  const token = /^bearer (\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) return { error: invalidToken('Access token is empty.') };
  try {
    const { scp, oid } = await verify(token, rules);
    if (typeof scp !== 'string' || typeof oid !== 'string') {
      return { error: invalidToken('Claims of the access token are malformed.') };
    }
    const scopes = scp.split(' ');
    return scopes.includes(rules.scope) ? { objectId: oid, scopes } : { error: scopeMissing };
  } catch (error) {
    return { error: invalidToken(reasonOf(error)) };
  }
}

async function verify(token: string, rules: TokenRules): Promise<JWTPayload> {
  const options = {
    issuer: rules.issuer,
    audience: [...rules.audiences],
    algorithms: ['RS256'],
    requiredClaims: ['exp', 'scp', 'oid'],
  };
  try {
    return (await jwtVerify(token, rules.keys, options)).payload;
  } catch (error) {
    // The list may name a key twice: any of them may fit.
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
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
export function claimsChallenge(form: ChallengeForm, now: number): GraphError {
  const claims = JSON.stringify({ access_token: { nbf: { essential: true, value: String(now) } } });
  const encoded = Buffer.from(claims).toString('base64');
  const result = 'TokenIssuedBeforeRevocationTimestamp';
  const said = `errorDescription="Continuous access evaluation resulted in claims challenge with result: ${result}"`;
  const [error, request] = ['error="insufficient_claims"', `claims="${encoded}"`];
  return {
    ...invalidToken(said.slice('errorDescription="'.length, -1)),
    headers: {
      'WWW-Authenticate': {
        unquoted: `Bearer ${[`realm=""`, `authorization_uri=${authorize}`, client, error, request, said].join(', ')}`,
        quoted: `${bearer}, ${[said, error, request].join(', ')}`,
        'two-headers': [
          'PoP realm="", nonce="bm8gbm9uY2U"',
          `${bearer}, ${['cc_type="authcontext"', request, error].join(', ')}`,
        ],
      }[form],
    },
  };
}

function invalidToken(message: string): GraphError {
  return {
    status: 401,
    code: 'InvalidAuthenticationToken',
    message,
    headers: { 'WWW-Authenticate': bearer },
  };
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
