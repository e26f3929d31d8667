import type { HttpResponseInit } from '@azure/functions';
import type { FinishedSignIn } from '../auth/finish-sign-in';
import { finishSignIn } from '../auth/finish-sign-in';
import type { Callback } from '../auth/parse-callback';
import { parseCallback } from '../auth/parse-callback';
import type { SignInAttempt } from '../auth/sign-in-attempt';
import { parseState } from '../auth/sign-in-attempt';
import { clearAttemptCookie, readAttemptCookie } from '../cookies/attempt-cookie';
import { signSessionCookie } from '../cookies/session-cookie';
import { AppError, SignInRefusedError } from '../errors';
import type { Exchange } from '../http/exchange';
import { logError } from '../http/log-error';
import { redirectTo } from '../http/responses';
import type { SessionTicket } from '../sessions/session';
import { sessionKeyOf } from '../sessions/session-key';
import { audited } from './audited';
import { beginSignIn } from './begin-sign-in';
import { findSession, findTicket } from './find-session';

/**
 * Uses the provider's answer: finds the attempt it belongs to, redeems the code and opens a new session.
 * The cookie of the attempt is cleared whatever becomes of it, so an answer works once.
 */
export async function completeSignIn(exchange: Exchange): Promise<HttpResponseInit> {
  const { requestCookies, services, now, signal } = exchange;
  const { settings } = services;
  const callback = parseCallback(exchange.query);
  const kept = await readAttemptCookie(requestCookies, callback.state, {
    keyRing: services.keyRing,
    place: settings,
    now,
    signal,
  });
  if (kept !== undefined) exchange.cookies.push(clearAttemptCookie(callback.state, settings));
  if (kept === undefined || 'expired' in kept) {
    return answerWithoutAttempt(exchange, callback, kept?.returnPath ?? '/');
  }
  const { attempt } = kept;
  let finished: FinishedSignIn;
  try {
    finished = await finishSignIn(services.auth, attempt, callback, { now, signal });
  } catch (error) {
    return answerUnfinished(exchange, attempt, error);
  }
  await openSession(exchange, finished, attempt.stepUp !== undefined);
  const { stepUp, returnPath } = attempt;
  const isOtherUser = stepUp !== undefined && stepUp.userKey !== finished.user.userKey;
  return redirectTo(settings.baseUrl + (isOtherUser ? '/' : returnPath));
}

/** What the provider says when it may show nothing and nobody is signed in (OpenID Connect Core section 3.1.2.6). */
const nobodyThere = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
];

async function answerUnfinished(
  exchange: Exchange,
  attempt: SignInAttempt,
  error: unknown,
): Promise<HttpResponseInit> {
  const { baseUrl } = exchange.services.settings;
  if (
    attempt.prompt === 'none' &&
    error instanceof SignInRefusedError &&
    nobodyThere.includes(error.refusal.error)
  ) {
    // The app asked whether someone is signed in, without showing anything: the answer is no.
    return redirectTo(baseUrl + attempt.returnPath);
  }
  const mayBeginAgain = parseState(attempt.state)?.round === 0;
  if (error instanceof AppError && error.code === 'ERR_SIGN_IN_EXPIRED' && mayBeginAgain) {
    // The answer was delivered twice, by an impatient click for instance. The provider still knows the person.
    logError(exchange, error);
    return beginSignIn(exchange, { round: 1, returnPath: attempt.returnPath });
  }
  throw error;
}

/** No dead ends: on to the app when signed in, one new try when the attempt got lost, an explanation at last. */
async function answerWithoutAttempt(
  exchange: Exchange,
  callback: Callback,
  returnPath: string,
): Promise<HttpResponseInit> {
  if ((await findSession(exchange)) !== undefined) {
    return redirectTo(`${exchange.services.settings.baseUrl}/`);
  }
  const round = parseState(callback.state)?.round;
  if (round === undefined || callback.kind === 'error') {
    throw new AppError('ERR_SIGN_IN_UNSOLICITED');
  }
  if (round > 0) throw new AppError('ERR_SIGN_IN_LOST');
  return beginSignIn(exchange, { round: 1, returnPath });
}

async function openSession(
  exchange: Exchange,
  { user, sid, loginHint, verifiedAt, tokenCache }: FinishedSignIn,
  isStepUp: boolean,
): Promise<void> {
  const { request, services, now, signal } = exchange;
  const former = await findTicket(exchange);
  const { ticket } = await services.sessions.open({
    user,
    sid,
    loginHint,
    verifiedAt,
    tokenCache,
    isStepUp,
    userAgent: request.headers.get('user-agent') ?? '',
    former,
    now,
    signal,
  });
  exchange.cookies.push(
    await signSessionCookie(ticket, {
      keyRing: services.keyRing,
      place: services.settings,
      signal,
    }),
  );
  exchange.log('info', `signed in ${user.userKey.slice(0, 8)}`);
  if (former !== undefined) await noteReplaced(exchange, user.userKey, former);
}

/** The former session of this browser has ended by now. */
async function noteReplaced(
  exchange: Exchange,
  by: string,
  { userKey, sessionId }: SessionTicket,
): Promise<void> {
  const action = { event: 'replace session', by, of: userKey } as const;
  await audited(exchange, { ...action, session: sessionKeyOf(sessionId) }, () =>
    Promise.resolve(1),
  );
}
