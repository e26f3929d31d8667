import { AppError } from '../errors';
import type { KeyRing, RingKey } from './key-ring';
import { kidOf } from './kid';

const secretSize = 32;

/**
 * A ring with one key that never changes: `secret` itself (the setting `KEY_RING_SECRET`).
 * @param secret 32 bytes
 * @throws ERR_SETTINGS when it has another size
 */
export function createStaticKeyRing(secret: Uint8Array): KeyRing {
  if (secret.byteLength !== secretSize) {
    throw new AppError('ERR_SETTINGS', { note: 'the key ring secret must have 32 bytes' });
  }
  // Always the same object: derived keys are cached by it.
  const key: RingKey = { kid: kidOf(0, secret), secret: Uint8Array.from(secret) };
  return {
    current: () => Promise.resolve(key),
    find: (kid) => Promise.resolve(kid === key.kid ? key : undefined),
  };
}
