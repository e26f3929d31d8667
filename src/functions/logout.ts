import type { HttpResponseInit } from '@azure/functions';
import { sameOrigin } from '../guards/same-origin';
import { signOut } from '../guards/sign-out';
import { notDone } from '../guards/sign-out-notice';
import { answerSignOut } from '../http/answer-sign-out';
import type { Exchange } from '../http/exchange';
import { isTrue, readForm } from '../http/read-form';
import { serve } from '../http/serve';

/**
 * POST auth/logout: ends this session on the server, then goes on to the provider's own sign-out.
 * `everywhere=true` ends all of the user's sessions; `local=true` leaves the provider's session alone.
 */
export async function logout(exchange: Exchange): Promise<HttpResponseInit> {
  const form = await readForm(exchange.request);
  const { url, notice } = await signOut(exchange, {
    everywhere: isTrue(form, 'everywhere'),
    local: isTrue(form, 'local'),
  });
  return answerSignOut(exchange, { url, notDone: notDone(notice), until: notice.until });
}

serve('logout', { route: 'auth/logout', post: sameOrigin(logout) });
