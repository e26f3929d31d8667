import { clearNotice, noticeCookie, readNotice } from '../cookies/notice-cookie';
import type { Exchange } from '../http/exchange';
import { isObject } from '../is-object';

/** Lets the list that is shown next say what has just been done. */
export function leaveEndedNotice({ cookies, services }: Exchange, count: number): void {
  cookies.push(noticeCookie('ended', { count }, services.settings));
}

/** How many sessions the last request ended, told once; `undefined` when it ended none. */
export function takeEndedNotice({
  requestCookies,
  cookies,
  services,
}: Exchange): number | undefined {
  const content = readNotice(requestCookies, 'ended', services.settings);
  if (content === undefined) return undefined;
  cookies.push(clearNotice('ended', services.settings));
  const { count } = isObject(content) ? content : {};
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}
