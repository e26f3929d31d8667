import type { HttpResponseInit } from '@azure/functions';
import { readOverflows, readSignInCookie } from '../cookies/cookie';
import { signSessionCookie } from '../cookies/session-cookie';
import { idTokenDemands } from '../entra/claims-challenge';
import { verifyIdToken } from '../entra/id-token';
import { createMsalClient, type RelyingParty } from '../entra/msal';
import { keepAcquired, scopesOfSignIn } from '../entra/msal-cache';
import { redemptionError, redirectError } from '../entra/refusal-errors';
import { readRedirectRefusal } from '../entra/refusals';
import { AppError, type ProviderRefusal, SignInRefusedError, StepUpError } from '../errors';
import type { RequestContext } from '../http/context';
import { logError } from '../http/error-log';
import { redirectTo } from '../http/responses';
import { keyForLogs, sessionKeyOf, type SessionTicket, type User } from '../sessions/session';
import { withTimeout } from '../waiting';
import {
  attemptSecrets,
  type AttemptSecrets,
  isAttemptLive,
  isBegunBy,
  openAttempt,
  type OpenedAttempt,
  type SignInAttempt,
} from './attempt';
import { audited } from './ending';
import { findSession, findTicket } from './guards';
import { beginSignIn, type SignInOptions } from './start';

/**
 * The attempt that an answer belongs to, whichever browser began it; `undefined` when its `state` is none of ours. From
 * here on every page that ends this sign-in leads back to the wanted one.
 * @throws ERR_KEYS_UNAVAILABLE
 */
export async function findAttempt(context: RequestContext): Promise<OpenedAttempt | undefined> {
  const { requestCookies, services, query, now, signal } = context;
  const state = query.get('state');
  if (state === null) return undefined;
  const overflows = readOverflows(requestCookies, services.settings);
  const attempt = await openAttempt(state, overflows, { keyRing: services.keyRing, now, signal });
  context.visitor.returnPath = attempt?.returnPath;
  return attempt;
}

/**
 * Uses the provider's answer: redeems the code of an attempt that this browser began, and opens a new session.
 * Where an answer cannot be used, a person who is signed in goes to the wanted page. Otherwise the sign-in begins again by
 * itself. When that does not help, the page of the error leads back to the wanted page.
 */
export async function completeSignIn(
  context: RequestContext,
  answer: ProviderAnswer,
  attempt: OpenedAttempt | undefined,
): Promise<HttpResponseInit> {
  const { requestCookies, services, query, now, signal } = context;
  if (attempt === undefined) {
    throw new AppError('ERR_SIGN_IN_UNSOLICITED', { note: 'state is missing or none of ours' });
  }
  const browserSecret = readSignInCookie(requestCookies, services.settings);
  const state = query.get('state') ?? '';
  if (browserSecret === undefined || !isBegunBy(attempt, browserSecret)) {
    return answerElsewhere(context, answer, attempt, browserSecret !== undefined);
  }
  const isUsable = isAttemptLive(attempt, now) && !attempt.isIncomplete;
  if (answer.kind === 'code' && !isUsable) return answerLate(context, attempt);
  const { keyRing } = services;
  const secrets = await attemptSecrets(state, browserSecret, { keyRing, signal });
  let finished: FinishedSignIn;
  try {
    const own = { ...attempt, ...secrets };
    finished = await finishSignIn(services.relyingParty, own, answer, { now, signal });
  } catch (error) {
    return answerUnfinished(context, attempt, error);
  }
  try {
    await openSession(context, finished, attempt);
  } catch (error) {
    // The provider's session ended while ours was being opened: the wanted page asks for a sign-in, if it needs one.
    if (!(error instanceof AppError) || error.code !== 'ERR_SIGNED_OUT') throw error;
    logError(context, error);
    return goToPage(context, attempt);
  }
  const userKey = attempt.asked?.userKey;
  const isOtherUser = userKey !== undefined && userKey !== finished.user.userKey;
  return isOtherUser ? redirectTo(`${services.settings.baseUrl}/`) : goToPage(context, attempt);
}

/** An answer to an attempt of another browser, or of this one before its cookies were deleted. */
async function answerElsewhere(
  context: RequestContext,
  answer: ProviderAnswer,
  attempt: OpenedAttempt,
  hasCookie: boolean,
): Promise<HttpResponseInit> {
  if (isNobodyThere(attempt, answer)) return goToPage(context, attempt);
  if (await isSignedIn(context)) return goToPage(context, attempt);
  // Another browser began it, so its error is not shown. A refused person is not sent to the provider again without a click.
  if (answer.kind === 'error') {
    throw new AppError('ERR_SIGN_IN_UNSOLICITED', { note: 'an error for another browser' });
  }
  // Neither can loop: a late answer comes from a bookmark of the provider's page, and a browser that sent a cookie keeps
  // cookies. Tabs that begin at the same moment each get a cookie, and only one cookie stays.
  const isLate = !isAttemptLive(attempt, context.now);
  if (attempt.retries === 0 || isLate) return beginAgain(context, attempt, 1);
  if (hasCookie && attempt.retries === 1) return beginAgain(context, attempt, 2);
  throw new AppError('ERR_SIGN_IN_LOST');
}

/** This browser's own attempt: its answer came too late, or the cookie with what it asked for is gone. */
async function answerLate(
  context: RequestContext,
  attempt: OpenedAttempt,
): Promise<HttpResponseInit> {
  if (await isSignedIn(context)) return goToPage(context, attempt);
  // A late answer cannot loop: each round takes ten minutes.
  const isLate = !isAttemptLive(attempt, context.now);
  if (attempt.retries === 0 || isLate) return beginAgain(context, attempt, 1);
  throw new AppError('ERR_SIGN_IN_LOST');
}

async function answerUnfinished(
  context: RequestContext,
  attempt: OpenedAttempt,
  error: unknown,
): Promise<HttpResponseInit> {
  if (error instanceof SignInRefusedError && isNobodyThere(attempt, error)) {
    return goToPage(context, attempt);
  }
  if (error instanceof AppError && error.code === 'ERR_SIGN_IN_EXPIRED') {
    // The answer was delivered twice, by an impatient click or the back button for instance. Mostly the first one
    // has signed the person in. Else the provider still knows the person.
    if (await isSignedIn(context)) return goToPage(context, attempt);
    if (attempt.retries === 0) {
      logError(context, error);
      return beginAgain(context, attempt, 1);
    }
  }
  if (error instanceof StepUpError) {
    // It asked to show nothing.
    if (attempt.prompt === 'none') return goToPage(context, attempt);
    // Once more with what the provider asks for; when that does not help, its cause is what the person must know.
    if (attempt.retries > 0) throw error.cause instanceof AppError ? error.cause : error;
    logError(context, error);
    const { scopes, claims } = error.stepUp;
    const { userKey, names } = attempt.asked ?? {};
    const asked = { scopes, claims, userKey, names };
    return beginAgain(context, attempt, 1, { asked });
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
  context: RequestContext,
  { returnPath, isPartial }: OpenedAttempt,
  retries: 1 | 2,
  more: Pick<SignInOptions, 'asked'> = {},
): Promise<HttpResponseInit> {
  return beginSignIn(context, { retries, returnPath, isPartial, ...more });
}

function goToPage(
  context: RequestContext,
  { returnPath, isPartial }: OpenedAttempt,
): HttpResponseInit {
  // Another page without an explanation would look like a fault.
  if (isPartial === true) throw new AppError('ERR_PAGE_LOST');
  return redirectTo(context.services.settings.baseUrl + returnPath);
}

async function isSignedIn(context: RequestContext): Promise<boolean> {
  return (await findSession(context)) !== undefined;
}

async function openSession(
  context: RequestContext,
  { user, sid, loginHint, verifiedAt, tokenCache }: FinishedSignIn,
  attempt: OpenedAttempt,
): Promise<void> {
  const { request, services, now, signal } = context;
  const { keyRing, settings, sessions } = services;
  const former = await findTicket(context);
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
  context.cookies.push(await signSessionCookie(ticket, { keyRing, site: settings, signal }));
  context.log('info', `signed in ${keyForLogs(user.userKey)}`);
  if (former !== undefined) await endFormer(context, former, user.userKey);
}

/** The person is signed in by then, and must not wait for a former session. */
const formerTimeoutMs = 2_000;

/** The session that this browser had. Nobody has its cookie any more, so after a failure it ends by its idle limit. */
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

/** An attempt that this browser began. */
export type OwnAttempt = Pick<SignInAttempt, 'startedAt' | 'asked'> & AttemptSecrets;

/** A person the provider vouches for, and what to keep in the new session. */
export interface FinishedSignIn {
  readonly user: User;
  /** The provider's session id, for front-channel logout. */
  readonly sid: string | undefined;
  /** For signing out. */
  readonly loginHint: string | undefined;
  /** When the ID token was verified, epoch seconds. */
  readonly verifiedAt: number;
  /** MSAL's serialized cache, one user's tokens in it. Secret. */
  readonly tokenCache: string;
}

/**
 * Ends a sign-in: redeems the code and verifies the ID token. The caller checks that this browser began the
 * attempt, and that the user of a step-up is the one it was made for.
 * @throws ERR_OTHER_ISSUER, ERR_SIGN_IN_EXPIRED, ERR_WRONG_TENANT, and as {@link redirectError} and {@link redemptionError}
 */
export async function finishSignIn(
  parts: RelyingParty,
  attempt: OwnAttempt,
  answer: ProviderAnswer,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<FinishedSignIn> {
  await checkIssuer(parts, answer, signal);
  // A late refusal is shown too: the person must learn why, and not see the same page again.
  if (answer.kind === 'error') throw redirectError(answer.refusal);
  if (!isAttemptLive(attempt, now)) {
    throw new AppError('ERR_SIGN_IN_EXPIRED', { note: 'the attempt is too old' });
  }
  const { idToken, tokenCache } = await redeem(parts, attempt, answer.code, { now, signal });
  const { user, sid, loginHint } = await verifyIdToken(parts, idToken, {
    nonce: attempt.nonce,
    ...(attempt.asked?.claims === undefined
      ? {}
      : { demands: idTokenDemands(attempt.asked.claims) }),
    now,
    signal,
  });
  return { user, sid, loginHint, verifiedAt: now, tokenCache };
}

/** RFC 9207 section 2.4: an answer of another provider must not be used, and may lack `iss`. */
async function checkIssuer(
  { settings, provider }: RelyingParty,
  { issuer }: ProviderAnswer,
  signal: AbortSignal,
): Promise<void> {
  if (issuer === settings.issuer) return;
  if (issuer !== undefined) {
    throw new AppError('ERR_OTHER_ISSUER', { note: 'iss of the answer is another' });
  }
  const { sendsIssuer } = await provider.metadata(signal);
  if (sendsIssuer) throw new AppError('ERR_OTHER_ISSUER', { note: 'the answer lacks iss' });
}

async function redeem(
  parts: RelyingParty,
  { asked, nonce, codeVerifier }: OwnAttempt,
  code: string,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<{ idToken: string; tokenCache: string }> {
  const { msal, answer } = await createMsalClient(parts, signal);
  // A token is for one resource, whatever the person consented to. Tokens for other resources come by a refresh.
  const scopes = scopesOfSignIn(parts.settings.graphScopes, asked?.scopes);
  try {
    const { idToken } = await msal.acquireTokenByCode({
      code,
      codeVerifier,
      redirectUri: parts.redirectUri,
      scopes: [...scopes],
      nonce,
      ...(asked?.claims === undefined ? {} : { claims: asked.claims }),
    });
    const after = msal.getTokenCache().serialize();
    return { idToken, tokenCache: keepAcquired({ after, scopes, now }) };
  } catch (error) {
    throw redemptionError(error, answer(), asked?.scopes ?? []);
  }
}

/** The provider's answer to an authorization request. RFC 6749 section 4.1.2, RFC 9207 section 2. */
export type ProviderAnswer = {
  readonly state: string | undefined;
  /** Who says it answers. */
  readonly issuer: string | undefined;
} & (
  | { readonly kind: 'code'; readonly code: string }
  | { readonly kind: 'error'; readonly refusal: ProviderRefusal }
);

/** What may arrive at `/auth/redirect`. */
export type Callback =
  | ProviderAnswer
  /** Nothing at all: a bookmark, or a tile whose home page is the redirect URI. */
  | { readonly kind: 'bare' }
  /**
   * The answer to admin consent. This app never asks for it: an administrator follows a link of the provider. `refusal` when it was declined.
   * @see https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
   */
  | { readonly kind: 'admin-consent'; readonly refusal: ProviderRefusal | undefined };

const maxParameters = 30;
const maxLength = 8192;

/**
 * Reads the query of the redirect. Parameters nobody knows are ignored.
 * @throws ERR_BAD_REQUEST for a repeated or oversized parameter, and unless there is exactly one of `code` and `error`
 */
export function parseCallback(query: URLSearchParams): Callback {
  requireModest(query);
  if (isBare(query)) return { kind: 'bare' };
  const code = query.get('code');
  const error = query.get('error');
  if (code === null && query.get('admin_consent')?.toLowerCase() === 'true') {
    const refusal = readRedirectRefusal(query);
    if (error !== null && refusal === undefined) throw badRequest('error is malformed');
    return { kind: 'admin-consent', refusal };
  }
  if ((code === null) === (error === null)) throw badRequest('needs either code or error');
  const state = query.get('state') ?? undefined;
  const issuer = query.get('iss') ?? undefined;
  if (code !== null) {
    if (!/^[\x21-\x7E]+$/.test(code)) throw badRequest('code is malformed');
    return { kind: 'code', state, issuer, code };
  }
  const refusal = readRedirectRefusal(query);
  if (refusal === undefined) throw badRequest('error is malformed');
  return { kind: 'error', state, issuer, refusal };
}

/** Whether the address holds no answer; `hop` is our own parameter. */
export function isBare(query: URLSearchParams): boolean {
  return [...query.keys()].every((name) => name === 'hop');
}

/** A parameter sent twice is read differently by different readers, so it is not read at all. */
function requireModest(query: URLSearchParams): void {
  const names = [...query.keys()];
  if (names.length > maxParameters) throw badRequest('has too many parameters');
  if (new Set(names).size !== names.length) throw badRequest('repeats a parameter');
  for (const value of query.values()) {
    if (value.length > maxLength) throw badRequest('has an oversized parameter');
  }
}

function badRequest(note: string): AppError {
  return new AppError('ERR_BAD_REQUEST', { note: `the callback ${note}` });
}
