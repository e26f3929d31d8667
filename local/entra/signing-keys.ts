import { createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { JWK } from 'jose';
import { calculateJwkThumbprint, exportJWK } from 'jose';
import { isString } from '../loopback/control';
import type { KeptState } from './kept-state';

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

/** Keys of this run; the current one stays over restarts, so that tokens out there stay good. */
export async function createSigningKeys(state: KeptState): Promise<SigningKeys> {
  const kept = state.part('keys');
  const pem = kept.get('current');
  const [first, stranger] = await Promise.all([
    isString(pem) ? describeKey(createPrivateKey(pem)) : createSigningKey(),
    createSigningKey(),
  ]);
  let current = first;
  const keep = (): void => {
    kept.set('current', current.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    state.changed();
  };
  keep();
  return {
    current: () => current,
    stranger,
    published: () => ({ keys: [current.publicJwk] }),
    async rotate() {
      current = await createSigningKey();
      keep();
    },
  };
}

async function createSigningKey(): Promise<SigningKey> {
  const { privateKey } = await generate('rsa', { modulusLength: 2048 });
  return describeKey(privateKey);
}

async function describeKey(privateKey: KeyObject): Promise<SigningKey> {
  const jwk = await exportJWK(createPublicKey(privateKey));
  const kid = await calculateJwkThumbprint(jwk);
  return { kid, privateKey, publicJwk: { ...jwk, kid, use: 'sig', alg: 'RS256' } };
}
