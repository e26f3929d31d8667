import { readSessionCookie, signSessionCookie } from '../cookies';
import { AppError } from '../errors';
import type { RequestContext } from '../http/context';
import { decideSignIn, type SignInContext } from '../http/hooks';
import {
  type Session,
  type SessionData,
  sessionKeyOf,
  type SessionTicket,
  type User,
} from '../sessions/session';
import type { Settings } from '../settings';
import { holdTokens } from '../tokens/access-token';
import { withTimeout } from '../waiting';
import type { OpenedAttempt } from './attempt';
import { audited } from './ending';
import { apiCaller, findSession, findTicket } from './guards';

/** A sign-in that the provider has confirmed. */
interface ConfirmedSignIn {
  readonly user: User;
  /** All claims of the ID token. */
  readonly claims: SignInContext['claims'];
  /** MSAL's serialized token cache, with the tokens of this user. Secret. */
  readonly tokenCache: string;
}

/** What the new session keeps of a person who may sign in. */
interface Admission {
  /** With all roles. */
  readonly user: User;
  readonly addedRoles: readonly string[];
  readonly data: SessionData;
  readonly tokenCache: string;
}

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
 * Adds the roles of the person's groups, then asks the app's own code, if there is any, whether this person may sign in. Nothing is
 * written.
 * @param stepUpOf user key of the person who needed a step-up
 * @throws as `RolesOf` and `decideSignIn`; ERR_STORAGE_UNAVAILABLE and ERR_KEYS_UNAVAILABLE at a step-up, whose former session is read
 */
export async function admit(
  context: RequestContext,
  confirmed: ConfirmedSignIn,
  stepUpOf: string | undefined,
): Promise<Admission> {
  // The log names the person too when the sign-in fails from here on.
  context.visitor.userKey = confirmed.user.userKey;
  const { rolesOf, relyingParty, hooks } = context.services;
  const { now, signal } = context;
  const found =
    rolesOf === undefined
      ? { ...confirmed, roles: confirmed.user.roles }
      : await rolesOf(confirmed, now, signal);
  const user = { ...confirmed.user, roles: found.roles };
  const session = stepUpOf === user.userKey ? await formerSession(context, user) : undefined;
  // The app's code may check less at a step-up, because it let the person in before.
  const isStepUp = session !== undefined;
  const former = session?.data ?? {};
  const { tokenCache } = found;
  if (hooks.onSignIn === undefined) return { user, addedRoles: [], data: former, tokenCache };
  const tokens = holdTokens(relyingParty, { user, tokenCache, now, signal });
  const api = apiCaller(context, tokens.userToken, user.tenantId);
  const signIn = { user, claims: confirmed.claims, isStepUp, data: former, ...api };
  const decided = await decideSignIn(hooks.onSignIn, signIn, signal);
  const roles = [...new Set([...user.roles, ...decided.roles])];
  return {
    user: { ...user, roles },
    addedRoles: decided.roles,
    data: decided.data ?? former,
    tokenCache: tokens.latest(),
  };
}

/** A step-up opens a new session, but for the person it is the same one. Another person gets nothing of it. */
async function formerSession(
  context: RequestContext,
  { userKey }: User,
): Promise<Session | undefined> {
  const ticket = await findTicket(context);
  if (ticket?.userKey !== userKey) return undefined;
  return (await findSession(context))?.session;
}

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
  const site = settings;
  const former = await readSessionCookie(context.requestCookies, { keyRing, site, now, signal });
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
  context.cookies.push(await signSessionCookie(ticket, { keyRing, site, isPersistent, signal }));
  const session = sessionKeyOf(ticket.sessionId);
  context.tell({ event: 'sign-in', outcome: 'done', by: user.userKey, session });
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
  const action = { why: 'end sessions over the limit', by: userKey, of: userKey } as const;
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
  const action = { why: 'replace session', by, of: userKey, session: name.sessionKey } as const;
  try {
    await withTimeout(context.signal, formerTimeoutMs, (signal) =>
      audited(context, action, async () =>
        (await services.sessions.endNamed(name, signal)) ? 1 : 0,
      ),
    );
  } catch (error) {
    // The event says so.
    if (!(error instanceof AppError)) throw error;
  }
}
