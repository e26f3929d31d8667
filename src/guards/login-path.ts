import { stepUpReadableSeconds } from '../auth/step-up';
import type { StepUp } from '../errors';
import { AppError } from '../errors';
import { wantedPath } from '../http/bounce';
import type { Exchange } from '../http/exchange';
import { changesNothing } from '../http/request-kind';
import type { WantedPage } from '../http/return-path';
import { loginPathTo, wantedPage } from '../http/return-path';
import { seal } from '../keys/sealed-value';
import type { SessionTicket } from '../sessions/session';
import { sessionKeyOf } from '../sessions/session-key';

/** Where to sign in, and the wanted page when it is too long to come back to. */
export interface WayToSignIn {
  readonly loginPath: string;
  readonly lostPage?: string | undefined;
}

/** With a bounce's marker the query still stays under 4,096 characters. */
const longestStepUp = 4000;

/** Where to sign in and come back to this request; after anything but a GET, to the home page. */
export function wayToSignIn(exchange: Exchange): WayToSignIn {
  const { path, lost } = returnPageOf(exchange);
  return { loginPath: loginPathTo(path), lostPage: lost };
}

/**
 * Where to go through the provider for more. What is asked for is sealed, so that nobody can craft a link that makes
 * a person consent to scopes of the sender's choice; and it works only in the session that it was made for.
 * @param names the step-ups of the last minute, this one included
 * @throws ERR_PROVIDER_MISMATCH when what is asked for fits no address: nobody was refused (ERR_PROVIDER_REFUSED), and
 *   there is no link by which a person could go on (ERR_STEP_UP)
 */
export async function wayToStepUp(
  exchange: Exchange,
  { userKey, sessionId }: Pick<SessionTicket, 'userKey' | 'sessionId'>,
  { scopes, claims }: StepUp,
  names: readonly string[],
): Promise<WayToSignIn> {
  const { services, now, signal } = exchange;
  const linkTo = async (returnPath: string) => {
    const sessionKey = sessionKeyOf(sessionId);
    const payload = { scopes, claims, userKey, sessionKey, returnPath, madeAt: now, names };
    const step = await seal('step-up', payload, {
      keyRing: services.keyRing,
      expiresAt: now + stepUpReadableSeconds,
      signal,
    });
    return `/auth/login?step=${step}`;
  };
  const page = returnPageOf(exchange);
  const link = await linkTo(page.path);
  if (link.length <= longestStepUp) return { loginPath: link, lostPage: page.lost };
  // Long claims matter more than a long address: without its query it mostly fits.
  const shorter = await linkTo(page.path.split(/[?#]/)[0] ?? '/');
  const shortest = shorter.length <= longestStepUp ? shorter : await linkTo('/');
  if (shortest.length > longestStepUp) {
    throw new AppError('ERR_PROVIDER_MISMATCH', { note: 'what is asked for fits no address' });
  }
  return { loginPath: shortest, lostPage: page.lost ?? page.path };
}

/** A script names the page it runs on in `X-Return-To`: what it fetches is nothing to come back to. */
function returnPageOf(exchange: Exchange): WantedPage {
  const page = exchange.isNavigation ? null : exchange.request.headers.get('x-return-to');
  if (page !== null) return wantedPage(page);
  return changesNothing(exchange.request) ? wantedPage(wantedPath(exchange)) : { path: '/' };
}
