import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Cookie } from '@azure/functions';
import { parseCookie } from 'cookie';
import * as v from 'valibot';
import { parseJson } from './bodies';
import { deriveKey, findNamedKey, type KeyRing } from './keys/encryption';
import type { SessionTicket } from './sessions/session';

/** Where the app is served. The settings have these members. */
export interface CookieSite {
  /** `__Host-Http-` and `Secure` only work on https. */
  readonly isHttps: boolean;
  /** The port on loopback, where several apps share one host: cookies do not depend on the port. */
  readonly loopbackPort: number | undefined;
}

/**
 * The name of a cookie of ours in the browser.
 * @param name `anteroom`, alone or followed by a dash and more; a port stands right behind it
 * @see RFC 6265bis section 4.1.3.2 (a browser takes `__Host-` only from this host, over https) and section 8.5
 * @see https://developer.mozilla.org/docs/Web/HTTP/Guides/Cookies#cookie_prefixes (`__Host-Http-` not from a script either. An older
 *   browser sees `__Host-`)
 */
function ourCookieName(name: string, { isHttps, loopbackPort }: CookieSite): string {
  const own = loopbackPort === undefined ? name : name.replace(/^anteroom/, `$&-${loopbackPort}`);
  return isHttps ? `__Host-Http-${own}` : own;
}

/**
 * A cookie for `response.cookies`, as all of ours are: for this host alone, not readable by scripts, and never sent with a
 * request that another site caused.
 */
function ourCookie(name: string, value: string, site: CookieSite): Cookie {
  return {
    name: ourCookieName(name, site),
    value,
    path: '/',
    httpOnly: true,
    sameSite: 'Strict',
    secure: site.isHttps,
  };
}

/** Removes a cookie from the browser. By Max-Age: the Functions host drops `expires: new Date(0)`. */
function clearingCookie(name: string, site: CookieSite): Cookie {
  return { ...ourCookie(name, '', site), maxAge: 0 };
}

/**
 * The cookies that a request brought, by name. A value is `undefined` when it cannot be ours: the name came twice, or the
 * value is longer than 4096 characters, or it has other characters than those of base64url and dots.
 */
export type RequestCookies = ReadonlyMap<string, string | undefined>;

/** A browser keeps up to 180 cookies for a domain, and ours may be the last of them. Those beyond this limit are not read. */
const maxPairs = 200;
const maxValueLength = 4096;

/**
 * Reads a `Cookie` header, once a request. Only a semicolon separates cookies. If a comma did too, a sibling
 * host could plant a `__Host-` cookie in the value of its own (`x=1,__Host-Http-anteroom=…; Domain=contoso.com`): browsers
 * allow that. The Functions host joins repeated headers with a comma, so a value ends at its first comma. Our own
 * values have none.
 * @see RFC 6265 section 4.2.1
 */
export function readCookies(header: string | null): RequestCookies {
  const cookies = new Map<string, string | undefined>();
  for (const pair of header?.split(';', maxPairs) ?? []) {
    // One pair at a time: the parser keeps only the first of two cookies with the same name.
    for (const [name, value = ''] of Object.entries(parseCookie(pair, { decode: unchanged }))) {
      // If two have the same name, somebody planted one of them, and nobody can tell which.
      cookies.set(name, cookies.has(name) ? undefined : ourValue(value));
    }
  }
  return cookies;
}

function ourValue(text: string): string | undefined {
  const [value = ''] = text.split(',', 1);
  return value.length <= maxValueLength && /^[A-Za-z0-9_.-]+$/.test(value) ? value : undefined;
}

function unchanged(value: string): string {
  return value;
}

const sessionName = 'anteroom';

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
  const { userKey, sessionId, issuedAt, expiresAt, openedBy } = ticket;
  const content = { u: userKey, s: sessionId, iat: issuedAt, exp: expiresAt, o: openedBy };
  const signed = `${headerText(ringKey.kid)}.${base64url(JSON.stringify(content))}`;
  const value = `${signed}.${signatureOf(signed, deriveKey(ringKey, 'sessionCookie'))}`;
  const cookie = ourCookie(sessionName, value, site);
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
  const value = cookies.get(ourCookieName(sessionName, site));
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
  return cookies.has(ourCookieName(sessionName, site));
}

/** Takes the session cookie out of the browser. */
export function clearSessionCookie(site: CookieSite): Cookie {
  return clearingCookie(sessionName, site);
}

/** 32 bytes in base64url. */
const id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/));
const time = v.pipe(v.number(), v.safeInteger());

const ticketSchema = v.pipe(
  v.object({ u: id, s: id, iat: time, exp: time, o: v.optional(v.string()) }),
  v.transform(({ u, s, iat, exp, o }): SessionTicket => ({
    userKey: u,
    sessionId: s,
    issuedAt: iat,
    expiresAt: exp,
    openedBy: o,
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

/** For which page a notice is meant. */
export type NoticeKind = 'signed-out' | 'ended';

/** Long enough for a slow sign-out at the provider. */
const noticeSeconds = 600;

/**
 * A cookie that tells the next page what has just happened. In a query, anybody could write a link that makes our own page
 * say something untrue. Another site cannot set our cookie.
 * @param content anything that JSON can hold, without secrets: it is neither signed nor encrypted
 */
export function noticeCookie(kind: NoticeKind, content: unknown, site: CookieSite): Cookie {
  const value = Buffer.from(JSON.stringify(content), 'utf8').toString('base64url');
  return { ...ourCookie(nameOf(kind), value, site), maxAge: noticeSeconds };
}

/** What the last request left for this page, still to be parsed; `undefined` for nothing. */
export function readNotice(cookies: RequestCookies, kind: NoticeKind, site: CookieSite): unknown {
  const value = cookies.get(ourCookieName(nameOf(kind), site));
  return value === undefined ? undefined : parseJson(Buffer.from(value, 'base64url'));
}

/** Removes the notice from the browser after it was read. */
export function clearNotice(kind: NoticeKind, site: CookieSite): Cookie {
  return clearingCookie(nameOf(kind), site);
}

function nameOf(kind: NoticeKind): string {
  return `anteroom-notice-${kind}`;
}

// One small cookie ties every sign-in of a browser to it, however many tabs begin one. What does not fit into `state` (a
// very long address) goes into one of three more cookies. So the `Cookie` header stays small: the host refuses a header
// that is too long before any code of ours runs.
const bindingName = 'anteroom-sign-in';
const slotNames = ['anteroom-sign-in-1', 'anteroom-sign-in-2', 'anteroom-sign-in-3'] as const;

/** Longer than an attempt is valid: a late answer still finds the wanted page. Each sign-in starts the time again. */
const keptSeconds = 3600;

/** The longest name and value that a browser must keep (RFC 6265 section 6.1). */
const maxCookieLength = 4096;

/** The value of this browser's sign-in cookie: 32 random bytes, base64url. `undefined` when there is none that is ours. */
export function readSignInCookie(cookies: RequestCookies, site: CookieSite): string | undefined {
  const value = cookies.get(ourCookieName(bindingName, site));
  return value !== undefined && is32Bytes(value) ? value : undefined;
}

/**
 * This browser's sign-in cookie, made if there is none. An existing cookie keeps its value, since other tabs may have
 * begun with it. Only its time starts again.
 */
export function keepSignInCookie(
  cookies: RequestCookies,
  site: CookieSite,
): { readonly value: string; readonly cookie: Cookie } {
  const value = readSignInCookie(cookies, site) ?? randomBytes(32).toString('base64url');
  return { value, cookie: kept(ourCookie(bindingName, value, site)) };
}

/**
 * A cookie for what did not fit into an attempt's `state`, under a free name or under that of the oldest; `undefined` when
 * a browser would not keep it. The order is a number that grows, since several attempts may begin within one second.
 */
export function overflowCookie(
  cookies: RequestCookies,
  overflow: string,
  site: CookieSite,
): Cookie | undefined {
  const slots = slotNames.map((name) => ({ name, order: readSlot(cookies, name, site)?.order }));
  const free = slots.filter(({ order }) => order === undefined);
  // At random, since tabs that begin at once do not see each other's cookies.
  const chosen = free[Math.floor(Math.random() * free.length)] ?? oldestOf(slots);
  const next = 1 + Math.max(0, ...slots.map(({ order = 0 }) => order));
  const cookie = kept(ourCookie(chosen.name, `${next.toString(36)}.${overflow}`, site));
  return cookie.name.length + cookie.value.length > maxCookieLength ? undefined : cookie;
}

/** What this browser keeps for attempts, still sealed. */
export function readOverflows(cookies: RequestCookies, site: CookieSite): readonly string[] {
  return slotNames.flatMap((name) => readSlot(cookies, name, site)?.overflow ?? []);
}

/** Cookies that delete those of a sign-in: the next user of the browser must find no trace. Empty if there are none. */
export function clearSignInCookies(cookies: RequestCookies, site: CookieSite): readonly Cookie[] {
  return [bindingName, ...slotNames]
    .filter((name) => cookies.has(ourCookieName(name, site)))
    .map((name) => clearingCookie(name, site));
}

interface Slot {
  readonly name: (typeof slotNames)[number];
  readonly order: number | undefined;
}

function oldestOf(slots: readonly Slot[]): Pick<Slot, 'name'> {
  const [first = { name: slotNames[0] }] = slots.toSorted(
    (one, other) => (one.order ?? 0) - (other.order ?? 0),
  );
  return first;
}

function readSlot(
  cookies: RequestCookies,
  name: string,
  site: CookieSite,
): { readonly order: number; readonly overflow: string } | undefined {
  const value = cookies.get(ourCookieName(name, site)) ?? '';
  const [, order, overflow] = /^([0-9a-z]{1,8})\.(.+)$/.exec(value) ?? [];
  return order === undefined || overflow === undefined
    ? undefined
    : { order: Number.parseInt(order, 36), overflow };
}

function kept(cookie: Cookie): Cookie {
  return { ...cookie, maxAge: keptSeconds };
}

/** Exactly as `toString('base64url')` writes 32 bytes. */
function is32Bytes(value: string): boolean {
  const bytes = Buffer.from(value, 'base64url');
  return bytes.byteLength === 32 && bytes.toString('base64url') === value;
}
