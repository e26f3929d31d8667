import type { HttpResponseInit } from '@azure/functions';
import { ContinuePage } from '../pages/continue-page';
import type { Exchange } from './exchange';
import { htmlPage } from './responses';

const marker = 'bounced';

/**
 * A page that opens the same address once more, as a navigation of our own: a link in a mail or on another site
 * arrives without our `SameSite=Strict` cookies, and the person would seem signed out.
 * @returns `undefined` when the request is not such an arrival, or has been bounced already
 */
export function bounce(exchange: Exchange): HttpResponseInit | undefined {
  const { request, query, path } = exchange;
  const isArrival =
    request.method === 'GET' &&
    request.headers.get('sec-fetch-site') === 'cross-site' &&
    request.headers.get('sec-fetch-mode') === 'navigate' &&
    !query.has(marker);
  if (!isArrival) return undefined;
  const goTo = `${path}${path.includes('?') ? '&' : '?'}${marker}=1`;
  return htmlPage(
    <ContinuePage title="One moment" goTo={goTo} text="Opening the page you followed a link to." />,
  );
}

/** The request's own path without the marker, to come back to after signing in. */
export function pathWithoutMarker(exchange: Exchange): string {
  return exchange.path.replace(new RegExp(`[?&]${marker}=1$`), '');
}
