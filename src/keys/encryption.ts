import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { compactDecrypt, CompactEncrypt, decodeProtectedHeader } from 'jose';
import { isObject, parseJson } from '../json';

/** The keys everything else is derived from, behind one interface whatever wraps them. */

export interface RingKey {
  /** Names the key in cookies and rows; tells nothing about it. base64url and `.` only. */
  readonly kid: string;
  /** 32 bytes, only ever an input of HKDF. */
  readonly secret: Uint8Array;
}

export interface KeyRing {
  /**
   * The key that signs and encrypts now.
   * @throws ERR_KEYS_UNAVAILABLE when the ring cannot be read or unwrapped
   */
  current(signal: AbortSignal): Promise<RingKey>;
  /** The key of that name, also when it is retired; `undefined` when the ring has no such key. */
  find(kid: string, signal: AbortSignal): Promise<RingKey | undefined>;
}

/** What a sealed value is for. One of another purpose is never accepted. */
export type SealPurpose = keyof typeof useOf;

const useOf = {
  'sign-in-state': 'signInState',
  'sign-in-rest': 'signInRest',
  'step-up': 'stepUp',
} as const;

const longest = 8192;
/** From this length on, compression saves more than its entry in the header costs. */
const worthCompressing = 256;
/** What we seal is never longer. */
const longestContent = 16_384;

interface SealOptions {
  readonly keyRing: KeyRing;
  /** Epoch seconds: from this second on it is not accepted. */
  readonly expiresAt: number;
  readonly signal: AbortSignal;
}

interface OpenOptions {
  readonly keyRing: KeyRing;
  readonly now: number;
  readonly signal: AbortSignal;
}

/**
 * `payload` (anything JSON can hold) as a compact JWE, `dir` with `A256GCM` (RFC 7516 section 7.1,
 * RFC 7518 sections 4.5 and 5.3): base64url characters and dots only. Long ones are compressed (RFC 7516 section
 * 4.1.3), since they travel in addresses: nothing in them is secret to whoever can choose a part and see the length.
 * @throws ERR_KEYS_UNAVAILABLE
 */
export async function seal(
  purpose: SealPurpose,
  payload: unknown,
  { keyRing, expiresAt, signal }: SealOptions,
): Promise<string> {
  const ringKey = await keyRing.current(signal);
  const content = Buffer.from(JSON.stringify({ p: purpose, e: expiresAt, v: payload }), 'utf8');
  return new CompactEncrypt(content)
    .setProtectedHeader({
      alg: 'dir',
      enc: 'A256GCM',
      kid: ringKey.kid,
      ...(content.byteLength < worthCompressing ? {} : { zip: 'DEF' }),
    })
    .encrypt(deriveKey(ringKey, useOf[purpose]));
}

/**
 * What was sealed for `purpose`, still to be parsed; `undefined` for everything else: expired,
 * sealed for another purpose or by somebody else, changed, too long, no JWE at all.
 * @throws ERR_KEYS_UNAVAILABLE
 */
export async function openSealed(
  purpose: SealPurpose,
  text: string,
  { keyRing, now, signal }: OpenOptions,
): Promise<unknown> {
  if (text.length > longest) return undefined;
  const ringKey = await findNamedKey(keyRing, text, signal);
  if (ringKey === undefined) return undefined;
  try {
    const { plaintext } = await compactDecrypt(text, deriveKey(ringKey, useOf[purpose]), {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
      maxDecompressedLength: longestContent,
    });
    return payloadOf(parseJson(plaintext), purpose, now);
  } catch {
    return undefined;
  }
}

function payloadOf(content: unknown, purpose: SealPurpose, now: number): unknown {
  if (!isObject(content)) return undefined;
  const { p: sealedFor, e: expiresAt, v: payload } = content;
  const isLive = typeof expiresAt === 'number' && now < expiresAt;
  return sealedFor === purpose && isLive ? payload : undefined;
}

/** Where an encrypted value belongs. Anywhere else it cannot be read. */
export interface ValueAddress {
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
export function encryptValue(key: KeyObject, address: ValueAddress, value: Uint8Array): Buffer {
  // A random 96-bit IV is safe for 2^32 values a key; a session's key sees a few hundred.
  const iv = randomBytes(ivSize);
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagSize });
  cipher.setAAD(bindingOf(address));
  const ciphertext = Buffer.concat([cipher.update(value), cipher.final()]);
  return Buffer.concat([Uint8Array.of(version), iv, ciphertext, cipher.getAuthTag()]);
}

/**
 * What was encrypted, or `undefined` for anything else: an unknown version, a value that is cut
 * short, changed, moved from another place, or encrypted under another key.
 */
export function decryptValue(
  key: KeyObject,
  address: ValueAddress,
  encrypted: unknown,
): Buffer | undefined {
  if (!(encrypted instanceof Uint8Array) || encrypted.byteLength < overhead) return undefined;
  if (encrypted[0] !== version) return undefined;
  const tagStart = encrypted.byteLength - tagSize;
  // A shorter tag would be easier to guess (Node.js documentation, `decipher.setAuthTag`).
  const options = { authTagLength: tagSize };
  const iv = encrypted.subarray(1, 1 + ivSize);
  const decipher = createDecipheriv(algorithm, key, iv, options);
  decipher.setAAD(bindingOf(address));
  decipher.setAuthTag(encrypted.subarray(tagStart));
  const start = decipher.update(encrypted.subarray(1 + ivSize, tagStart));
  try {
    return Buffer.concat([start, decipher.final()]);
  } catch {
    return undefined;
  }
}

/** JSON, because a plain join would read the same for `a|b`, `c` and `a`, `b|c`. */
function bindingOf({ table, partitionKey, rowKey, property }: ValueAddress): Buffer {
  return Buffer.from(JSON.stringify([table, partitionKey, rowKey, property, version]), 'utf8');
}

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

/**
 * The ring's key that a compact JWS or JWE names in its `kid` header; `undefined` when the text is
 * neither or names no key of ours. Nothing is verified yet.
 * @throws ERR_KEYS_UNAVAILABLE: a ring that cannot be read must not look like a bad cookie
 */
export async function findNamedKey(
  keyRing: KeyRing,
  text: string,
  signal: AbortSignal,
): Promise<RingKey | undefined> {
  const kid = kidIn(text);
  return kid === undefined ? undefined : keyRing.find(kid, signal);
}

function kidIn(text: string): string | undefined {
  try {
    const { kid } = decodeProtectedHeader(text);
    return isKid(kid) ? kid : undefined;
  } catch {
    return undefined;
  }
}

/** `<period>.<8 characters of the secret's SHA-256>`: 48 bits of a hash of 256 random bits tell nothing. */
export function kidOf(period: number, secret: Uint8Array): string {
  const hash = createHash('sha256').update('anteroom kid\0').update(secret).digest('base64url');
  return `${period}.${hash.slice(0, 8)}`;
}

/** Whether a text from outside may be looked up in the ring at all. */
export function isKid(kid: unknown): kid is string {
  return typeof kid === 'string' && /^\d{1,6}\.[A-Za-z0-9_-]{8}$/.test(kid);
}
