import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { isObject, parseJson } from '../bodies';

/** A key of the ring. Every key that signs or encrypts is derived from one, see {@link deriveKey}. */
export interface RingKey {
  /** Names the key in cookies and rows, and tells nothing about it. Characters of base64url and `.` only. */
  readonly kid: string;
  /** 32 bytes. Only HKDF uses them. */
  readonly secret: Uint8Array;
}

/** The keys of the app, whatever wraps them. */
export interface KeyRing {
  /**
   * The key that signs and encrypts now.
   * @throws ERR_KEYS_UNAVAILABLE when the ring cannot be read or unwrapped
   */
  current(signal: AbortSignal): Promise<RingKey>;
  /**
   * The key of that name, even if it does not sign any more; `undefined` when the ring has no such key.
   * @throws ERR_KEYS_UNAVAILABLE when nobody can tell at the moment
   */
  find(kid: string, signal: AbortSignal): Promise<RingKey | undefined>;
}

/** Where an encrypted value is stored. At any other address it cannot be read. */
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
// A shorter tag would be easier to guess (Node.js documentation, `decipher.setAuthTag`).
const tagOptions = { authTagLength: tagSize };

/**
 * AES-256-GCM (NIST SP 800-38D) as `version | iv | ciphertext | tag`, 29 bytes more than `value`. It does not say from
 * which ring key `key` was derived: the row says so in a property of its own.
 */
export function encryptValue(key: KeyObject, address: ValueAddress, value: Uint8Array): Buffer {
  // Random 96-bit IVs are safe for 2^32 values under one key. A session's key encrypts a few hundred.
  const iv = randomBytes(ivSize);
  const cipher = createCipheriv(algorithm, key, iv, tagOptions);
  cipher.setAAD(bindingOf(address));
  const ciphertext = Buffer.concat([cipher.update(value), cipher.final()]);
  return Buffer.concat([Uint8Array.of(version), iv, ciphertext, cipher.getAuthTag()]);
}

/**
 * What was encrypted; `undefined` for anything else: an unknown version, a value that was cut short, changed, moved from
 * another address, or encrypted under another key.
 */
export function decryptValue(
  key: KeyObject,
  address: ValueAddress,
  encrypted: unknown,
): Buffer | undefined {
  if (!(encrypted instanceof Uint8Array) || encrypted.byteLength < overhead) return undefined;
  if (encrypted[0] !== version) return undefined;
  const tagStart = encrypted.byteLength - tagSize;
  const iv = encrypted.subarray(1, 1 + ivSize);
  const decipher = createDecipheriv(algorithm, key, iv, tagOptions);
  decipher.setAAD(bindingOf(address));
  decipher.setAuthTag(encrypted.subarray(tagStart));
  const start = decipher.update(encrypted.subarray(1 + ivSize, tagStart));
  try {
    return Buffer.concat([start, decipher.final()]);
  } catch {
    return undefined;
  }
}

/** As JSON: if the parts were only joined, `a|b`, `c` and `a`, `b|c` would give the same text. */
function bindingOf({ table, partitionKey, rowKey, property }: ValueAddress): Buffer {
  return Buffer.from(JSON.stringify([table, partitionKey, rowKey, property, version]), 'utf8');
}

/** What a sealed value is for. It is not accepted for another purpose. */
type SealPurpose = keyof typeof useOf;

const useOf = {
  'sign-in-state': 'signInState',
  'sign-in-rest': 'signInRest',
  'step-up': 'stepUp',
} as const;

const maxSealedLength = 8192;
/** From this length on, compression saves more than its entry in the header costs. */
const minCompressedBytes = 256;
/** What we seal is never longer. */
const maxContentBytes = 16_384;

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
 * Encrypts `payload` (anything that JSON can hold) as a compact JWE, `dir` with `A256GCM` (RFC 7516 section 7.1, RFC 7518
 * sections 4.5 and 5.3): characters of base64url and dots only. A long one is compressed (RFC 7516 section 4.1.3), since
 * it is a part of addresses. Compression tells something to a person who can choose a part of the text and see its length.
 * Nothing in it is secret to that person.
 * @throws ERR_KEYS_UNAVAILABLE
 */
export async function seal(
  purpose: SealPurpose,
  payload: unknown,
  { keyRing, expiresAt, signal }: SealOptions,
): Promise<string> {
  const ringKey = await keyRing.current(signal);
  const content = Buffer.from(JSON.stringify({ p: purpose, e: expiresAt, v: payload }), 'utf8');
  const isCompressed = content.byteLength >= minCompressedBytes;
  const header = sealedHeader(ringKey.kid, isCompressed);
  const iv = randomBytes(ivSize);
  const cipher = createCipheriv(algorithm, deriveKey(ringKey, useOf[purpose]), iv, tagOptions);
  cipher.setAAD(Buffer.from(header, 'ascii'));
  const encrypted = Buffer.concat([
    cipher.update(isCompressed ? deflateRawSync(content) : content),
    cipher.final(),
  ]);
  // The second part would be the encrypted key. `dir` has none.
  const parts = [iv, encrypted, cipher.getAuthTag()].map((part) => part.toString('base64url'));
  return [header, '', ...parts].join('.');
}

/**
 * What was sealed for `purpose`, still to be parsed; `undefined` for everything else: expired, sealed for another purpose
 * or by somebody else, changed, too long, or no JWE.
 * @throws ERR_KEYS_UNAVAILABLE
 */
export async function openSealed(
  purpose: SealPurpose,
  text: string,
  { keyRing, now, signal }: OpenOptions,
): Promise<unknown> {
  const { header, iv, encrypted, tag } = sealedForm.exec(text)?.groups ?? {};
  if (text.length > maxSealedLength || header === undefined) return undefined;
  const ringKey = await findNamedKey(keyRing, text, signal);
  if (ringKey === undefined) return undefined;
  const isCompressed = header === sealedHeader(ringKey.kid, true);
  if (!isCompressed && header !== sealedHeader(ringKey.kid, false)) return undefined;
  const key = deriveKey(ringKey, useOf[purpose]);
  try {
    const decipher = createDecipheriv(algorithm, key, fromBase64url(iv), tagOptions);
    decipher.setAAD(Buffer.from(header, 'ascii'));
    decipher.setAuthTag(fromBase64url(tag));
    const content = Buffer.concat([decipher.update(fromBase64url(encrypted)), decipher.final()]);
    const plain = isCompressed
      ? inflateRawSync(content, { maxOutputLength: maxContentBytes })
      : content;
    return payloadOf(parseJson(plain), purpose, now);
  } catch {
    return undefined;
  }
}

/** The parts of a JWE of ours: 16 characters are the 12 bytes of an IV, and 22 the 16 bytes of a tag. */
const sealedForm =
  /^(?<header>[\w-]+)\.\.(?<iv>[\w-]{16})\.(?<encrypted>[\w-]+)\.(?<tag>[\w-]{22})$/;

/** We accept only the header that we write, so no part of it can be chosen by anybody else (RFC 8725 section 3.1). */
function sealedHeader(kid: string, isCompressed: boolean): string {
  const header = { alg: 'dir', enc: 'A256GCM', kid, ...(isCompressed && { zip: 'DEF' }) };
  return Buffer.from(JSON.stringify(header), 'utf8').toString('base64url');
}

/** The last character has bits that mean nothing. With others there, one value would have several texts. */
function fromBase64url(text = ''): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw new RangeError('not the text that we wrote');
  return bytes;
}

function payloadOf(content: unknown, purpose: SealPurpose, now: number): unknown {
  if (!isObject(content)) return undefined;
  const { p: sealedFor, e: expiresAt, v: payload } = content;
  const isLive = typeof expiresAt === 'number' && now < expiresAt;
  return sealedFor === purpose && isLive ? payload : undefined;
}

/**
 * Every use of a ring key has a label of its own, so that the key of one use does nothing in another (RFC 5869 section
 * 3.2). A label never changes its meaning: a new format gets a new number.
 */
export const keyLabels = {
  sessionCookie: 'anteroom/session-cookie/1',
  signInState: 'anteroom/sign-in-state/1',
  signInRest: 'anteroom/sign-in-rest/1',
  signInNonce: 'anteroom/sign-in-nonce/1',
  signInVerifier: 'anteroom/sign-in-verifier/1',
  stepUp: 'anteroom/step-up/2',
  summary: 'anteroom/session-summary/1',
  activity: 'anteroom/activity/1',
  session: 'anteroom/session/1',
} as const;

/** The uses whose key depends on the ring's key alone. */
export type KeyUse = Exclude<keyof typeof keyLabels, 'session' | SignInValue>;

/** What a sign-in needs at its end, and keeps nowhere. */
type SignInValue = 'signInNonce' | 'signInVerifier';

/** The bytes of a SHA-256, and so of a key. */
const hashSize = 32;

// Under the object of one ring's key: no other ring finds an entry, and it goes when the ring drops the key.
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
 * A session's own 256-bit key. It needs the ring's key and the session id, which only the browser keeps: a person who has
 * the table and the ring opens nothing. It is not cached, or session ids would stay in memory.
 * @param sessionId its 32 bytes
 */
export function deriveSessionKey(ringKey: RingKey, sessionId: Uint8Array): KeyObject {
  // Both parts have a fixed size, so what is concatenated has one meaning only.
  return hkdf(Buffer.concat([ringKey.secret, sessionId]), keyLabels.session);
}

/**
 * The nonce or the PKCE verifier of one sign-in: 43 characters of base64url (RFC 7636 section 4.1). It is stored nowhere:
 * the app derives it again from its key, the browser's cookie and `state`.
 * @param ringKey the key that sealed `state`, so that a new key between start and end changes nothing
 * @param browserSecret the 32 bytes of the browser's sign-in cookie
 */
export function deriveSignInValue(
  ringKey: RingKey,
  value: SignInValue,
  browserSecret: Uint8Array,
  state: string,
): string {
  // All three parts have a fixed size, so what is concatenated has one meaning only.
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
  // A KeyObject, not bytes: for bytes Node.js 24 throws and catches an error inside each call.
  const expanding = createHmac('sha256', createSecretKey(extracted));
  return createSecretKey(expanding.update(label, 'utf8').update(firstBlock).digest());
}

/**
 * The ring's key that a compact JWS or JWE names in its `kid` header; `undefined` when the text is neither, or names no
 * key of ours. Nothing is verified yet.
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
  const header = parseJson(Buffer.from(text.slice(0, text.indexOf('.')), 'base64url'));
  return isObject(header) && isKid(header['kid']) ? header['kid'] : undefined;
}

/** Whether a text from outside may be looked up in the ring at all. */
export function isKid(kid: unknown): kid is string {
  return typeof kid === 'string' && /^\d{1,6}\.[A-Za-z0-9_-]{8}$/.test(kid);
}

const day = 86_400;

/** A key signs for 90 days. */
const periodSeconds = 90 * day;

/** So early that every instance has read the next key long before anything is signed with it. */
const aheadSeconds = 7 * day;

/** The period that `now` (epoch seconds) lies in. */
export function periodAt(now: number): number {
  return Math.floor(now / periodSeconds);
}

/** The first second of a period. */
export function startOf(period: number): number {
  return period * periodSeconds;
}

/** True in the last seven days of a period, when the next one's key must be there. */
export function isNextPeriodDue(now: number): boolean {
  return periodAt(now + aheadSeconds) > periodAt(now);
}
