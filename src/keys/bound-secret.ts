import { createHash, timingSafeEqual } from 'node:crypto';

const version = 1;
export const secretSize = 32;
const bindingSize = 32;

/** Where a ring key belongs. */
export interface RingPlace {
  readonly table: string;
  readonly rowKey: string;
}

/**
 * A ring key's secret together with its place: `version | SHA-256 of the place | secret`, 65 bytes.
 * This is what is wrapped. RSA-OAEP in Key Vault takes no additional data, and without the place
 * inside, a wrapped key that somebody learned (from another environment, or years ago) could be put
 * into the row of the current period.
 */
export function bindSecret(secret: Uint8Array, place: RingPlace): Buffer {
  return Buffer.concat([Uint8Array.of(version), bindingOf(place), secret]);
}

/** The secret, or `undefined` when `content` is none, or belongs elsewhere. */
export function openBoundSecret(content: Uint8Array, place: RingPlace): Buffer | undefined {
  if (content.byteLength !== 1 + bindingSize + secretSize || content[0] !== version) {
    return undefined;
  }
  const binding = content.subarray(1, 1 + bindingSize);
  if (!timingSafeEqual(binding, bindingOf(place))) return undefined;
  return Buffer.from(content.subarray(1 + bindingSize));
}

function bindingOf({ table, rowKey }: RingPlace): Buffer {
  const place = JSON.stringify(['anteroom ring key', version, table, rowKey]);
  return createHash('sha256').update(place).digest();
}
