import { randomBytes } from 'node:crypto';
import type { Cookie } from '@azure/functions';
import {
  clearingCookie,
  type CookieSite,
  ourCookie,
  ourCookieName,
  type RequestCookies,
} from './cookie';

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
 * This browser's sign-in cookie, made where there is none. An existing cookie keeps its value, since other tabs may have
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

/** Cookies that delete those of signing in: the next user of the browser must find no trace. Empty where there are none. */
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
