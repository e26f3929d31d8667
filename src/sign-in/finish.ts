import type { HttpResponseInit } from '@azure/functions';
import { signSessionCookie } from '../cookies/session-cookie';
import { readRests, readSignInCookie } from '../cookies/sign-in-cookie';
import { AppError, SignInRefusedError, StepUpError } from '../errors';
import { logError } from '../http/error-log';
import type { Exchange } from '../http/request';
import { redirectTo } from '../http/responses';
import { sessionKeyOf, type SessionTicket } from '../sessions/session';
import { withPatience } from '../waiting';
import {
  attemptSecrets,
  isAttemptLive,
  isBegunBy,
  openAttempt,
  type OpenedAttempt,
} from './attempt';
import { audited } from './ending';
import { type FinishedSignIn, finishSignIn, type ProviderAnswer } from './redeem';
import { findSession, findTicket } from './request-session';
import { beginSignIn, type SignInWishes } from './start';

/**
 * The attempt that an answer belongs to, whichever browser began it; `undefined` when its `state` is none of ours. From
 * here on every page that ends this sign-in leads back to the wanted one.
 * @throws ERR_KEYS_UNAVAILABLE
 */
export async function findAttempt(exchange: Exchange): Promise<OpenedAttempt | undefined> {
  const { requestCookies, services, query, now, signal } = exchange;
  const state = query.get('state');
  if (state === null) return undefined;
  const rests = readRests(requestCookies, services.settings);
  const attempt = await openAttempt(state, rests, { keyRing: services.keyRing, now, signal });
  exchange.visitor.returnPath = attempt?.returnPath;
  return attempt;
}

/**
 * Uses the provider's answer: redeems the code of an attempt that this browser began, and opens a new session.
 * Where an answer cannot be used, a person who is signed in goes to the wanted page. Otherwise the sign-in begins again by
 * itself. When that does not help, the page of the error leads back to the wanted page.
 */
export async function completeSignIn(
  exchange: Exchange,
  answer: ProviderAnswer,
  attempt: OpenedAttempt | undefined,
): Promise<HttpResponseInit> {
  const { requestCookies, services, query, now, signal } = exchange;
  if (attempt === undefined) {
    throw new AppError('ERR_SIGN_IN_UNSOLICITED', { note: 'state is missing or none of ours' });
  }
  const browserSecret = readSignInCookie(requestCookies, services.settings);
  const state = query.get('state') ?? '';
  if (browserSecret === undefined || !isBegunBy(attempt, browserSecret)) {
    return answerElsewhere(exchange, answer, attempt, browserSecret !== undefined);
  }
  const isUsable = isAttemptLive(attempt, now) && !attempt.lacksAsked;
  if (answer.kind === 'code' && !isUsable) return answerLate(exchange, attempt);
  const { keyRing } = services;
  const secrets = await attemptSecrets(state, browserSecret, { keyRing, signal });
  let finished: FinishedSignIn;
  try {
    const own = { ...attempt, ...secrets };
    finished = await finishSignIn(services.auth, own, answer, { now, signal });
  } catch (error) {
    return answerUnfinished(exchange, attempt, error);
  }
  try {
    await openSession(exchange, finished, attempt);
  } catch (error) {
    // The provider's session ended while ours was being opened: the wanted page asks for a sign-in, if it needs one.
    if (!(error instanceof AppError) || error.code !== 'ERR_SIGNED_OUT') throw error;
    logError(exchange, error);
    return goToPage(exchange, attempt);
  }
  const userKey = attempt.asked?.userKey;
  const isOtherUser = userKey !== undefined && userKey !== finished.user.userKey;
  return isOtherUser ? redirectTo(`${services.settings.baseUrl}/`) : goToPage(exchange, attempt);
}

/** An answer to an attempt of another browser, or of this one before its cookies were deleted. */
async function answerElsewhere(
  exchange: Exchange,
  answer: ProviderAnswer,
  attempt: OpenedAttempt,
  hasCookie: boolean,
): Promise<HttpResponseInit> {
  if (isNobodyThere(attempt, answer)) return goToPage(exchange, attempt);
  if (await isSignedIn(exchange)) return goToPage(exchange, attempt);
  // Another browser began it, so its error is not shown. A refused person is not sent to the provider again without a click.
  if (answer.kind === 'error') {
    throw new AppError('ERR_SIGN_IN_UNSOLICITED', { note: 'an error for another browser' });
  }
  // Neither can loop: a late answer comes from a bookmark of the provider's page, and a browser that sent a cookie keeps
  // cookies. Tabs that begin at the same moment each get a cookie, and only one cookie stays.
  const isLate = !isAttemptLive(attempt, exchange.now);
  if (attempt.round === 0 || isLate) return beginAgain(exchange, attempt, 1);
  if (hasCookie && attempt.round === 1) return beginAgain(exchange, attempt, 2);
  throw new AppError('ERR_SIGN_IN_LOST');
}

/** This browser's own attempt: its answer came too late, or the cookie with what it asked for is gone. */
async function answerLate(exchange: Exchange, attempt: OpenedAttempt): Promise<HttpResponseInit> {
  if (await isSignedIn(exchange)) return goToPage(exchange, attempt);
  // A late answer cannot loop: each round takes ten minutes.
  const isLate = !isAttemptLive(attempt, exchange.now);
  if (attempt.round === 0 || isLate) return beginAgain(exchange, attempt, 1);
  throw new AppError('ERR_SIGN_IN_LOST');
}

async function answerUnfinished(
  exchange: Exchange,
  attempt: OpenedAttempt,
  error: unknown,
): Promise<HttpResponseInit> {
  if (error instanceof SignInRefusedError && isNobodyThere(attempt, error)) {
    return goToPage(exchange, attempt);
  }
  if (error instanceof AppError && error.code === 'ERR_SIGN_IN_EXPIRED') {
    // The answer was delivered twice, by an impatient click or the back button for instance. Mostly the first one
    // has signed the person in. Else the provider still knows the person.
    if (await isSignedIn(exchange)) return goToPage(exchange, attempt);
    if (attempt.round === 0) {
      logError(exchange, error);
      return beginAgain(exchange, attempt, 1);
    }
  }
  if (error instanceof StepUpError) {
    // It asked to show nothing.
    if (attempt.prompt === 'none') return goToPage(exchange, attempt);
    // Once more with what the provider asks for; when that does not help, its cause is what the person must know.
    if (attempt.round > 0) throw error.cause instanceof AppError ? error.cause : error;
    logError(exchange, error);
    const { scopes, claims } = error.stepUp;
    const { userKey, names } = attempt.asked ?? {};
    const asked = { scopes, claims, userKey, names };
    return beginAgain(exchange, attempt, 1, { asked });
  }
  throw error;
}

/** What the provider says when it may show nothing and nobody is signed in (OpenID Connect Core section 3.1.2.6). */
const nobodyThere = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
];

/** The app asked whether someone is signed in, without showing anything: the answer is no. */
function isNobodyThere(
  { prompt }: OpenedAttempt,
  answer: ProviderAnswer | SignInRefusedError,
): boolean {
  return prompt === 'none' && 'refusal' in answer && nobodyThere.includes(answer.refusal.error);
}

function beginAgain(
  exchange: Exchange,
  { returnPath, isPart }: OpenedAttempt,
  round: 1 | 2,
  more: Pick<SignInWishes, 'asked'> = {},
): Promise<HttpResponseInit> {
  return beginSignIn(exchange, { round, returnPath, isPart, ...more });
}

function goToPage(exchange: Exchange, { returnPath, isPart }: OpenedAttempt): HttpResponseInit {
  // Another page without an explanation would look like a fault.
  if (isPart === true) throw new AppError('ERR_PAGE_LOST');
  return redirectTo(exchange.services.settings.baseUrl + returnPath);
}

async function isSignedIn(exchange: Exchange): Promise<boolean> {
  return (await findSession(exchange)) !== undefined;
}

async function openSession(
  exchange: Exchange,
  { user, sid, loginHint, verifiedAt, tokenCache }: FinishedSignIn,
  attempt: OpenedAttempt,
): Promise<void> {
  const { request, services, now, signal } = exchange;
  const { keyRing, settings, sessions } = services;
  const former = await findTicket(exchange);
  const { ticket } = await sessions.open({
    user,
    sid,
    loginHint,
    verifiedAt,
    tokenCache,
    isStepUp: attempt.asked?.userKey !== undefined,
    stepUps: attempt.asked?.names,
    userAgent: request.headers.get('user-agent') ?? '',
    now,
    signal,
  });
  exchange.cookies.push(await signSessionCookie(ticket, { keyRing, place: settings, signal }));
  exchange.log('info', `signed in ${user.userKey.slice(0, 8)}`);
  if (former !== undefined) await endFormer(exchange, former, user.userKey);
}

/** The person is signed in by then, and must not wait for a former session. */
const formerPatienceMs = 2_000;

/** The session that this browser had. Nobody has its cookie any more, so after a failure it ends by its idle limit. */
async function endFormer(
  exchange: Exchange,
  { userKey, sessionId }: SessionTicket,
  by: string,
): Promise<void> {
  const { services } = exchange;
  const name = { userKey, sessionKey: sessionKeyOf(sessionId) };
  const action = { event: 'replace session', by, of: userKey, session: name.sessionKey } as const;
  try {
    await withPatience(exchange.signal, formerPatienceMs, (signal) =>
      audited(exchange, action, async () =>
        (await services.sessions.endNamed(name, signal)) ? 1 : 0,
      ),
    );
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    exchange.log('warn', `the former session was not ended: ${error.code}`);
  }
}
