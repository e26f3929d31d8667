import type { KeyObject } from 'node:crypto';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Where an encrypted value belongs. Anywhere else it cannot be read. */
export interface ValuePlace {
  readonly table: string;
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly property: string;
}

const version = 1;
const ivSize = 12;
const tagSize = 16;
const overhead = 1 + ivSize + tagSize;
const algorithm = 'aes-256-gcm';

/**
 * AES-256-GCM (NIST SP 800-38D) as `version | iv | ciphertext | tag`, 29 bytes more than `value`.
 * Which ring key `key` came from is not inside: the row tells it in a property of its own.
 */
export function encryptValue(key: KeyObject, place: ValuePlace, value: Uint8Array): Buffer {
  // A random 96-bit IV is safe for 2^32 values a key; a session's key sees a few hundred.
  const iv = randomBytes(ivSize);
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagSize });
  cipher.setAAD(bindingOf(place));
  const ciphertext = Buffer.concat([cipher.update(value), cipher.final()]);
  return Buffer.concat([Uint8Array.of(version), iv, ciphertext, cipher.getAuthTag()]);
}

/**
 * What was encrypted, or `undefined` for anything else: an unknown version, a value that is cut
 * short, changed, moved from another place, or encrypted under another key.
 */
export function decryptValue(
  key: KeyObject,
  place: ValuePlace,
  encrypted: unknown,
): Buffer | undefined {
  if (!(encrypted instanceof Uint8Array) || encrypted.byteLength < overhead) return undefined;
  if (encrypted[0] !== version) return undefined;
  const tagStart = encrypted.byteLength - tagSize;
  // A shorter tag would be easier to guess (Node.js documentation, `decipher.setAuthTag`).
  const options = { authTagLength: tagSize };
  const iv = encrypted.subarray(1, 1 + ivSize);
  const decipher = createDecipheriv(algorithm, key, iv, options);
  decipher.setAAD(bindingOf(place));
  decipher.setAuthTag(encrypted.subarray(tagStart));
  const start = decipher.update(encrypted.subarray(1 + ivSize, tagStart));
  try {
    return Buffer.concat([start, decipher.final()]);
  } catch {
    return undefined;
  }
}

/** JSON, because a plain join would read the same for `a|b`, `c` and `a`, `b|c`. */
function bindingOf({ table, partitionKey, rowKey, property }: ValuePlace): Buffer {
  return Buffer.from(JSON.stringify([table, partitionKey, rowKey, property, version]), 'utf8');
}
