import type { RingKey } from '../../src/keys/encryption';
import type { StoredKeyRing } from '../../src/keys/key-ring';
import { kidOf } from '../../src/keys/ring-rows';

/** A ring with one key that never changes, for tests in which it does not matter where keys come from. */
export function createStaticKeyRing(secret: Uint8Array): StoredKeyRing {
  // Always the same object: derived keys are cached by it.
  const key: RingKey = { kid: kidOf(0, secret), secret: Uint8Array.from(secret) };
  return {
    current: () => Promise.resolve(key),
    find: (kid) => Promise.resolve(kid === key.kid ? key : undefined),
    discard: () => Promise.resolve(),
  };
}
