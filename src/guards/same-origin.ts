import type { Handler } from '../http/exchange';
import { requireSameOrigin } from '../http/require-same-origin';

/**
 * Opens `handler` to requests of our own pages and scripts only. It comes before every other guard: another site must
 * not even learn whether somebody is signed in.
 * @throws as `requireSameOrigin`
 */
export function sameOrigin(handler: Handler): Handler {
  return (exchange) => {
    requireSameOrigin(exchange.request, exchange.services.settings.baseUrl);
    return handler(exchange);
  };
}
