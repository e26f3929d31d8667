import type { Site } from '../pages/layout';
import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import type { RequestContext } from './context';
import { changesNothing, isFramed, isOffice, isPrefetch } from './request';
import { continueHere, redirectTo } from './responses';

/** Of a wanted page: it is kept in a cookie when it does not fit into `state`. */
const maxBytes = 2048;
/** Of the same page as a value in a query: some hosts take 4,096 characters, and our own parameters need a few of them. */
const maxInQuery = 3900;
const base = 'https://origin.invalid';

/**
 * Where to go after signing in: a path on this origin, or `/` for anything else, also for one that is too long.
 *
 * Looking at the text alone is not enough, since browsers read `\` as `/`, drop tabs and line ends, and resolve
 * dots: `/\evil.example`, `/<tab>/evil.example` and `/.//evil.example` all leave the origin. So the text is parsed as
 * a browser would, and what was parsed is checked again and used.
 * @see https://url.spec.whatwg.org/#concept-basic-url-parser
 */
export function localPath(site: Site, value: string | null | undefined): string {
  const path = parseLocal(site, value);
  return isTooLong(path) ? site.homePath : path;
}

/** A page that somebody wants, as far as a sign-in can remember it. */
export interface WantedPage {
  /** What is remembered: the page, or its path alone when the whole is too long. */
  readonly path: string;
  /** The page that is too long to remember. The person must be told. */
  readonly lost?: string;
}

/** The page in `value`, when it is a path on this origin; else the home page. */
export function wantedPage(site: Site, value: string | null | undefined): WantedPage {
  const whole = parseLocal(site, value);
  if (!isTooLong(whole)) return { path: whole };
  return { path: localPath(site, whole.split(/[?#]/)[0]), lost: whole };
}

/** Where to sign in and come back to `returnPath`, which was checked. */
export function loginPathTo(
  { authPath }: Site,
  returnPath: string,
  prompt?: 'select_account',
): string {
  const encoded = encodeURIComponent(returnPath);
  // A query may hold most characters as they are, so a long path fits.
  const value = encoded.length > maxInQuery ? encodeSparingly(returnPath) : encoded;
  return `${authPath}/login?return_to=${value}${prompt === undefined ? '' : `&prompt=${prompt}`}`;
}

function isTooLong(path: string): boolean {
  return Buffer.byteLength(path) > maxBytes || encodeSparingly(path).length > maxInQuery;
}

/** What was parsed as a URL has no spaces, double quotes or other alphabets any more. */
function encodeSparingly(path: string): string {
  return path.replace(/[%&#+]/g, encodeURIComponent);
}

/** A path on this origin as browsers read it, however long; the home page for anything else. */
function parseLocal({ authPath, homePath }: Site, value: string | null | undefined): string {
  if (value === null || value === undefined || !value.startsWith('/')) return homePath;
  // Control characters and lone surrogates have no place in an address, and a backslash none in its path.
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

/** Going back into the sign-in itself would loop. The host reads routes in any case. */
function isPartOfSignIn(authPath: string, path: string): boolean {
  const prefix = `${authPath}/`.toLowerCase();
  const lower = path.toLowerCase();
  if (!lower.startsWith(prefix)) return false;
  return /^(login|redirect|logout|signed-out)(\/|$)/.test(lower.slice(prefix.length));
}

/** As the host reads it when it looks for the route; unreadable escapes stay as they are. */
function decoded(pathname: string): string {
  return pathname.replace(/%[0-7][0-9a-f]/gi, (escape) => decodeURIComponent(escape));
}

/** The one query parameter of ours on other people's pages. Its value is `1`, or the fragment of the address (`#…`). */
const marker = 'anteroom-bounced';

interface BounceOptions {
  /** False for a page that also works without the cookie: it only removes the marker then. */
  readonly needsCookie?: boolean;
}

/**
 * What comes before any page that depends on a cookie of ours. A link in a mail or on another site arrives without our
 * `SameSite=Strict` cookies, and the person would seem signed out: such a request is answered with a page that opens
 * the same address once more, as a navigation of our own. The second request is sent on to the address without the
 * marker. Browsers without Fetch Metadata do not say where they come from, so they bounce whenever the cookie is absent.
 *
 * Office gets that page too, and then opens the address in the browser.
 * @param hasCookie whether the request brought the cookie that may be missing
 * @returns `undefined` when the request is to be answered as it is
 * @throws ERR_PREFETCH: a page that was fetched ahead of time would be out of date when it is shown
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
    return mayLackCookie && !hasCookie && takesMarker(context) ? openAgain(context) : undefined;
  }
  // The bounce did not help. A second one would make a browser without cookies loop.
  if (site === 'cross-site' || (!hasCookie && (needsCookie || site === null))) return undefined;
  return redirectTo(context.services.settings.baseUrl + wantedPath(context));
}

/** Some hosts answer 404 to a query of more than 4,096 characters, without a word. */
const longestQuery = 4096;

function takesMarker({ path }: RequestContext): boolean {
  return path.slice(path.indexOf('?') + 1).length + `&${marker}=1`.length <= longestQuery;
}

function openAgain({ path, services }: RequestContext): HttpResponseInit {
  // With the origin, since a path that begins `//` would lead to another one.
  const address = services.settings.baseUrl + path;
  return continueHere(services.site, {
    title: 'One moment',
    goTo: `${address}${path.includes('?') ? '&' : '?'}${marker}=1`,
    text: 'Opening the page you followed a link to.',
  });
}

/** The path and query of a request as they were before it was bounced, with the fragment where it is known. */
export function wantedPath({ path, query }: RequestContext): string {
  const told = query.get(marker) ?? '';
  // Anybody can write the marker, and some characters of a text must not stand in a header: browsers encode them.
  const fragment = told.startsWith('#') ? new URL(told, 'https://origin.invalid').hash : '';
  return pathWithoutMarker(path) + fragment;
}

/** However the marker is written. */
export function pathWithoutMarker(path: string): string {
  const start = path.indexOf('?') + 1;
  if (start === 0) return path;
  const pairs = path.slice(start).split('&');
  const kept = pairs.filter((pair) => !new URLSearchParams(pair).has(marker));
  return kept.length === 0 ? path.slice(0, start - 1) : path.slice(0, start) + kept.join('&');
}
