import type { HttpResponseInit } from '@azure/functions';
import { app } from '@azure/functions';
import { AppError } from '../errors';
import { completeSignIn } from '../guards/complete-sign-in';
import { continueHere } from '../http/continue-here';
import { endpoint } from '../http/endpoint';
import type { Exchange } from '../http/exchange';
import { withHeader } from '../http/responses';

/**
 * GET auth/redirect: the provider's answer. It arrives from another site, so without our `SameSite=Strict` cookies:
 * the first visit looks at nothing and opens the same address again as a navigation of our own (`hop=1`).
 */
export async function redirect(exchange: Exchange): Promise<HttpResponseInit> {
  const hops = exchange.query.getAll('hop');
  // A crafted `hop=0` would hop for ever.
  if (hops.length > 1 || (hops.length === 1 && hops[0] !== '1')) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'hop is not ours' });
  }
  const answer = hops.length === 1 ? await completeSignIn(exchange) : hopPage(exchange);
  // The address holds the code: no other page, ours included, gets to see it.
  return withHeader(answer, 'Referrer-Policy', 'no-referrer');
}

function hopPage({ path, services }: Exchange): HttpResponseInit {
  const goTo = `${services.settings.baseUrl}${path}${path.includes('?') ? '&' : '?'}hop=1`;
  return continueHere({ title: 'Signing you in', goTo, text: 'One moment, please.' });
}

app.http('redirect', {
  methods: ['GET'],
  route: 'auth/redirect',
  authLevel: 'anonymous',
  handler: endpoint(redirect),
});
