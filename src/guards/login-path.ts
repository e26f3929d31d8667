import { stepUpSeconds } from '../auth/step-up';
import type { StepUp } from '../errors';
import { wantedPath } from '../http/bounce';
import type { Exchange } from '../http/exchange';
import { changesNothing } from '../http/request-kind';
import { localPath } from '../http/return-path';
import { seal } from '../keys/sealed-value';

/** Where to sign in and come back to this request; after anything but a GET, to the home page. */
export function loginPath(exchange: Exchange): string {
  return `/auth/login?return_to=${encodeURIComponent(returnPathOf(exchange))}`;
}

/**
 * Where to go through the provider for more. What is asked for is sealed, so that nobody can craft a link that makes
 * a person consent to scopes of the sender's choice.
 */
export async function stepUpPath(
  exchange: Exchange,
  userKey: string,
  stepUp: StepUp,
): Promise<string> {
  const { services, now, signal } = exchange;
  const payload = { ...stepUp, userKey, returnPath: returnPathOf(exchange) };
  const step = await seal('step-up', payload, {
    keyRing: services.keyRing,
    expiresAt: now + stepUpSeconds,
    signal,
  });
  return `/auth/login?step=${step}`;
}

/** A script names the page it runs on in `X-Return-To`: what it fetches is nothing to come back to. */
function returnPathOf(exchange: Exchange): string {
  const page = exchange.isNavigation ? null : exchange.request.headers.get('x-return-to');
  if (page !== null) return localPath(page);
  return changesNothing(exchange.request) ? localPath(wantedPath(exchange)) : '/';
}
