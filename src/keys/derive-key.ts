import type { KeyObject } from 'node:crypto';
import { createSecretKey, hkdfSync } from 'node:crypto';
import type { RingKey } from './key-ring';

/**
 * Every use of a ring key has a label of its own, so that a key of one use is worthless in another
 * (RFC 5869 section 3.2). A label never changes its meaning: a new format gets a new number.
 */
export const keyLabels = {
  sessionCookie: 'anteroom/session-cookie/1',
  signInAttempt: 'anteroom/sign-in-attempt/1',
  stepUp: 'anteroom/step-up/1',
  summary: 'anteroom/session-summary/1',
  session: 'anteroom/session/1',
} as const;

/** The uses whose key depends on the ring's key alone. */
export type KeyUse = Exclude<keyof typeof keyLabels, 'session'>;

const keySize = 32;

// By the ring's own object: an entry goes when the ring drops the key.
const derivedKeys = new WeakMap<RingKey, Map<KeyUse, KeyObject>>();

/** The 256-bit key of one use, derived once by HKDF-SHA-256 (RFC 5869). */
export function deriveKey(ringKey: RingKey, use: KeyUse): KeyObject {
  const known = derivedKeys.get(ringKey) ?? new Map<KeyUse, KeyObject>();
  derivedKeys.set(ringKey, known);
  const key = known.get(use) ?? hkdf(ringKey.secret, keyLabels[use]);
  known.set(use, key);
  return key;
}

/**
 * A session's own 256-bit key. It needs the ring's key and the session id, which only the browser
 * keeps: whoever has the table and the ring still opens nothing. Not cached, or ids would linger.
 * @param sessionId the 32 bytes themselves
 */
export function deriveSessionKey(ringKey: RingKey, sessionId: Uint8Array): KeyObject {
  // Both parts have a fixed size, so that their concatenation has one meaning only.
  return hkdf(Buffer.concat([ringKey.secret, sessionId]), keyLabels.session);
}

function hkdf(keyMaterial: Uint8Array, label: string): KeyObject {
  // As a KeyObject: Node.js 24 finds out that bytes are none by an error that it throws and catches, at each call.
  const material = createSecretKey(keyMaterial);
  return createSecretKey(Buffer.from(hkdfSync('sha256', material, '', label, keySize)));
}
