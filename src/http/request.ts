import type { HttpRequest } from '@azure/functions';
import Negotiator from 'negotiator';
import { readCookies, type RequestCookies } from '../cookies/cookie';
import { AppError } from '../errors';
import { isObject } from '../json';

/** What a request says of itself, read once. */
export interface RequestFacts {
  readonly request: HttpRequest;
  /** Path and query of the request, without origin: the Host header is never believed. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** True when a browser opens a page. Errors are then pages, and a sign-in that is needed begins; others get problem details. */
  readonly isNavigation: boolean;
  /** True when `Accept` prefers a page to JSON. It decides the form of an answer without an error. */
  readonly prefersHtml: boolean;
  /** Empty when a page of another site sent the request and no person opens a page: our cookies must not count then. */
  readonly requestCookies: RequestCookies;
}

/**
 * Reads what a request says of itself.
 * @param baseUrl the app's own origin
 */
export function readRequest(request: HttpRequest, baseUrl: string): RequestFacts {
  const url = new URL(request.url);
  return {
    request,
    path: url.pathname + url.search,
    query: url.searchParams,
    isNavigation: isNavigation(request),
    prefersHtml: prefersHtml(request.headers.get('accept')),
    requestCookies: readCookies(
      isStrangers(request, baseUrl) ? null : request.headers.get('cookie'),
    ),
  };
}

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

/**
 * True when the `Accept` header prefers HTML to JSON, as a browser's navigation does. Clients that accept
 * anything, or say nothing, get JSON.
 * @see RFC 9110 section 12.5.1
 */
export function prefersHtml(accept: string | null): boolean {
  const negotiator = new Negotiator({ headers: { accept: accept ?? '*/*' } });
  return negotiator.mediaType(['application/json', 'text/html']) === 'text/html';
}

/**
 * The one value of a query parameter; `undefined` when it is absent or empty.
 * @throws ERR_BAD_REQUEST when it is repeated or longer than `longest` characters
 */
export function readQuery(
  query: URLSearchParams,
  name: string,
  longest: number,
): string | undefined {
  const [value, another] = query.getAll(name);
  if (another !== undefined) throw new AppError('ERR_BAD_REQUEST', { note: `${name} is repeated` });
  if (value === undefined || value === '') return undefined;
  if (value.length > longest) {
    throw new AppError('ERR_BAD_REQUEST', { note: `${name} is too long` });
  }
  return value;
}

const maxCharacters = 4096;

/**
 * The fields of a small form, or of a JSON object with string and boolean members. Call `requireSameOrigin` first.
 * @throws ERR_MEDIA_TYPE for a body of another type, ERR_BAD_REQUEST for a body that is too long, repeats a field or is not what its type says
 */
export async function readForm(request: HttpRequest): Promise<ReadonlyMap<string, string>> {
  const text = await request.text();
  if (text.length > maxCharacters) throw new AppError('ERR_BAD_REQUEST', { note: 'body too long' });
  if (text === '') return new Map();
  const fields = fieldsOf(mediaTypeOf(request), text);
  const form = new Map(fields);
  if (form.size < fields.length) throw new AppError('ERR_BAD_REQUEST', { note: 'repeated field' });
  return form;
}

function fieldsOf(mediaType: string, text: string): [string, string][] {
  switch (mediaType) {
    case 'application/x-www-form-urlencoded':
      return [...new URLSearchParams(text)];
    case 'application/json':
      return jsonFields(text);
    default:
      throw new AppError('ERR_MEDIA_TYPE');
  }
}

function jsonFields(text: string): [string, string][] {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'body is not JSON', cause });
  }
  if (!isObject(body)) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'body is not a JSON object' });
  }
  return Object.entries(body).map(([name, value]) => {
    if (typeof value === 'string' || typeof value === 'boolean') return [name, String(value)];
    throw new AppError('ERR_BAD_REQUEST', { note: 'a field is neither text nor true or false' });
  });
}

/**
 * A field that says yes or no; absent is no.
 * @throws ERR_BAD_REQUEST for anything else: a slip of the pen must not end fewer sessions than was asked
 */
export function isTrue(form: ReadonlyMap<string, string>, name: string): boolean {
  const value = form.get(name) ?? 'false';
  if (value !== 'true' && value !== 'false') {
    throw new AppError('ERR_BAD_REQUEST', { note: `${name} must be true or false` });
  }
  return value === 'true';
}

/**
 * Refuses a state-changing request that another site could have caused.
 *
 * `Sec-Fetch-Site` cannot be set by a page's script; where a browser does not send it, `Origin` must be ours
 * (with a referrer policy of `no-referrer` browsers send `Origin: null`, so our pages use `same-origin`).
 * Bodies that a plain form cannot send need `X-CSRF: 1`, which a cross-site script cannot add without asking.
 * @throws ERR_CROSS_SITE, ERR_MEDIA_TYPE or ERR_CSRF_HEADER
 * @see https://www.w3.org/TR/fetch-metadata/ and OWASP Cross-Site Request Forgery Prevention
 */
export function requireSameOrigin(request: HttpRequest, baseUrl: string): void {
  const site = request.headers.get('sec-fetch-site');
  const isOurs = site === null ? request.headers.get('origin') === baseUrl : site === 'same-origin';
  if (!isOurs) throw new AppError('ERR_CROSS_SITE');

  const mediaType = mediaTypeOf(request);
  if (mediaType === 'application/x-www-form-urlencoded') return;
  // The other two kinds that a form can send.
  if (mediaType === 'text/plain' || mediaType === 'multipart/form-data') {
    throw new AppError('ERR_MEDIA_TYPE');
  }
  if (request.headers.get('x-csrf') !== '1') throw new AppError('ERR_CSRF_HEADER');
}

/** The body's media type, lower case, without parameters; '' when there is none (RFC 9110 section 8.3.1). */
export function mediaTypeOf(request: HttpRequest): string {
  return request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
}
