import { importJWK, type CryptoKey } from 'jose';
import { AppError } from '../errors';
import { isObject } from '../is-object';

/** The header of a JWT, as far as it chooses the key. */
export interface KeyHeader {
  readonly alg: string;
  readonly kid?: string | undefined;
}

/**
 * The keys that may have signed a token with this header: each one that has its `kid`; without a `kid`, all of them.
 * Empty when there is none.
 */
export type SelectKeys = (header: KeyHeader) => Promise<readonly CryptoKey[]>;

/** 2048 bits in base64url: shorter keys must not be used for RS256 (RFC 7518 section 3.3). */
const shortestModulus = 342;

/** It also limits how many keys one token can make us try. */
const maxKeys = 100;

/**
 * The provider's RSA signing keys. Only their public members are kept. A key that is listed twice, or under one name with
 * another key, is no fault: names should differ, but need not (RFC 7517 section 4.5).
 * @throws ERR_PROVIDER_MISMATCH when the document holds no RSA key
 */
export function parseProviderKeys(document: unknown): SelectKeys {
  const listed = isObject(document) && Array.isArray(document['keys']) ? document['keys'] : [];
  const keys = listed.slice(0, maxKeys).flatMap(publicRsaKey);
  if (keys.length === 0) {
    throw new AppError('ERR_PROVIDER_MISMATCH', { note: 'jwks_uri lists no RSA key' });
  }
  const imported = new Map<PublicRsaKey, Promise<CryptoKey[]>>();
  const imports = (key: PublicRsaKey): Promise<CryptoKey[]> => {
    const importing = imported.get(key) ?? importKey(key);
    imported.set(key, importing);
    return importing;
  };
  return async ({ alg, kid }) => {
    if (alg !== 'RS256') return [];
    const named = keys.filter((key) => kid === undefined || key.kid === kid);
    return (await Promise.all(named.map(imports))).flat();
  };
}

interface PublicRsaKey {
  readonly kty: 'RSA';
  readonly n: string;
  readonly e: string;
  readonly kid?: string;
}

function publicRsaKey(key: unknown): PublicRsaKey[] {
  if (!isObject(key)) return [];
  const { kty, n, e, kid, use, alg } = key;
  if (kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') return [];
  if (n.length < shortestModulus) return [];
  if ((use !== undefined && use !== 'sig') || (alg !== undefined && alg !== 'RS256')) return [];
  return [{ kty, n, e, ...(typeof kid === 'string' ? { kid } : {}) }];
}

/** A key that cannot be read counts as absent, and so does a key of another kind. */
async function importKey({ kty, n, e }: PublicRsaKey): Promise<CryptoKey[]> {
  try {
    const key = await importJWK({ kty, n, e }, 'RS256');
    return key instanceof Uint8Array ? [] : [key];
  } catch {
    return [];
  }
}
