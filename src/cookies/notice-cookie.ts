import type { Cookie } from '@azure/functions';
import type { CookiePlace } from './our-cookie';
import { clearingCookie, ourCookie, ourCookieName } from './our-cookie';
import type { RequestCookies } from './read-cookie';

/** For which page a notice is meant. */
export type NoticeKind = 'signed-out' | 'ended';

/** Long enough for a slow sign-out at the provider. */
const noticeSeconds = 600;

/**
 * A cookie that tells the next page what has just happened. A query would do the same for whoever writes a link, and
 * let our own page say what is not so; a cookie of ours no other site can set.
 * @param content anything JSON can hold, without secrets: it is neither signed nor encrypted
 */
export function noticeCookie(kind: NoticeKind, content: unknown, place: CookiePlace): Cookie {
  const value = Buffer.from(JSON.stringify(content), 'utf8').toString('base64url');
  return { ...ourCookie(nameOf(kind), value, place), maxAge: noticeSeconds };
}

/** What the last request left for this page, still to be parsed; `undefined` for nothing. */
export function readNotice(cookies: RequestCookies, kind: NoticeKind, place: CookiePlace): unknown {
  const value = cookies.get(ourCookieName(nameOf(kind), place));
  if (value === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(value, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Takes the notice out of the browser, once it was read. */
export function clearNotice(kind: NoticeKind, place: CookiePlace): Cookie {
  return clearingCookie(nameOf(kind), place);
}

function nameOf(kind: NoticeKind): string {
  return `anteroom-notice-${kind}`;
}
