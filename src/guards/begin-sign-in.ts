import type { HttpResponseInit } from '@azure/functions';
import type { SignInWishes } from '../auth/start-sign-in';
import { startSignIn } from '../auth/start-sign-in';
import type { SignInAttempt } from '../auth/sign-in-attempt';
import { addAttemptCookie } from '../cookies/attempt-cookie';
import { AppError } from '../errors';
import type { Exchange } from '../http/exchange';
import { redirectTo } from '../http/responses';

/** Begins a sign-in: keeps the attempt in a cookie of its own and sends the browser to the provider. */
export async function beginSignIn(
  exchange: Exchange,
  wishes: SignInWishes,
): Promise<HttpResponseInit> {
  const { requestCookies, services, now, signal } = exchange;
  const { attempt, authorizationUrl } = await startSignIn(services.auth, wishes, { now, signal });
  const keep = (kept: SignInAttempt) =>
    addAttemptCookie(requestCookies, kept, {
      keyRing: services.keyRing,
      place: services.settings,
      now,
      signal,
    });
  // Where both a claims challenge and a return path are long, the challenge matters more.
  const cookies = await keep(attempt).catch((error: unknown) => {
    const isTooLong = error instanceof AppError && error.code === 'ERR_BAD_REQUEST';
    if (!isTooLong || attempt.returnPath === '/') throw error;
    return keep({ ...attempt, returnPath: '/' });
  });
  exchange.cookies.push(...cookies);
  return redirectTo(authorizationUrl);
}
