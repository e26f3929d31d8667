import { createHash, createSecretKey, hkdfSync } from 'node:crypto';
import type { KeyWrapping } from './key-wrapping';
import { decryptValue, encryptValue } from './row-encryption';

/** RFC 5869 section 3.2: the secret itself is never used as a key. */
const label = 'anteroom/key-wrapping/1';

/** The ring binds a key to its row itself (bound-secret.ts), whatever wraps it. */
const place = { table: '', partitionKey: 'key-ring', rowKey: '', property: 'wrapped' };

/**
 * Wraps by AES-256-GCM under a key derived from `secret` (the setting `KEY_RING_SECRET`), for where
 * there is no Key Vault. Another secret opens nothing.
 * @param secret 32 random bytes
 */
export function createSecretWrapping(secret: Uint8Array): KeyWrapping {
  const keyBytes = Buffer.from(hkdfSync('sha256', secret, '', label, 32));
  const key = createSecretKey(keyBytes);
  const hash = createHash('sha256').update('anteroom key wrapping\0').update(keyBytes);
  const version = `secret.${hash.digest('base64url').slice(0, 8)}`;
  return {
    wrap: (content) => Promise.resolve({ wrapped: encryptValue(key, place, content), version }),
    unwrap: ({ wrapped }) => Promise.resolve(decryptValue(key, place, wrapped)),
  };
}
