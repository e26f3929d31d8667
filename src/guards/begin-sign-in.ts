import type { HttpResponseInit } from '@azure/functions';
import type { SignInWishes } from '../auth/start-sign-in';
import { startSignIn } from '../auth/start-sign-in';
import { addAttemptCookie } from '../cookies/attempt-cookie';
import type { Exchange } from '../http/exchange';
import { redirectTo } from '../http/responses';

/** Begins a sign-in: keeps the attempt in a cookie of its own and sends the browser to the provider. */
export async function beginSignIn(
  exchange: Exchange,
  wishes: SignInWishes,
): Promise<HttpResponseInit> {
  const { request, services, now, signal } = exchange;
  const { attempt, authorizationUrl } = await startSignIn(services.auth, wishes, { now, signal });
  const cookies = await addAttemptCookie(request.headers.get('cookie'), attempt, {
    keyRing: services.keyRing,
    isHttps: services.settings.isHttps,
    now,
    signal,
  });
  exchange.cookies.push(...cookies);
  return redirectTo(authorizationUrl);
}
