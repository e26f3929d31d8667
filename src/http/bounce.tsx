import type { HttpResponseInit } from '@azure/functions';
import { ContinuePage } from '../pages/continue-page';
import type { Exchange } from './exchange';
import { htmlPage, redirectTo } from './responses';

const marker = 'bounced';

/**
 * A page that opens the same address once more, as a navigation of our own: a link in a mail or on another site
 * arrives without our `SameSite=Strict` cookies, and the person would seem signed out. The second request, which
 * brings them, is sent on to the address without the marker.
 * @param hasCookie whether the request brought the cookie that may be missing
 * @returns `undefined` when the request is to be answered as it is
 */
export function bounce(exchange: Exchange, hasCookie: boolean): HttpResponseInit | undefined {
  const { request, query, path } = exchange;
  const { baseUrl } = exchange.services.settings;
  const site = request.headers.get('sec-fetch-site');
  const isNavigation =
    request.method === 'GET' && request.headers.get('sec-fetch-mode') === 'navigate';
  if (!isNavigation) return undefined;
  if (query.has(marker)) {
    // One that still comes from elsewhere has been bounced in vain: once is enough.
    return site === 'cross-site' ? undefined : redirectTo(baseUrl + pathWithoutMarker(path));
  }
  if (site !== 'cross-site' || hasCookie) return undefined;
  // With the origin, since a path that begins `//` would lead to another one.
  const goTo = `${baseUrl}${path}${path.includes('?') ? '&' : '?'}${marker}=1`;
  return htmlPage(
    <ContinuePage title="One moment" goTo={goTo} text="Opening the page you followed a link to." />,
  );
}

/** The path and query of a request as they were before it was bounced, however the marker is written. */
export function pathWithoutMarker(path: string): string {
  const start = path.indexOf('?') + 1;
  if (start === 0) return path;
  const pairs = path.slice(start).split('&');
  const kept = pairs.filter((pair) => !new URLSearchParams(pair).has(marker));
  return kept.length === 0 ? path.slice(0, start - 1) : path.slice(0, start) + kept.join('&');
}
