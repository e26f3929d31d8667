import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import { completeSignIn } from '../guards/complete-sign-in';
import { continueHere } from '../http/continue-here';
import type { Exchange } from '../http/exchange';
import { isPrefetch } from '../http/request-kind';
import { withHeader } from '../http/responses';
import { serve } from '../http/serve';

/**
 * GET auth/redirect: the provider's answer. It arrives from another site, so without our `SameSite=Strict` cookies:
 * the first visit looks at nothing and opens the same address again as a navigation of our own (`hop=1`).
 */
export async function redirect(exchange: Exchange): Promise<HttpResponseInit> {
  const { request } = exchange;
  if (isPrefetch(request)) throw new AppError('ERR_PREFETCH');
  const hops = exchange.query.getAll('hop');
  // A crafted `hop=0` would hop for ever.
  if (hops.length > 1 || (hops.length === 1 && hops[0] !== '1')) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'hop is not ours' });
  }
  // HEAD, as link checkers and Office ask, redeems no code: it would be spent for the person.
  const isFinal = hops.length === 1 && request.method === 'GET';
  const answer = isFinal ? await completeSignIn(exchange) : hopPage(exchange);
  // The address holds the code: no other page, ours included, gets to see it.
  return withHeader(answer, 'Referrer-Policy', 'no-referrer');
}

function hopPage({ path, services }: Exchange): HttpResponseInit {
  const goTo = `${services.settings.baseUrl}${path}${path.includes('?') ? '&' : '?'}hop=1`;
  return continueHere({ title: 'Signing you in', goTo, text: 'One moment, please.' });
}

serve('redirect', { route: 'auth/redirect', get: redirect });
