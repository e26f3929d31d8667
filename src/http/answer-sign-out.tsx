import type { HttpResponseInit } from '@azure/functions';
import { ContinuePage } from '../pages/continue-page';
import type { Exchange } from './exchange';
import { htmlPage, json, redirectTo } from './responses';

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
export function answerSignOut(
  exchange: Exchange,
  { url, notDone, until }: SignOutAnswer,
): HttpResponseInit {
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
      text="This browser is signed out of this app. Now signing you out at Microsoft as well."
    />,
  );
}
