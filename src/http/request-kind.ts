import type { HttpRequest } from '@azure/functions';
import { prefersHtml } from './prefers-html';

/**
 * What sends a request: a person who opens a page, a script, a frame, a prefetch of the browser, or Office. All code that
 * depends on it asks here.
 * @see https://www.w3.org/TR/fetch-metadata/
 */

/** What is known of a request without reading its body. */
export type RequestHead = Pick<HttpRequest, 'method' | 'headers'>;

/**
 * True when a browser opens a page. `Sec-Fetch-Mode` alone says so: a service worker that passes a navigation on sends
 * an empty destination, and scripts that fetch HTML send the `Accept` of a page. Browsers without Fetch Metadata (Safari
 * before 16.4) are known by an `Accept` that prefers HTML.
 */
export function isNavigation({ headers }: RequestHead): boolean {
  const mode = headers.get('sec-fetch-mode');
  if (mode !== null) return mode === 'navigate';
  return prefersHtml(headers.get('accept')) && !saysScript(headers);
}

/** True for a script or a frame: nobody can sign in there. */
export function isInsidePage(head: RequestHead): boolean {
  const { headers } = head;
  // Browsers send both; `fetch` of Node.js, which is inside no page, sends the mode alone.
  if (!headers.has('sec-fetch-dest')) return saysScript(headers);
  return headers.get('sec-fetch-mode') !== 'navigate' || isFramed(head);
}

const frames = new Set(['iframe', 'frame', 'embed', 'object', 'fencedframe']);

/** True for the page of a frame. Its navigations say `navigate`, too. */
export function isFramed({ headers }: RequestHead): boolean {
  return frames.has(headers.get('sec-fetch-dest') ?? '');
}

/** `XMLHttpRequest`, or the name of another library. Android's web views send the name of their app, which has dots. */
function saysScript(headers: RequestHead['headers']): boolean {
  const library = headers.get('x-requested-with');
  return library !== null && !library.includes('.');
}

/**
 * True when the browser fetches a page that a person may open later: `<link rel="prefetch">`, speculation rules,
 * prerendering, hovering over a link. `Purpose` and `X-Moz` are the older names of `Sec-Purpose`.
 */
export function isPrefetch({ headers }: RequestHead): boolean {
  return ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].some((name) =>
    /^\s*(prefetch|preview)\b/i.test(headers.get(name) ?? ''),
  );
}

/**
 * True when another site's page asks for something that is no page of ours: an image, a script, a frame. Neighbours
 * on a shared domain (`*.azurewebsites.net`) count as the same site for `SameSite`, so their requests bring our cookies.
 */
export function isStrangers(head: RequestHead, baseUrl: string): boolean {
  const { headers } = head;
  const site = headers.get('sec-fetch-site');
  if (site === null) {
    // Without Fetch Metadata a script's request says its origin at least.
    const origin = headers.get('origin');
    return origin !== null && origin !== baseUrl;
  }
  if (site !== 'same-site' && site !== 'cross-site') return false;
  return headers.get('sec-fetch-mode') !== 'navigate' || isFramed(head);
}

/**
 * True for Office itself (Word, Excel, PowerPoint, OneNote, Outlook), which looks at the address of a link before it
 * opens the browser: it follows redirects and hands over the last address, and shows an error after a 401.
 * @see https://learn.microsoft.com/office/troubleshoot/office-suite-issues/click-hyperlink-to-sso-website
 */
export function isOffice({ headers }: RequestHead): boolean {
  // A page that is shown in Office comes from a real browser, which says what it does.
  if (headers.has('sec-fetch-mode')) return false;
  return officeAgents.test(headers.get('user-agent') ?? '');
}

const officeAgents =
  /\bms-?office\b|\bmicrosoft[ -](office|word|excel|powerpoint|onenote|webdav)\b|\b(word|excel|powerpoint|onenote)\//i;

/** Methods that change nothing (RFC 9110 section 9.2.1). */
export function changesNothing({ method }: RequestHead): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}
