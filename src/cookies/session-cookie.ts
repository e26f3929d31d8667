import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Cookie } from '@azure/functions';
import * as v from 'valibot';
import { parseJson } from '../json';
import { deriveKey, findNamedKey, type KeyRing } from '../keys/encryption';
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
 * The ticket as a cookie: a compact JWS, `HS256` (RFC 7515 section 7.1), under 400 bytes. Without Max-Age the browser
 * forgets it when it is closed. In both cases the session ends on the server.
 * @param isPersistent true lets the cookie outlive the browser, up to the end of the session
 * @throws ERR_KEYS_UNAVAILABLE
 */
export async function signSessionCookie(
  ticket: SessionTicket,
  {
    keyRing,
    site,
    isPersistent = false,
    signal,
  }: CookieOptions & { readonly isPersistent?: boolean },
): Promise<Cookie> {
  const ringKey = await keyRing.current(signal);
  const { userKey, sessionId, issuedAt, expiresAt } = ticket;
  const content = { u: userKey, s: sessionId, iat: issuedAt, exp: expiresAt };
  const signed = `${headerText(ringKey.kid)}.${base64url(JSON.stringify(content))}`;
  const value = `${signed}.${signatureOf(signed, deriveKey(ringKey, 'sessionCookie'))}`;
  const cookie = ourCookie(cookieName, value, site);
  return isPersistent ? { ...cookie, maxAge: expiresAt - issuedAt } : cookie;
}

/**
 * The ticket in a request's cookies; `undefined` for anything but one cookie that this app signed and that has not
 * expired: a browser that sends anything else is signed out.
 * @param now `any` takes an expired one, too
 * @throws ERR_KEYS_UNAVAILABLE: then nobody can tell
 */
export async function readSessionCookie(
  cookies: RequestCookies,
  { keyRing, site, now, signal }: CookieOptions & { readonly now: number | 'any' },
): Promise<SessionTicket | undefined> {
  const value = cookies.get(ourCookieName(cookieName, site));
  if (value === undefined) return undefined;
  const ringKey = await findNamedKey(keyRing, value, signal);
  if (ringKey === undefined) return undefined;
  const [header = '', content = '', signature = '', ...others] = value.split('.');
  // Only the header that we write: nobody else can choose the algorithm (RFC 8725 section 3.1).
  if (header !== headerText(ringKey.kid) || others.length > 0) return undefined;
  const expected = signatureOf(`${header}.${content}`, deriveKey(ringKey, 'sessionCookie'));
  if (!isEqual(signature, expected)) return undefined;
  const ticket = v.safeParse(ticketSchema, parseJson(Buffer.from(content, 'base64url')));
  if (!ticket.success) return undefined;
  return now === 'any' || now < ticket.output.expiresAt ? ticket.output : undefined;
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

function headerText(kid: string): string {
  return base64url(JSON.stringify({ alg: 'HS256', kid }));
}

/** HMAC with SHA-256 (RFC 7518 section 3.2), in base64url. */
function signatureOf(signed: string, key: KeyObject): string {
  return createHmac('sha256', key).update(signed, 'utf8').digest('base64url');
}

/** The texts are compared, not their bytes: then each signature has one form only. */
function isEqual(signature: string, expected: string): boolean {
  const [one, other] = [Buffer.from(signature, 'utf8'), Buffer.from(expected, 'utf8')];
  return one.byteLength === other.byteLength && timingSafeEqual(one, other);
}

function base64url(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}
