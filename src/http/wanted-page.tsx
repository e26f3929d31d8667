import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import type { Site } from '../pages/layout';
import type { RequestContext } from './context';
import { changesNothing, isFramed, isOffice, isPrefetch } from './request';
import { continueHere, redirectTo, textsOf } from './responses';

/** The longest wanted page. It must fit into a cookie when `state` has no room for it. */
const maxPageBytes = 2048;
/** The longest wanted page as a query value. Some hosts take 4,096 characters, and there are other parameters too. */
const maxReturnToLength = 3900;
/** The largest query that some hosts take. They answer 404 to a longer one, without a reason. */
const maxQueryLength = 4096;
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

/** The page in `value` when it is a path on this origin, as {@link localPath} says; the home page otherwise. */
export function wantedPage(site: Site, value: string | null | undefined): WantedPage {
  const whole = parseLocal(site, value);
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

/** The only query parameter that we add to a team's own pages. Its value is `1`, or the fragment of the address (`#…`). */
const marker = 'anteroom-bounced';

interface BounceOptions {
  /** True for a page that needs the cookie. If it is still absent after the bounce, the request is answered as usual. */
  readonly needsCookie?: boolean;
}

/**
 * Comes before every page that depends on a cookie of ours. A browser that follows a link in a mail or on another site does
 * not send our `SameSite=Strict` cookies, and the person would seem signed out. Such a request gets a page that opens the
 * same address again, with a marker. That request comes from our own site, so the cookies are there. It is redirected to
 * the address without the marker. A browser without Fetch Metadata does not tell where a request comes from, so it gets the page
 * whenever the cookie is absent.
 *
 * Office gets that page too, and then opens the address in the browser.
 * @param hasCookie true when the request has the cookie that may be missing
 * @returns `undefined` when the caller should answer the request as usual
 * @throws ERR_PREFETCH: a page that is fetched too early would be out of date when the person sees it
 */
export function bounce(
  context: RequestContext,
  hasCookie: boolean,
  { needsCookie = false }: BounceOptions = {},
): HttpResponseInit | undefined {
  const { request, query } = context;
  if (!changesNothing(request)) return undefined;
  if (isPrefetch(request)) throw new AppError('ERR_PREFETCH');
  const wasBounced = query.has(marker);
  if (isOffice(request)) return wasBounced ? undefined : openAgain(context);
  if (!context.isNavigation || isFramed(request)) return undefined;
  const site = request.headers.get('sec-fetch-site');
  if (!wasBounced) {
    const mayLackCookie = site === null || site === 'cross-site';
    return mayLackCookie && !hasCookie && hasRoomForMarker(context)
      ? openAgain(context)
      : undefined;
  }
  // The bounce did not help. With a second one, a browser without cookies would loop.
  if (site === 'cross-site' || (!hasCookie && (needsCookie || site === null))) return undefined;
  return redirectTo(context.services.settings.baseUrl + wantedPath(context));
}

function hasRoomForMarker({ path }: RequestContext): boolean {
  return path.slice(path.indexOf('?') + 1).length + `&${marker}=1`.length <= maxQueryLength;
}

function openAgain(context: RequestContext): HttpResponseInit {
  const { path, services } = context;
  const { waiting } = textsOf(context);
  // The address has the origin, because a path that begins with `//` would lead to another one.
  const address = services.settings.baseUrl + path;
  return continueHere(context, {
    title: waiting.oneMoment,
    goTo: `${address}${path.includes('?') ? '&' : '?'}${marker}=1`,
    text: waiting.openingLink,
  });
}

/** Path and query of a request without the marker, and the fragment if the marker has it. */
export function wantedPath({ path, query }: RequestContext): string {
  const value = query.get(marker) ?? '';
  // Anybody can write the marker, and a header must not contain some characters. The URL parser encodes them.
  const fragment = value.startsWith('#') ? new URL(value, base).hash : '';
  return pathWithoutMarker(path) + fragment;
}

/** The same path without the marker. */
export function pathWithoutMarker(path: string): string {
  return pathWithout(marker, path);
}

/** The same path without this query parameter. It finds one whose name is encoded, too. */
export function pathWithout(parameter: string, path: string): string {
  const start = path.indexOf('?') + 1;
  if (start === 0) return path;
  const pairs = path.slice(start).split('&');
  const kept = pairs.filter((pair) => !new URLSearchParams(pair).has(parameter));
  return kept.length === 0 ? path.slice(0, start - 1) : path.slice(0, start) + kept.join('&');
}
