import * as v from 'valibot';
import { clearNotice, noticeCookie, readNotice } from '../cookies';
import { AppError } from '../errors';
import type { RequestContext } from '../http/context';
import type { Ended } from '../pages/session-table';
import type { EndedEverybody } from '../sessions/end-sessions';

/** One action that ends sessions, for the log. */
export interface EndingAction {
  readonly why:
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
  /** User key of the person whose sessions end, or `everybody`, which is no user key. */
  readonly of: string;
  /** Key of the session, when it is a single one. */
  readonly session?: string;
}

/**
 * Does `work` and writes the event `session ended`, also when it fails: who did what to whom, and to how many sessions.
 * @param work ends sessions and returns how many
 * @throws as `work`
 */
export async function audited<Result extends number | EndedEverybody>(
  { tell }: RequestContext,
  action: EndingAction,
  work: () => Promise<Result>,
): Promise<Result> {
  const event = 'session ended';
  try {
    const ended = await work();
    const { count, fault } = typeof ended === 'number' ? { count: ended, fault: undefined } : ended;
    const outcome = fault === undefined ? 'done' : 'partial';
    tell({ event, outcome, ...action, count, code: fault?.code, note: fault?.note });
    return ended;
  } catch (error) {
    // Some of the sessions may have ended before the failure.
    const { code, note } = error instanceof AppError ? error : new AppError('ERR_INTERNAL');
    tell({ event, outcome: 'failed', ...action, code, note });
    throw error;
  }
}

/** Sets a cookie, so that the list that the person sees next says which sessions have ended. */
export function leaveEndedNotice({ cookies, services }: RequestContext, ended: Ended): void {
  cookies.push(noticeCookie('ended', ended, services.settings));
}

/** Which sessions the last request ended. `undefined` when it ended none. The next call no longer has it. */
export function takeEndedNotice({
  requestCookies,
  cookies,
  services,
}: RequestContext): Ended | undefined {
  const content = readNotice(requestCookies, 'ended', services.settings);
  if (content === undefined) return undefined;
  cookies.push(clearNotice('ended', services.settings));
  const ended = v.safeParse(endedSchema, content);
  return ended.success ? ended.output : undefined;
}

const endedSchema: v.GenericSchema<unknown, Ended> = v.object({
  count: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  name: v.optional(v.string()),
});

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
