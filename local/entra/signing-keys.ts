import { generateKeyPair } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { JWK } from 'jose';
import { calculateJwkThumbprint, exportJWK } from 'jose';

const generate = promisify(generateKeyPair);

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: JWK;
}

/** The keys that tokens are signed with. Only the current one is published. */
export interface SigningKeys {
  current(): SigningKey;
  /** A key that was never published. */
  readonly stranger: SigningKey;
  /** RFC 7517 section 5. */
  published(): { keys: JWK[] };
  /** A new key signs from now on, and the old one is no longer published. */
  rotate(): Promise<void>;
}

export async function createSigningKeys(): Promise<SigningKeys> {
  const [first, stranger] = await Promise.all([createSigningKey(), createSigningKey()]);
  let current = first;
  return {
    current: () => current,
    stranger,
    published: () => ({ keys: [current.publicJwk] }),
    async rotate() {
      current = await createSigningKey();
    },
  };
}

async function createSigningKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generate('rsa', { modulusLength: 2048 });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { kid, privateKey, publicJwk: { ...jwk, kid, use: 'sig', alg: 'RS256' } };
}
