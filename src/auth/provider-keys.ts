import { createLocalJWKSet, errors, type CryptoKey } from 'jose';
import { AppError } from '../errors';
import { isObject } from '../is-object';

/** The header of a JWT, as far as it chooses the key. */
export interface KeyHeader {
  readonly alg: string;
  readonly kid?: string | undefined;
}

/** The one key a header asks for; `undefined` when there is none, or more than one. */
export type SelectKey = (header: KeyHeader) => Promise<CryptoKey | undefined>;

const maxKeys = 100;

/**
 * The provider's RSA signing keys. Only their public members are kept. A header without `kid`
 * selects the only RSA signing key there is.
 * @see RFC 7517 section 5
 * @throws ERR_PROVIDER_MISMATCH when the document holds no RSA key
 */
export function parseProviderKeys(document: unknown): SelectKey {
  const listed = isObject(document) && Array.isArray(document['keys']) ? document['keys'] : [];
  const keys = listed.slice(0, maxKeys).flatMap(publicRsaKey);
  if (keys.length === 0) {
    throw new AppError('ERR_PROVIDER_MISMATCH', { note: 'jwks_uri lists no RSA key' });
  }
  const select = createLocalJWKSet({ keys });
  return async ({ alg, kid }) => {
    try {
      return await select(kid === undefined ? { alg } : { alg, kid });
    } catch (error) {
      // Not RSA, no match, several matches, or a key that cannot be imported: each is "no key".
      if (error instanceof errors.JOSEError || error instanceof DOMException) return undefined;
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  };
}

interface PublicRsaKey {
  readonly kty: 'RSA';
  readonly n: string;
  readonly e: string;
  readonly [member: string]: string;
}

function publicRsaKey(key: unknown): PublicRsaKey[] {
  if (!isObject(key)) return [];
  const { kty, n, e, kid, use, alg } = key;
  if (kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') return [];
  if ((use !== undefined && use !== 'sig') || (alg !== undefined && alg !== 'RS256')) return [];
  return [{ kty, n, e, ...(typeof kid === 'string' ? { kid } : {}) }];
}
