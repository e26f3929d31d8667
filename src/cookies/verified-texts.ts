import { hash } from 'node:crypto';
import type { RingKey } from '../keys/key-ring';

/** Which exact texts were found to be signed by a key, so that a browser's every request need not tell it again. */
export interface VerifiedTexts {
  has(key: RingKey, text: string): boolean;
  add(key: RingKey, text: string): void;
}

/** Some 200 KB; a text that fell out is verified once more. */
const mostTexts = 2_000;

/**
 * A memory of signatures, one an instance. That a signature is right never changes, unlike all that the text says: who
 * asks still reads that each time. Texts are kept as SHA-256 only, since session ids must not linger, and by the ring
 * key's own object: they go when the ring drops the key.
 * @param most how many of a key's texts are kept, the lately used ones
 */
export function createVerifiedTexts(most = mostTexts): VerifiedTexts {
  const hashesOf = new WeakMap<RingKey, Set<string>>();
  return {
    has: (key, text) => {
      const hashes = hashesOf.get(key);
      const name = nameOf(text);
      if (hashes?.delete(name) !== true) return false;
      hashes.add(name);
      return true;
    },
    add: (key, text) => {
      const hashes = hashesOf.get(key) ?? new Set();
      hashesOf.set(key, hashes.add(nameOf(text)));
      const [oldest] = hashes;
      if (hashes.size > most && oldest !== undefined) hashes.delete(oldest);
    },
  };
}

function nameOf(text: string): string {
  return hash('sha256', text, 'base64');
}
