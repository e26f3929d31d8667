import { clearNotice, noticeCookie, readNotice } from '../cookies';
import { AppError } from '../errors';
import type { RequestContext } from '../http/context';
import { isObject } from '../bodies';
import { keyForLogs } from '../sessions/session';

/** One action that ends sessions, for the audit log. */
export interface AuditedAction {
  readonly event:
    | 'sign-out'
    | 'sign-out everywhere'
    | 'end own session'
    | 'end own other sessions'
    | 'end session'
    | 'end all sessions of user'
    | 'end everybody'
    /** The person signed out at the provider, in another app of the same browser. */
    | 'sign-out at the provider'
    /** The provider no longer refreshes the tokens. */
    | 'end refused session'
    /** A new sign-in in the same browser replaced the session. */
    | 'replace session'
    /** A new sign-in of the user, and SESSION_LIMIT allows no more sessions. */
    | 'end sessions over the limit';
  /** User key of the person who acts. */
  readonly by: string;
  /** User key of the person whose sessions end. `everybody` is no user key. */
  readonly of: string;
  /** Key of the session, when it is a single one. */
  readonly session?: string;
}

/**
 * Does `work` and writes one line `audit {…}` to the log, also when it fails. The line says who did what to whom, when, and
 * to how many sessions. Of each key it has only the prefix that all other log lines have: the console finds a person by
 * it, and it opens no session.
 * @param work ends sessions and returns how many
 * @throws as `work`
 */
export async function audited(
  { log, now }: RequestContext,
  { event, by, of, session }: AuditedAction,
  work: () => Promise<number>,
): Promise<number> {
  const line = {
    event,
    by: keyForLogs(by),
    of: of === 'everybody' ? of : keyForLogs(of),
    ...(session !== undefined && { session: keyForLogs(session) }),
    at: new Date(now * 1000).toISOString(),
  };
  try {
    const count = await work();
    log('info', `audit ${JSON.stringify({ ...line, outcome: 'done', count })}`);
    return count;
  } catch (error) {
    // Some of the sessions may have ended before the failure.
    log('error', `audit ${JSON.stringify({ ...line, outcome: 'failed' })}`);
    throw error;
  }
}

/** Sets a cookie, so that the list that the person sees next says how many sessions have ended. */
export function leaveEndedNotice({ cookies, services }: RequestContext, count: number): void {
  cookies.push(noticeCookie('ended', { count }, services.settings));
}

/** How many sessions the last request ended. `undefined` when it ended none. The next call no longer has it. */
export function takeEndedNotice({
  requestCookies,
  cookies,
  services,
}: RequestContext): number | undefined {
  const content = readNotice(requestCookies, 'ended', services.settings);
  if (content === undefined) return undefined;
  cookies.push(clearNotice('ended', services.settings));
  const { count } = isObject(content) ? content : {};
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

/**
 * The key of a user or a session from a request: SHA-256, base64url. A key opens no session.
 * @throws ERR_BAD_REQUEST for any other value, so that nothing else becomes part of a key in the table
 */
export function parseNamedKey(value: string | undefined, name: string): string {
  if (value === undefined || !/^[A-Za-z0-9_-]{43}$/.test(value)) {
    throw new AppError('ERR_BAD_REQUEST', { note: `${name} is not a key` });
  }
  return value;
}
