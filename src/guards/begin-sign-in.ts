import type { HttpResponseInit } from '@azure/functions';
import type { SignInWishes } from '../auth/start-sign-in';
import { startSignIn } from '../auth/start-sign-in';
import { keepSignInCookie, restCookie } from '../cookies/sign-in-cookie';
import type { Exchange } from '../http/exchange';
import { redirectTo } from '../http/responses';

/** Begins a sign-in: ties it to this browser by its sign-in cookie and sends the browser to the provider. */
export async function beginSignIn(
  exchange: Exchange,
  wishes: SignInWishes,
): Promise<HttpResponseInit> {
  const { requestCookies, services, now, signal } = exchange;
  const { keyRing, settings } = services;
  // Whatever fails from here on, its page leads back to the wanted one.
  exchange.visitor.returnPath = wishes.returnPath;
  const { value: browserSecret, cookie } = keepSignInCookie(requestCookies, settings);
  const { authorizationUrl, rest } = await startSignIn(services.auth, wishes, {
    browserSecret,
    keyRing,
    now,
    signal,
  });
  // A cookie that a browser would not keep is left out. The path of the page is known without it, and the person is told.
  const more = rest === undefined ? undefined : restCookie(requestCookies, rest, settings);
  exchange.cookies.push(cookie, ...(more === undefined ? [] : [more]));
  return redirectTo(authorizationUrl);
}
