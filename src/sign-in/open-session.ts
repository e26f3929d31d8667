import { signSessionCookie } from '../cookies/session-cookie';
import { AppError } from '../errors';
import type { RequestContext } from '../http/context';
import { keyForLogs, sessionKeyOf, type SessionTicket, type User } from '../sessions/session';
import type { Settings } from '../settings';
import { withTimeout } from '../waiting';
import type { Admission, ConfirmedSignIn } from './admit';
import type { OpenedAttempt } from './attempt';
import { audited } from './ending';
import { findTicket } from './guards';

/** The person whom the provider has signed in, and what the new session keeps. */
export interface FinishedSignIn extends ConfirmedSignIn {
  /** The provider's session id, for front-channel logout. */
  readonly sid: string | undefined;
  /** The claim `login_hint`, for the provider's sign-out. */
  readonly loginHint: string | undefined;
  readonly acrs: readonly string[] | undefined;
  readonly authTime: number | undefined;
  /** When the ID token was verified, epoch seconds. */
  readonly verifiedAt: number;
}

/** A finished sign-in whose session may be opened. */
export type AdmittedSignIn = Omit<FinishedSignIn, 'claims'> & Admission;

/**
 * Opens the session of a finished sign-in. When the user then has more sessions than SESSION_LIMIT allows, the oldest end.
 * Then the browser gets the cookie, and the session that it had before ends.
 * @throws as `SessionStore.open`. ERR_STORAGE_UNAVAILABLE also when sessions over the limit could not be ended. Nobody gets a
 *   cookie then
 */
export async function openSession(
  context: RequestContext,
  { user, ...facts }: AdmittedSignIn,
  attempt: OpenedAttempt,
): Promise<void> {
  const { request, services, now, signal } = context;
  const { keyRing, settings, sessions } = services;
  const former = await findTicket(context);
  const isPersistent = isKept(settings, attempt);
  const { ticket } = await sessions.open({
    user,
    ...facts,
    isPersistent,
    isStepUp: attempt.asked?.userKey !== undefined,
    stepUps: attempt.asked?.names,
    userAgent: request.headers.get('user-agent') ?? '',
    now,
    signal,
  });
  await endOverLimit(context, user, former);
  const site = settings;
  context.cookies.push(await signSessionCookie(ticket, { keyRing, site, isPersistent, signal }));
  context.log('info', `signed in ${keyForLogs(user.userKey)}`);
  if (former !== undefined) await endFormer(context, former, user.userKey);
}

/** True when the cookie outlives the browser. */
function isKept({ persistent }: Settings, { keep }: OpenedAttempt): boolean {
  return persistent === 'always' || (persistent === 'link' && keep === true);
}

/**
 * Ends the user's oldest sessions, where there are more than SESSION_LIMIT. The former session of this browser does not
 * count, since it ends too.
 */
async function endOverLimit(
  context: RequestContext,
  { userKey }: User,
  former: SessionTicket | undefined,
): Promise<void> {
  const { services, now, signal } = context;
  const { sessions, settings } = services;
  const { sessionLimit: limit } = settings;
  if (limit === undefined) return;
  const exceptSessionKey = former && sessionKeyOf(former.sessionId);
  const keys = await sessions.findOverLimit({ userKey, limit, exceptSessionKey }, now, signal);
  if (keys.length === 0) return;
  const action = { event: 'end sessions over the limit', by: userKey, of: userKey } as const;
  await audited(context, action, async () => {
    const ended = await sessions.endMany(userKey, keys, signal);
    return ended.length;
  });
}

/** The person is already signed in, and must not wait until the former session has ended. */
const formerTimeoutMs = 2_000;

/** Ends the session that this browser had. If that fails, it ends by its idle limit: nobody has its cookie any more. */
async function endFormer(
  context: RequestContext,
  { userKey, sessionId }: SessionTicket,
  by: string,
): Promise<void> {
  const { services } = context;
  const name = { userKey, sessionKey: sessionKeyOf(sessionId) };
  const action = { event: 'replace session', by, of: userKey, session: name.sessionKey } as const;
  try {
    await withTimeout(context.signal, formerTimeoutMs, (signal) =>
      audited(context, action, async () =>
        (await services.sessions.endNamed(name, signal)) ? 1 : 0,
      ),
    );
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    context.log('warn', `the former session was not ended: ${error.code}`);
  }
}
