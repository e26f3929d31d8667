import type { KeyObject } from 'node:crypto';
import { createHash, createHmac, createSecretKey } from 'node:crypto';
import type { RingKey } from './key-ring';

/**
 * Every use of a ring key has a label of its own, so that a key of one use is worthless in another
 * (RFC 5869 section 3.2). A label never changes its meaning: a new format gets a new number.
 */
export const keyLabels = {
  sessionCookie: 'anteroom/session-cookie/1',
  signInState: 'anteroom/sign-in-state/1',
  signInRest: 'anteroom/sign-in-rest/1',
  signInNonce: 'anteroom/sign-in-nonce/1',
  signInVerifier: 'anteroom/sign-in-verifier/1',
  stepUp: 'anteroom/step-up/2',
  summary: 'anteroom/session-summary/1',
  session: 'anteroom/session/1',
} as const;

/** The uses whose key depends on the ring's key alone. */
export type KeyUse = Exclude<keyof typeof keyLabels, 'session' | SignInValue>;

/** What a sign-in needs at its end and never keeps. */
export type SignInValue = 'signInNonce' | 'signInVerifier';

/** Of SHA-256, and so of the keys. */
const hashSize = 32;

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

/**
 * The nonce or the PKCE verifier of one sign-in: 43 base64url characters (RFC 7636 section 4.1). It is stored nowhere: the app
 * derives it again from its key, the browser's cookie and `state`.
 * @param ringKey the key that sealed `state`, so that a new key between start and end changes nothing
 * @param browserSecret the 32 bytes of the browser's sign-in cookie
 */
export function deriveSignInValue(
  ringKey: RingKey,
  value: SignInValue,
  browserSecret: Uint8Array,
  state: string,
): string {
  // All three parts have a fixed size, so the concatenation is unambiguous.
  const stateHash = createHash('sha256').update(state).digest();
  const material = Buffer.concat([ringKey.secret, browserSecret, stateHash]);
  return hkdf(material, keyLabels[value]).export().toString('base64url');
}

// RFC 5869 section 2.2: without a salt, as many zeros as the hash is long.
const noSalt = createSecretKey(Buffer.alloc(hashSize));
const firstBlock = Uint8Array.of(1);

/**
 * HKDF-SHA-256 for one block of output, which is all a 256-bit key needs: `extract` and `expand` are one HMAC each
 * (RFC 5869 sections 2.2 and 2.3). Node's `hkdfSync` gives the same, but took a tenth of a guarded request's time.
 */
function hkdf(keyMaterial: Uint8Array, label: string): KeyObject {
  const extracted = createHmac('sha256', noSalt).update(keyMaterial).digest();
  // Keys as KeyObjects: Node.js 24 finds out that bytes are none by an error that it throws and catches.
  const expanding = createHmac('sha256', createSecretKey(extracted));
  return createSecretKey(expanding.update(label, 'utf8').update(firstBlock).digest());
}
