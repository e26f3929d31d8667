import { clearNotice, noticeCookie, readNotice } from '../cookies/cookie';
import { AppError } from '../errors';
import type { RequestContext } from '../http/context';
import { isObject } from '../json';
import { keyForLogs } from '../sessions/session';

/** Something a person does to sessions. */
export interface AuditedAction {
  readonly event:
    | 'sign-out'
    | 'sign-out everywhere'
    | 'end own session'
    | 'end own other sessions'
    | 'end session'
    | 'end all sessions of user'
    /** In another window or app of the same browser; the provider told. */
    | 'sign-out at the provider'
    /** The provider refused to refresh the tokens for good. */
    | 'end refused session'
    /** A sign-in in the same browser took its place. */
    | 'replace session';
  /** User key of whoever does it. */
  readonly by: string;
  /** User key of whom it is done to. */
  readonly of: string;
  /** Key of the session, where it is a single one. */
  readonly session?: string;
}

/**
 * Does `work` and leaves one line `audit {…}` in the log, also when it fails: who, whom, what, when, how many. Keys
 * are cut to the prefix that stands in every other line, by which the console finds a person; it opens nothing.
 * @param work ends sessions and tells how many
 */
export async function audited(
  { log, now }: RequestContext,
  { event, by, of, session }: AuditedAction,
  work: () => Promise<number>,
): Promise<number> {
  const line = {
    event,
    by: keyForLogs(by),
    of: keyForLogs(of),
    ...(session !== undefined && { session: keyForLogs(session) }),
    at: new Date(now * 1000).toISOString(),
  };
  try {
    const count = await work();
    log('info', `audit ${JSON.stringify({ ...line, outcome: 'done', count })}`);
    return count;
  } catch (error) {
    // Some of them may have ended nevertheless.
    log('error', `audit ${JSON.stringify({ ...line, outcome: 'failed' })}`);
    throw error;
  }
}

/** Lets the list that is shown next say what has just been done. */
export function leaveEndedNotice({ cookies, services }: RequestContext, count: number): void {
  cookies.push(noticeCookie('ended', { count }, services.settings));
}

/** How many sessions the last request ended, told once; `undefined` when it ended none. */
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
 * The key of a user or a session as our pages name it: base64url SHA-256. It opens nothing, and nothing else reaches
 * the table's keys.
 * @throws ERR_BAD_REQUEST for anything else
 */
export function parseNamedKey(value: string | undefined, name: string): string {
  if (value === undefined || !/^[A-Za-z0-9_-]{43}$/.test(value)) {
    throw new AppError('ERR_BAD_REQUEST', { note: `${name} is no key` });
  }
  return value;
}
