import type { Exchange } from '../http/exchange';

/** Something a person did to sessions. */
export interface AuditEvent {
  readonly event:
    | 'sign-out'
    | 'sign-out everywhere'
    | 'end own session'
    | 'end own other sessions'
    | 'end session'
    | 'end all sessions of user';
  /** User key of whoever did it. */
  readonly by: string;
  /** User key of whom it was done to. */
  readonly of: string;
  /** Key of the session, where it was a single one. */
  readonly session?: string;
  /** How many sessions. */
  readonly count?: number;
  readonly outcome: 'done' | 'failed';
}

const prefixLength = 8;

/**
 * One line `audit {…}` in the log: who, whom, what, when. Keys are cut to the prefix that stands in every other line,
 * which finds a person in the console and opens nothing.
 */
export function audit({ log, now }: Exchange, { by, of, session, ...event }: AuditEvent): void {
  const line = {
    ...event,
    by: by.slice(0, prefixLength),
    of: of.slice(0, prefixLength),
    ...(session !== undefined && { session: session.slice(0, prefixLength) }),
    at: new Date(now * 1000).toISOString(),
  };
  log(event.outcome === 'done' ? 'info' : 'error', `audit ${JSON.stringify(line)}`);
}
