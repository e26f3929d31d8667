import { sessionKeyOf } from './session-key';

/**
 * The login hints of sessions that this instance has just ended. Who clicks "Sign out" twice sends a second request, and
 * the browser follows the answer to that one: its session is gone by then, and with it the hint.
 */
export interface SignOutHints {
  keep(sessionId: string, loginHint: string, now: number): void;
  find(sessionId: string, now: number): string | undefined;
}

const keptSeconds = 60;
const mostHints = 1_000;

/** In the memory of one instance: another one cannot know, since nothing is left of an ended session. */
export function createSignOutHints(): SignOutHints {
  // A Map keeps the order of insertion.
  const hints = new Map<string, { readonly loginHint: string; readonly until: number }>();
  return {
    keep: (sessionId, loginHint, now) => {
      for (const [oldest, { until }] of hints) {
        if (until > now && hints.size < mostHints) break;
        hints.delete(oldest);
      }
      const name = sessionKeyOf(sessionId);
      hints.delete(name);
      hints.set(name, { loginHint, until: now + keptSeconds });
    },
    find: (sessionId, now) => {
      const kept = hints.get(sessionKeyOf(sessionId));
      return kept !== undefined && now < kept.until ? kept.loginHint : undefined;
    },
  };
}
