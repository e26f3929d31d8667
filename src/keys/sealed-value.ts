import { CompactEncrypt, compactDecrypt } from 'jose';
import { deriveKey } from './derive-key';
import { findNamedKey } from './find-named-key';
import type { KeyRing } from './key-ring';

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
    const content: unknown = JSON.parse(Buffer.from(plaintext).toString('utf8'));
    return payloadOf(content, purpose, now);
  } catch {
    return undefined;
  }
}

function payloadOf(content: unknown, purpose: SealPurpose, now: number): unknown {
  if (typeof content !== 'object' || content === null) return undefined;
  if (!('p' in content) || !('e' in content) || !('v' in content)) return undefined;
  if (content.p !== purpose || typeof content.e !== 'number' || now >= content.e) return undefined;
  return content.v;
}
