import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { isObject, parseJson } from '../json';
import { deriveKey, findNamedKey, type KeyRing } from './encryption';

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
 * it is a part of addresses. Compression tells something to somebody who can choose a part and see the length; nothing in
 * it is secret to that person.
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
  const header = headerText(ringKey.kid, isCompressed);
  const iv = randomBytes(ivSize);
  const cipher = createCipheriv('aes-256-gcm', deriveKey(ringKey, useOf[purpose]), iv, tagOptions);
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
  const isCompressed = header === headerText(ringKey.kid, true);
  if (!isCompressed && header !== headerText(ringKey.kid, false)) return undefined;
  const key = deriveKey(ringKey, useOf[purpose]);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytesOf(iv), tagOptions);
    decipher.setAAD(Buffer.from(header, 'ascii'));
    decipher.setAuthTag(bytesOf(tag));
    const content = Buffer.concat([decipher.update(bytesOf(encrypted)), decipher.final()]);
    const plain = isCompressed
      ? inflateRawSync(content, { maxOutputLength: maxContentBytes })
      : content;
    return payloadOf(parseJson(plain), purpose, now);
  } catch {
    return undefined;
  }
}

const ivSize = 12;
const tagOptions = { authTagLength: 16 };

/** The parts of a JWE of ours: 16 characters are the 12 bytes of an IV, and 22 the 16 bytes of a tag. */
const sealedForm =
  /^(?<header>[\w-]+)\.\.(?<iv>[\w-]{16})\.(?<encrypted>[\w-]+)\.(?<tag>[\w-]{22})$/;

/** We accept only the header that we write, so no part of it can be chosen by anybody else (RFC 8725 section 3.1). */
function headerText(kid: string, isCompressed: boolean): string {
  const header = { alg: 'dir', enc: 'A256GCM', kid, ...(isCompressed && { zip: 'DEF' }) };
  return Buffer.from(JSON.stringify(header), 'utf8').toString('base64url');
}

function bytesOf(text = ''): Buffer {
  return Buffer.from(text, 'base64url');
}

function payloadOf(content: unknown, purpose: SealPurpose, now: number): unknown {
  if (!isObject(content)) return undefined;
  const { p: sealedFor, e: expiresAt, v: payload } = content;
  const isLive = typeof expiresAt === 'number' && now < expiresAt;
  return sealedFor === purpose && isLive ? payload : undefined;
}
