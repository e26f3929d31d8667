import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import { continueHere } from './continue-here';
import type { Exchange } from './exchange';
import { changesNothing, isFramed, isOffice, isPrefetch } from './request-kind';
import { redirectTo } from './responses';

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
  exchange: Exchange,
  hasCookie: boolean,
  { needsCookie = false }: BounceOptions = {},
): HttpResponseInit | undefined {
  const { request, query } = exchange;
  if (!changesNothing(request)) return undefined;
  if (isPrefetch(request)) throw new AppError('ERR_PREFETCH');
  const wasBounced = query.has(marker);
  if (isOffice(request)) return wasBounced ? undefined : openAgain(exchange);
  if (!exchange.isNavigation || isFramed(request)) return undefined;
  const site = request.headers.get('sec-fetch-site');
  if (!wasBounced) {
    const mayLackCookie = site === null || site === 'cross-site';
    return mayLackCookie && !hasCookie && takesMarker(exchange) ? openAgain(exchange) : undefined;
  }
  // The bounce did not help. A second one would make a browser without cookies loop.
  if (site === 'cross-site' || (!hasCookie && (needsCookie || site === null))) return undefined;
  return redirectTo(exchange.services.settings.baseUrl + wantedPath(exchange));
}

/** Some hosts answer 404 to a query of more than 4,096 characters, without a word. */
const longestQuery = 4096;

function takesMarker({ path }: Exchange): boolean {
  return path.slice(path.indexOf('?') + 1).length + `&${marker}=1`.length <= longestQuery;
}

function openAgain({ path, services }: Exchange): HttpResponseInit {
  // With the origin, since a path that begins `//` would lead to another one.
  const address = services.settings.baseUrl + path;
  return continueHere({
    title: 'One moment',
    goTo: `${address}${path.includes('?') ? '&' : '?'}${marker}=1`,
    text: 'Opening the page you followed a link to.',
  });
}

/** The path and query of a request as they were before it was bounced, with the fragment where it is known. */
export function wantedPath({ path, query }: Exchange): string {
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
