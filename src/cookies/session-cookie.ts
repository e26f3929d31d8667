import { hash } from 'node:crypto';
import type { Cookie } from '@azure/functions';
import { CompactSign, compactVerify } from 'jose';
import { isObject, parseJson } from '../json';
import { deriveKey, findNamedKey, type KeyRing, type RingKey } from '../keys/encryption';
import type { SessionTicket } from '../sessions/session';
import {
  clearingCookie,
  type CookieSite,
  ourCookie,
  ourCookieName,
  type RequestCookies,
} from './cookie';

const cookieName = 'anteroom';

interface CookieOptions {
  readonly keyRing: KeyRing;
  readonly site: CookieSite;
  readonly signal: AbortSignal;
}

/**
 * The ticket as a cookie: compact JWS, `HS256` (RFC 7515 section 7.1), well under 400 bytes. It has
 * no Max-Age: it goes with the browser, and the session ends on the server.
 * @throws ERR_KEYS_UNAVAILABLE
 */
export async function signSessionCookie(
  ticket: SessionTicket,
  { keyRing, site, signal }: CookieOptions,
): Promise<Cookie> {
  const ringKey = await keyRing.current(signal);
  const { userKey, sessionId, issuedAt, expiresAt } = ticket;
  const content = { u: userKey, s: sessionId, iat: issuedAt, exp: expiresAt };
  const value = await new CompactSign(Buffer.from(JSON.stringify(content), 'utf8'))
    .setProtectedHeader({ alg: 'HS256', kid: ringKey.kid })
    .sign(deriveKey(ringKey, 'sessionCookie'));
  return ourCookie(cookieName, value, site);
}

/**
 * The ticket in a request's cookies; `undefined` for anything but one cookie that this app signed and
 * that has not expired: whoever sends something else is simply signed out.
 * @param now `any` takes an expired one too
 * @throws ERR_KEYS_UNAVAILABLE: then nobody can tell
 */
export async function readSessionCookie(
  cookies: RequestCookies,
  {
    keyRing,
    site,
    verifiedTexts,
    now,
    signal,
  }: CookieOptions & { readonly verifiedTexts: VerifiedTexts; readonly now: number | 'any' },
): Promise<SessionTicket | undefined> {
  const value = cookies.get(ourCookieName(cookieName, site));
  if (value === undefined) return undefined;
  const ringKey = await findNamedKey(keyRing, value, signal);
  if (ringKey === undefined) return undefined;
  try {
    if (!verifiedTexts.has(ringKey, value)) {
      const key = deriveKey(ringKey, 'sessionCookie');
      await compactVerify(value, key, { algorithms: ['HS256'] });
      verifiedTexts.add(ringKey, value);
    }
    const ticket = parseTicket(parseJson(payloadOf(value)));
    return now === 'any' || now < (ticket?.expiresAt ?? 0) ? ticket : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a request brought a session cookie at all, whatever it is worth. */
export function hasSessionCookie(cookies: RequestCookies, site: CookieSite): boolean {
  return cookies.has(ourCookieName(cookieName, site));
}

/** Takes the session cookie out of the browser. */
export function clearSessionCookie(site: CookieSite): Cookie {
  return clearingCookie(cookieName, site);
}

/** Of a compact JWS that was verified. */
function payloadOf(value: string): Uint8Array {
  return Buffer.from(value.split('.')[1] ?? '', 'base64url');
}

function parseTicket(content: unknown): SessionTicket | undefined {
  if (!isObject(content)) return undefined;
  const { u: userKey, s: sessionId, iat: issuedAt, exp: expiresAt } = content;
  if (!is32Bytes(userKey) || !is32Bytes(sessionId)) return undefined;
  if (!Number.isSafeInteger(issuedAt) || !Number.isSafeInteger(expiresAt)) return undefined;
  if (typeof issuedAt !== 'number' || typeof expiresAt !== 'number') return undefined;
  return { userKey, sessionId, issuedAt, expiresAt };
}

function is32Bytes(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{43}$/.test(value);
}

/** Some 200 KB. A text that was forgotten is verified once more. */
const maxTexts = 2_000;

/**
 * The texts whose signature was verified already. Verifying is most of what a cookie costs: WebCrypto, under jose, takes
 * thirty microseconds for it.
 */
export interface VerifiedTexts {
  has(key: RingKey, text: string): boolean;
  add(key: RingKey, text: string): void;
}

/**
 * A memory of signatures, one an instance. That a signature is right never changes, unlike all that the text says: who
 * asks still reads that each time. Texts are kept as SHA-256 only, since session ids must not linger, and by the ring
 * key's own object: they go when the ring drops the key.
 * @param max how many of a key's texts are kept, the lately used ones
 */
export function createVerifiedTexts(max = maxTexts): VerifiedTexts {
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
      if (hashes.size > max && oldest !== undefined) hashes.delete(oldest);
    },
  };
}

function nameOf(text: string): string {
  return hash('sha256', text, 'base64');
}
