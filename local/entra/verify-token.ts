import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from 'jose';

/** Checks the access tokens of one API. */
export interface TokenVerifier {
  /** The API's reason to refuse, or the claims. */
  verify(token: string): Promise<{ readonly claims: JWTPayload } | { readonly reason: TokenFault }>;
}

/** Why an API refuses a token. */
export type TokenFault = 'expired' | 'audience' | 'claims' | 'signature';

/**
 * Verifies tokens as an API of the tenant does: signature, issuer, audience and times. An unknown `kid` fetches the keys again
 * at once.
 */
export function createTokenVerifier(options: {
  /** The JWKS of the organisations. */
  readonly keysUrl: string;
  /** The JWKS of personal accounts. */
  readonly consumersKeysUrl?: string | undefined;
  readonly issuers: readonly string[];
  readonly audiences: readonly string[];
  readonly requiredClaims?: readonly string[];
}): TokenVerifier {
  const keys = createKeys(options.keysUrl, options.consumersKeysUrl);
  const rules = {
    issuer: [...options.issuers],
    audience: [...options.audiences],
    algorithms: ['RS256'],
    requiredClaims: ['exp', ...(options.requiredClaims ?? [])],
  };
  return {
    async verify(token) {
      try {
        return { claims: await verifyByAnyKey(token, keys, rules) };
      } catch (error) {
        return { reason: faultOf(error) };
      }
    },
  };
}

function createKeys(keysUrl: string, consumersKeysUrl: string | undefined): JWTVerifyGetKey {
  const fetchFrom = (url: string) => createRemoteJWKSet(new URL(url), { cooldownDuration: 0 });
  const keys = fetchFrom(keysUrl);
  if (consumersKeysUrl === undefined) return keys;
  const consumersKeys = fetchFrom(consumersKeysUrl);
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      return consumersKeys(header, token);
    }
  };
}

async function verifyByAnyKey(
  token: string,
  keys: JWTVerifyGetKey,
  rules: Parameters<typeof jwtVerify>[2],
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, rules)).payload;
  } catch (error) {
    // The list may name a key twice: any of them may fit.
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, rules)).payload;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function faultOf(error: unknown): TokenFault {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (!(error instanceof errors.JWTClaimValidationFailed)) return 'signature';
  return error.claim === 'aud' ? 'audience' : 'claims';
}
