import type { Cookie } from '@azure/functions';
import { clearingCookie, ourCookie, ourCookieName } from './our-cookie';
import { readCookie } from './read-cookie';

/** For which page a notice is meant. */
export type NoticeKind = 'signed-out' | 'ended';

interface NoticePlace {
  readonly isHttps: boolean;
}

/** Long enough for a slow sign-out at the provider. */
const noticeSeconds = 600;

/**
 * A cookie that tells the next page what has just happened. A query would do the same for whoever writes a link, and
 * let our own page say what is not so; a cookie of ours no other site can set.
 * @param content anything JSON can hold, without secrets: it is neither signed nor encrypted
 */
export function noticeCookie(kind: NoticeKind, content: unknown, { isHttps }: NoticePlace): Cookie {
  const value = Buffer.from(JSON.stringify(content), 'utf8').toString('base64url');
  return { ...ourCookie(nameOf(kind), value, { isHttps }), maxAge: noticeSeconds };
}

/** What the last request left for this page, still to be parsed; `undefined` for nothing. */
export function readNotice(header: string | null, kind: NoticeKind, place: NoticePlace): unknown {
  const value = readCookie(header, ourCookieName(nameOf(kind), place));
  if (value === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(value, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Takes the notice out of the browser, once it was read. */
export function clearNotice(kind: NoticeKind, place: NoticePlace): Cookie {
  return clearingCookie(nameOf(kind), place);
}

function nameOf(kind: NoticeKind): string {
  return `anteroom-notice-${kind}`;
}
