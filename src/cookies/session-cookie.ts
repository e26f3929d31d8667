import { hash } from 'node:crypto';
import type { Cookie } from '@azure/functions';
import { CompactSign, compactVerify } from 'jose';
import * as v from 'valibot';
import { parseJson } from '../json';
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
 * The ticket as a cookie: a compact JWS, `HS256` (RFC 7515 section 7.1), under 400 bytes. It has no Max-Age: the browser
 * forgets it at its end, and the session ends on the server.
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
 * The ticket in a request's cookies; `undefined` for anything but one cookie that this app signed and that has not
 * expired: a browser that sends anything else is signed out.
 * @param now `any` takes an expired one, too
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
    const content = Buffer.from(value.split('.')[1] ?? '', 'base64url');
    const ticket = v.safeParse(ticketSchema, parseJson(content));
    if (!ticket.success) return undefined;
    return now === 'any' || now < ticket.output.expiresAt ? ticket.output : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a request brought a session cookie, valid or not. */
export function hasSessionCookie(cookies: RequestCookies, site: CookieSite): boolean {
  return cookies.has(ourCookieName(cookieName, site));
}

/** Takes the session cookie out of the browser. */
export function clearSessionCookie(site: CookieSite): Cookie {
  return clearingCookie(cookieName, site);
}

/** 32 bytes in base64url. */
const id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/));
const time = v.pipe(v.number(), v.safeInteger());

const ticketSchema = v.pipe(
  v.object({ u: id, s: id, iat: time, exp: time }),
  v.transform(({ u, s, iat, exp }): SessionTicket => ({
    userKey: u,
    sessionId: s,
    issuedAt: iat,
    expiresAt: exp,
  })),
);

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
 * Remembers verified signatures; each instance has one such memory. A right signature stays right. What the text says must
 * still be read each time. Texts are kept as SHA-256 only, since session ids must not stay in memory, and under the object
 * of the ring's key: they go when the ring drops the key.
 * @param max how many texts of a key are kept, the ones that were used last
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
