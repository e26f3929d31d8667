import type { Session } from './session';

/**
 * About when a session was last used, in epoch seconds. Its row is rewritten only once less than half of the idle time
 * is left, so it may have been used up to half of that time later than this.
 */
export function lastUsedAbout(
  { createdAt, idleExpiresAt }: Pick<Session, 'createdAt' | 'idleExpiresAt'>,
  idleSeconds: number,
): number {
  // The last idle limit is cut to the end of the session, and the setting may have changed since.
  return Math.max(createdAt, idleExpiresAt - idleSeconds);
}
