import type { HttpRequest } from '@azure/functions';
import Negotiator from 'negotiator';
import type { RequestCookies } from '../cookies';
import { AppError } from '../errors';
import { isObject } from '../bodies';
import type { Site } from '../pages/layout';

/** The facts about a request that every handler needs. They are read once. */
export interface RequestFacts {
  readonly request: HttpRequest;
  /** Path and query, without the origin: nobody may trust the Host header. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** True when a browser opens a page. It then gets errors as pages, and is sent to sign in. Other clients get problem details. */
  readonly isNavigation: boolean;
  /** True when `Accept` prefers HTML to JSON. It decides the form of an answer that is no error. */
  readonly prefersHtml: boolean;
  /** Empty for a request for which our cookies must not count: see {@link isForeignSubresource}. */
  readonly requestCookies: RequestCookies;
}

/** A request without its body. */
export type RequestHead = Pick<HttpRequest, 'method' | 'headers'>;

/**
 * True when a browser opens a page. Only `Sec-Fetch-Mode` tells it reliably: a service worker that passes a navigation on
 * sends an empty `Sec-Fetch-Dest`, and a script that fetches HTML sends the `Accept` of a page. A browser without Fetch
 * Metadata (Safari before 16.4) opens a page when its `Accept` prefers HTML.
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function isNavigation({ headers }: RequestHead): boolean {
  const mode = headers.get('sec-fetch-mode');
  if (mode !== null) return mode === 'navigate';
  return prefersHtml(headers.get('accept')) && !saysScript(headers);
}

/** True for the request of a script or a frame. Nobody can sign in there. */
export function isInsidePage(head: RequestHead): boolean {
  const { headers } = head;
  // Browsers send both headers. `fetch` of Node.js, which is in no page, sends only the mode.
  if (!headers.has('sec-fetch-dest')) return saysScript(headers);
  return headers.get('sec-fetch-mode') !== 'navigate' || isFramed(head);
}

const frames = new Set(['iframe', 'frame', 'embed', 'object', 'fencedframe']);

/** True when the page opens in a frame. A frame sends the mode `navigate` too. */
export function isFramed({ headers }: RequestHead): boolean {
  return frames.has(headers.get('sec-fetch-dest') ?? '');
}

/** True for `XMLHttpRequest` or the name of another library. Web views of Android send the name of their app, which has dots. */
function saysScript(headers: RequestHead['headers']): boolean {
  const library = headers.get('x-requested-with');
  return library !== null && !library.includes('.');
}

/**
 * True when the browser fetches a page that a person may open later: by `<link rel="prefetch">`, speculation rules,
 * prerendering, or because the pointer is over a link. `Purpose` and `X-Moz` are older names of `Sec-Purpose`.
 */
export function isPrefetch({ headers }: RequestHead): boolean {
  return ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].some((name) =>
    /^\s*(prefetch|preview)\b/i.test(headers.get(name) ?? ''),
  );
}

/**
 * True when a page of another origin loads something of ours: an image, data for a script, a frame. Browsers treat other
 * apps on a shared domain (`*.azurewebsites.net`) as the same site, so these requests have our `SameSite` cookies. The
 * cookies must not count.
 */
export function isForeignSubresource(head: RequestHead, baseUrl: string): boolean {
  const { headers } = head;
  const site = headers.get('sec-fetch-site');
  if (site === null) {
    // Without Fetch Metadata, a script's request still names its origin.
    const origin = headers.get('origin');
    return origin !== null && origin !== baseUrl;
  }
  if (!comesFromElsewhere(head)) return false;
  return headers.get('sec-fetch-mode') !== 'navigate' || isFramed(head);
}

/**
 * True for a request of Office itself: Word, Excel, PowerPoint, OneNote or Outlook. It requests the address of a link before
 * it opens the browser. It follows redirects and gives the browser the last address. After a 401 it shows an error.
 * @see https://learn.microsoft.com/office/troubleshoot/office-suite-issues/click-hyperlink-to-sso-website
 */
export function isOffice({ headers }: RequestHead): boolean {
  // A real browser shows pages inside Office, and it sends Fetch Metadata.
  if (headers.has('sec-fetch-mode')) return false;
  return officeAgents.test(headers.get('user-agent') ?? '');
}

const officeAgents =
  /\bms-?office\b|\bmicrosoft[ -](office|word|excel|powerpoint|onenote|webdav)\b|\b(word|excel|powerpoint|onenote)\//i;

/** True when a page of another site or app led here. Browsers without Fetch Metadata do not tell. */
export function comesFromElsewhere({ headers }: RequestHead): boolean {
  const site = headers.get('sec-fetch-site');
  return site === 'cross-site' || site === 'same-site';
}

/** Methods that change nothing (RFC 9110 section 9.2.1). */
export function changesNothing({ method }: RequestHead): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

/**
 * True when the `Accept` header prefers HTML to JSON, as a browser does when it opens a page. A client that accepts
 * anything, or sends no header, gets JSON.
 * @see RFC 9110 section 12.5.1
 */
export function prefersHtml(accept: string | null): boolean {
  // Scripts that want JSON say so. Only a text type or a range can be HTML.
  if (accept === null || !/text\/|\*/i.test(accept)) return false;
  const negotiator = new Negotiator({ headers: { accept } });
  return negotiator.mediaType(['application/json', 'text/html']) === 'text/html';
}

/**
 * The value of a query parameter. `undefined` when it is absent or empty.
 * @param maxLength in characters
 * @throws ERR_BAD_REQUEST when it is repeated or too long
 */
export function readQuery(
  query: URLSearchParams,
  name: string,
  maxLength: number,
): string | undefined {
  const [value, another] = query.getAll(name);
  if (another !== undefined) throw new AppError('ERR_BAD_REQUEST', { note: `${name} is repeated` });
  if (value === undefined || value === '') return undefined;
  if (value.length > maxLength) {
    throw new AppError('ERR_BAD_REQUEST', { note: `${name} is too long` });
  }
  return value;
}

const maxFormLength = 4096;

/**
 * The fields of a small form, or the text and boolean members of a JSON object. Call `requireSameOrigin` first.
 * @throws ERR_MEDIA_TYPE for a body of another type; ERR_BAD_REQUEST for a body that is too long (over 4,096 characters),
 *   repeats a field or cannot be read as its type
 */
export async function readForm(request: HttpRequest): Promise<ReadonlyMap<string, string>> {
  const text = await request.text();
  if (text.length > maxFormLength) throw new AppError('ERR_BAD_REQUEST', { note: 'body too long' });
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
 * A field that is `true` or `false`. False when it is absent.
 * @throws ERR_BAD_REQUEST for any other value: after a typing error fewer sessions would end than the person wants
 */
export function isTrue(form: ReadonlyMap<string, string>, name: string): boolean {
  const value = form.get(name) ?? 'false';
  if (value !== 'true' && value !== 'false') {
    throw new AppError('ERR_BAD_REQUEST', { note: `${name} must be true or false` });
  }
  return value === 'true';
}

/**
 * Refuses a request that changes something and that another site could have caused.
 *
 * No script can set `Sec-Fetch-Site`. When a browser does not send it, `Origin` must be ours. (Under the referrer policy
 * `no-referrer` browsers send `Origin: null`, so our pages use `same-origin`.) A body that a plain form cannot send needs
 * `X-CSRF: 1`: a script of another site can add that header only after a CORS preflight, which we never allow.
 * @throws ERR_CROSS_SITE, ERR_MEDIA_TYPE or ERR_CSRF_HEADER
 * @see https://www.w3.org/TR/fetch-metadata/ and OWASP Cross-Site Request Forgery Prevention
 */
export function requireSameOrigin(request: HttpRequest, baseUrl: string): void {
  const site = request.headers.get('sec-fetch-site');
  const isOurs = site === null ? request.headers.get('origin') === baseUrl : site === 'same-origin';
  if (!isOurs) throw new AppError('ERR_CROSS_SITE');

  const mediaType = mediaTypeOf(request);
  if (mediaType === 'application/x-www-form-urlencoded') return;
  // The two other types that a form can send.
  if (mediaType === 'text/plain' || mediaType === 'multipart/form-data') {
    throw new AppError('ERR_MEDIA_TYPE');
  }
  if (request.headers.get('x-csrf') !== '1') throw new AppError('ERR_CSRF_HEADER');
}

/**
 * Refuses a request, a GET too, that does not come from a script of our own pages. With `X-CSRF: 1` a body may be of any type:
 * no form can send the header, and a script of another site only after a CORS preflight, which we never allow.
 * @throws ERR_CROSS_SITE, ERR_CSRF_HEADER
 */
export function requireCsrfHeader({ headers }: RequestHead, baseUrl: string): void {
  const site = headers.get('sec-fetch-site');
  const origin = headers.get('origin');
  const isOurs = site === null ? origin === null || origin === baseUrl : site === 'same-origin';
  if (headers.get('x-csrf') !== '1') throw new AppError('ERR_CSRF_HEADER');
  if (!isOurs) throw new AppError('ERR_CROSS_SITE');
}

/** The media type of the body: lower case, without parameters, '' when there is none (RFC 9110 section 8.3.1). */
export function mediaTypeOf(request: HttpRequest): string {
  return request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
}

/**
 * True when `If-None-Match` lists the tag. `W/` is ignored, because proxies that compress make tags weak.
 * @see RFC 9110 section 13.1.2
 */
export function namesTag(header: string | null, etag: string): boolean {
  const tags = header?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return tags.includes(etag) || tags.includes('*');
}

/** The longest wanted page. It must fit into a cookie when `state` has no room for it. */
const maxPageBytes = 2048;
/** The longest wanted page as a query value. Some hosts take 4,096 characters, and there are other parameters too. */
const maxReturnToLength = 3900;
const base = 'https://origin.invalid';

/**
 * The page to open after the sign-in: a path on this origin, at most 2 KB. Any other value gives the home page.
 *
 * A check of the text alone is not enough. Browsers read `\` as `/`, remove tabs and line ends, and resolve dots:
 * `/\evil.example`, `/<tab>/evil.example` and `/.//evil.example` all lead to another origin. So the text is parsed as a
 * browser parses it, and the parsed path is checked and returned.
 * @see https://url.spec.whatwg.org/#concept-basic-url-parser
 */
export function localPath(site: Site, value: string | null | undefined): string {
  const path = parseLocal(site, value);
  return isTooLong(path) ? site.homePath : path;
}

/** The page that a person wants, as far as a sign-in can remember it. */
export interface WantedPage {
  /** The page, or only its path when the whole address is too long. */
  readonly path: string;
  /** The whole address, when it is too long to remember. The person must be told. */
  readonly lost?: string;
}

/**
 * The page in `value` when it is a path on this origin, as {@link localPath} says; the home page otherwise. Scripts like to give
 * the whole `location.href`, so an address of this origin counts, too.
 * @param baseUrl the app's own origin
 */
export function wantedPage(
  site: Site,
  baseUrl: string,
  value: string | null | undefined,
): WantedPage {
  const url = /^https?:/i.test(value ?? '') ? URL.parse(value ?? '') : null;
  const isOurs = url?.origin === baseUrl && url.username === '' && url.password === '';
  const whole = parseLocal(site, isOurs ? url.pathname + url.search + url.hash : value);
  if (!isTooLong(whole)) return { path: whole };
  return { path: localPath(site, whole.split(/[?#]/)[0]), lost: whole };
}

/** The path that signs in and comes back to `returnPath`, which the caller has checked. */
export function loginPathTo(
  { authPath }: Site,
  returnPath: string,
  prompt?: 'select_account',
): string {
  const encoded = encodeURIComponent(returnPath);
  // Most characters may stand in a query as they are. That saves room for a long path.
  const value = encoded.length > maxReturnToLength ? encodeSparingly(returnPath) : encoded;
  return `${authPath}/login?return_to=${value}${prompt === undefined ? '' : `&prompt=${prompt}`}`;
}

function isTooLong(path: string): boolean {
  return Buffer.byteLength(path) > maxPageBytes || encodeSparingly(path).length > maxReturnToLength;
}

/** Encodes only what a query needs. The URL parser has already encoded spaces, double quotes and letters outside ASCII. */
function encodeSparingly(path: string): string {
  return path.replace(/[%&#+]/g, encodeURIComponent);
}

/** A path on this origin as browsers read it, of any length. The home page for any other value. */
function parseLocal({ authPath, homePath }: Site, value: string | null | undefined): string {
  if (value === null || value === undefined || !value.startsWith('/')) return homePath;
  // An address has no control characters or lone surrogates, and its path has no backslash.
  if (/[\u0000-\u001f\u007f-\u009f]|^[^?#]*\\/.test(value) || !value.isWellFormed()) {
    return homePath;
  }
  const url = URL.parse(value, base);
  if (url?.origin !== base || url.username !== '') return homePath;
  if (/^\/(\/|%2f|%5c)/i.test(url.pathname)) return homePath;
  return isPartOfSignIn(authPath, decoded(url.pathname))
    ? homePath
    : url.pathname + url.search + url.hash;
}

/** A way back into the sign-in itself would loop. The host ignores case in routes, so this does too. */
function isPartOfSignIn(authPath: string, path: string): boolean {
  const prefix = `${authPath}/`.toLowerCase();
  const lower = path.toLowerCase();
  if (!lower.startsWith(prefix)) return false;
  return /^(login|redirect|logout|signed-out)(\/|$)/.test(lower.slice(prefix.length));
}

/** The path as the host reads it when it looks for the route. Other escapes stay as they are. */
function decoded(pathname: string): string {
  return pathname.replace(/%[0-7][0-9a-f]/gi, (escape) => decodeURIComponent(escape));
}
