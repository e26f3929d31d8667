import type { HttpResponseInit } from '@azure/functions';
import { ContinuePage } from '../pages/continue-page';
import type { Exchange } from './exchange';
import { htmlPage, json, redirectTo, withHeader } from './responses';

interface SignOutAnswer {
  /** Where the browser goes next, absolute. */
  readonly url: string;
  /** What was left undone: `session`, `everywhere`, `provider`. */
  readonly notDone: readonly string[];
  /** Epoch seconds by which a session that could not be ended has expired. */
  readonly until: number | undefined;
}

/**
 * After a sign-out: a browser gets a page that goes on to the provider, or our own page; another client gets the
 * address and what was left undone. A page and not a redirect: `form-action` would stop one that leads to the provider
 * and from there back to us.
 */
export function answerSignOut(exchange: Exchange, signOut: SignOutAnswer): HttpResponseInit {
  const answer = answerOf(exchange, signOut);
  return clearsCacheSlowly.test(exchange.request.headers.get('user-agent') ?? '')
    ? answer
    : withHeader(answer, 'Clear-Site-Data', '"cache"');
}

/**
 * Browsers delete what they cached of this origin, also pages to swipe back to (ASVS 14.3.1). Chromium needs up to twenty
 * seconds for it before it shows the answer (https://issues.chromium.org/issues/40233601, rails/rails#54379,
 * mdn/yari#12803); our own answers are `no-store`, so it has nothing of ours to delete.
 */
const clearsCacheSlowly = /\b(Headless)?Chrom(e|ium)\//;

function answerOf(exchange: Exchange, { url, notDone, until }: SignOutAnswer): HttpResponseInit {
  if (!exchange.prefersHtml) {
    return json({
      logout_url: url,
      not_done: notDone,
      ...(until !== undefined && { session_expires_in: until - exchange.now }),
    });
  }
  if (url.startsWith(`${exchange.services.settings.baseUrl}/`)) return redirectTo(url, 303);
  return htmlPage(
    <ContinuePage
      title="Signing you out"
      goTo={url}
      text="This browser is signed out of this app. The sign-in service signs you out as well."
    />,
  );
}
