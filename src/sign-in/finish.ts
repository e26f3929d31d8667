import type { HttpResponseInit } from '@azure/functions';
import { readSignInCookie } from '../cookies';
import { idTokenDemands, type SignInDemands } from '../entra/claims-challenge';
import { verifyIdToken } from '../entra/id-token';
import { createMsalClient, type RelyingParty } from '../entra/msal';
import { keepAcquired, scopesOfSignIn } from '../entra/msal-cache';
import { redemptionError, redirectError } from '../entra/refusal-errors';
import { couldIssue } from '../entra/tenants';
import {
  AppError,
  type ProviderRefusal,
  SignInRefusedError,
  SessionOverError,
  StepUpError,
  StepUpUnmetError,
} from '../errors';
import type { RequestContext } from '../http/context';
import { logError } from '../http/error-log';
import { redirectTo } from '../http/responses';
import {
  type AskedMore,
  attemptSecrets,
  type AttemptSecrets,
  isAttemptLive,
  isBegunBy,
  type OpenedAttempt,
  type Retries,
  type SignInAttempt,
} from './attempt';
import { findSession } from './guards';
import { admit, type AdmittedSignIn, type FinishedSignIn, openSession } from './open-session';
import { beginSignIn, type SignInOptions } from './start';

/** The provider's answer to an authorization request. RFC 6749 section 4.1.2, RFC 9207 section 2. */
export type ProviderAnswer = {
  readonly state: string | undefined;
  /** The provider's `iss`, when the answer has it. */
  readonly issuer: string | undefined;
} & (
  | { readonly kind: 'code'; readonly code: string }
  | { readonly kind: 'error'; readonly refusal: ProviderRefusal }
);

/**
 * Ends a sign-in with the provider's answer: redeems the code, opens a new session and redirects to the wanted page.
 *
 * An answer that cannot be used is no dead end. A person who is signed in goes to the wanted page. For another person
 * the sign-in begins again without a click. When that does not help, the page of the error links to the wanted page.
 * @throws ERR_SIGN_IN_UNSOLICITED when this browser began no such attempt; ERR_SIGN_IN_LOST when a retry did not help;
 *   ERR_PAGE_LOST when the wanted page is lost; ERR_STORAGE_UNAVAILABLE, ERR_KEYS_UNAVAILABLE; and as {@link finishSignIn}
 *   and `admit`
 */
export async function completeSignIn(
  context: RequestContext,
  answer: ProviderAnswer,
  attempt: OpenedAttempt | undefined,
): Promise<HttpResponseInit> {
  const { requestCookies, services, query, now, signal } = context;
  if (attempt === undefined) {
    throw new AppError('ERR_SIGN_IN_UNSOLICITED', { note: 'state is missing or not ours' });
  }
  const browserSecret = readSignInCookie(requestCookies, services.settings);
  const state = query.get('state') ?? '';
  if (browserSecret === undefined || !isBegunBy(attempt, browserSecret)) {
    return answerOtherBrowser(context, answer, attempt, browserSecret !== undefined);
  }
  if (attempt.policy !== undefined) return answerPolicy(context, answer, attempt);
  const isUsable = isAttemptLive(attempt, now) && !attempt.isIncomplete;
  if (answer.kind === 'code' && !isUsable) return answerLate(context, attempt);
  const { keyRing } = services;
  const secrets = await attemptSecrets(state, browserSecret, { keyRing, signal });
  const stepUpOf = attempt.asked?.userKey;
  let finished: AdmittedSignIn;
  try {
    const own = { ...attempt, ...secrets };
    const deadline = { now, signal };
    const { claims, ...kept } = await finishSignIn(services.relyingParty, own, answer, deadline);
    finished = { ...kept, ...(await admit(context, { ...kept, claims }, stepUpOf)) };
  } catch (error) {
    return answerFailure(context, attempt, error);
  }
  try {
    await openSession(context, finished, attempt);
  } catch (error) {
    // The provider's session ended while we opened ours. The wanted page starts a sign-in, if it needs one.
    if (!(error instanceof SessionOverError)) throw error;
    logError(context, error);
    return goToPage(context, attempt);
  }
  const isOtherUser = stepUpOf !== undefined && stepUpOf !== finished.user.userKey;
  return isOtherUser ? redirectTo(`${services.settings.baseUrl}/`) : goToPage(context, attempt);
}

/** For an attempt that another browser began, or this one before its cookies were deleted. */
async function answerOtherBrowser(
  context: RequestContext,
  answer: ProviderAnswer,
  attempt: OpenedAttempt,
  hasCookie: boolean,
): Promise<HttpResponseInit> {
  if (isNobodyThere(attempt, answer)) return goToPage(context, attempt);
  if (await isSignedIn(context)) return goToPage(context, attempt);
  // The error belongs to another browser, so it is not shown. The person must click to go to the provider again.
  if (answer.kind === 'error') {
    throw new AppError('ERR_SIGN_IN_UNSOLICITED', { note: 'an error for another browser' });
  }
  // Neither retry can loop. A late answer comes from a bookmark of the provider's page. A browser that sent a cookie keeps
  // cookies: it may need a second retry, because of several tabs that start together only the last one's cookie stays.
  const isLate = !isAttemptLive(attempt, context.now);
  if (attempt.retries === 0 || isLate) return beginAgain(context, attempt, 1);
  if (hasCookie && attempt.retries === 1) return beginAgain(context, attempt, 2);
  throw new AppError('ERR_SIGN_IN_LOST');
}

/** Azure AD B2C: the person cancelled a user flow. */
const cancelled = 'AADB2C90091';
/** Azure AD B2C: the person followed "Forgot your password?" in a user flow that cannot reset passwords. */
const forgotPassword = 'AADB2C90118';

/**
 * For the end of a user flow that changed an account. Its code is not redeemed. A sign-in follows instead, at which the
 * provider usually asks nothing: its tokens have what was changed, and it is the same as every other sign-in.
 */
async function answerPolicy(
  context: RequestContext,
  answer: ProviderAnswer,
  attempt: OpenedAttempt,
): Promise<HttpResponseInit> {
  if (answer.kind === 'error') {
    if (answer.refusal.number !== cancelled) throw redirectError(answer.refusal);
    if (await isSignedIn(context)) return goToPage(context, attempt);
  }
  return beginAgain(context, attempt, 0);
}

/** For an attempt of this browser whose answer came too late, or whose cookie with scopes and claims is gone. */
async function answerLate(
  context: RequestContext,
  attempt: OpenedAttempt,
): Promise<HttpResponseInit> {
  if (await isSignedIn(context)) return goToPage(context, attempt);
  // A late answer cannot loop: each retry takes ten minutes.
  const isLate = !isAttemptLive(attempt, context.now);
  if (attempt.retries === 0 || isLate) return beginAgain(context, attempt, 1);
  throw new AppError('ERR_SIGN_IN_LOST');
}

/** For an answer with which {@link finishSignIn} failed. */
async function answerFailure(
  context: RequestContext,
  attempt: OpenedAttempt,
  error: unknown,
): Promise<HttpResponseInit> {
  if (error instanceof SignInRefusedError && isNobodyThere(attempt, error)) {
    return goToPage(context, attempt);
  }
  if (error instanceof SignInRefusedError && error.refusal.number === forgotPassword) {
    const { policies } = context.services.settings;
    if (policies['reset-password'] === undefined) throw error;
    return beginAgain(context, attempt, 0, { policy: 'reset-password' });
  }
  if (error instanceof AppError && error.code === 'ERR_SIGN_IN_EXPIRED') {
    // The answer came twice, for example by a second click or the back button. Usually the first one has signed the person
    // in. Otherwise a new sign-in is quick, because the provider still knows the person.
    if (await isSignedIn(context)) return goToPage(context, attempt);
    if (attempt.retries === 0) {
      logError(context, error);
      return beginAgain(context, attempt, 1);
    }
  }
  if (error instanceof StepUpError) {
    // With `prompt=none` the provider must not ask the person for anything.
    if (attempt.prompt === 'none') return goToPage(context, attempt);
    // The retry asks for what the provider wants. When that does not help, the person must see the cause.
    if (attempt.retries > 0) throw error.cause instanceof AppError ? error.cause : error;
    logError(context, error);
    const { scopes, claims } = error.stepUp;
    const { userKey, names, maxAgeSeconds } = attempt.asked ?? {};
    const asked = { scopes, claims, maxAgeSeconds, userKey, names };
    return beginAgain(context, attempt, 1, { asked });
  }
  if (error instanceof StepUpUnmetError && error.claim === 'auth_time' && attempt.retries === 0) {
    // Providers that ignore `max_age` still know `prompt=login`.
    logError(context, error);
    return beginAgain(context, attempt, 1, { asked: attempt.asked, prompt: 'login' });
  }
  throw error;
}

/** The provider's errors after `prompt=none` when it would have to ask the person (OpenID Connect Core 1.0 section 3.1.2.6). */
const nobodyThere = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
];

/** True when the app asked with `prompt=none` whether somebody is signed in, and the answer is no. */
function isNobodyThere(
  { prompt }: OpenedAttempt,
  answer: ProviderAnswer | SignInRefusedError,
): boolean {
  return prompt === 'none' && 'refusal' in answer && nobodyThere.includes(answer.refusal.error);
}

function beginAgain(
  context: RequestContext,
  { returnPath, isPartial, keep }: OpenedAttempt,
  retries: Retries,
  more: Pick<SignInOptions, 'asked' | 'prompt' | 'policy'> = {},
): Promise<HttpResponseInit> {
  return beginSignIn(context, { retries, returnPath, isPartial, keep, ...more });
}

function goToPage(
  context: RequestContext,
  { returnPath, isPartial }: OpenedAttempt,
): HttpResponseInit {
  // Without an explanation, another page than the wanted one would look like a fault.
  if (isPartial === true) throw new AppError('ERR_PAGE_LOST');
  return redirectTo(context.services.settings.baseUrl + returnPath);
}

async function isSignedIn(context: RequestContext): Promise<boolean> {
  return (await findSession(context)) !== undefined;
}

/** An attempt that this browser began, and its secrets. */
export type OwnAttempt = Pick<SignInAttempt, 'startedAt' | 'asked'> & AttemptSecrets;

/**
 * Redeems the code and verifies the ID token. The caller checks that this browser began the attempt, and that the user of
 * a step-up is the right one.
 * @throws ERR_OTHER_ISSUER, ERR_SIGN_IN_EXPIRED, ERR_WRONG_TENANT, ERR_STEP_UP_UNMET, and as {@link redirectError} and {@link redemptionError}
 */
export async function finishSignIn(
  relyingParty: RelyingParty,
  attempt: OwnAttempt,
  answer: ProviderAnswer,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<FinishedSignIn> {
  await checkIssuer(relyingParty, answer, signal);
  // A late refusal is shown too. A new sign-in would only show the same page of the provider again.
  if (answer.kind === 'error') throw redirectError(answer.refusal);
  if (!isAttemptLive(attempt, now)) {
    throw new AppError('ERR_SIGN_IN_EXPIRED', { note: 'the attempt is too old' });
  }
  const { idToken, tokenCache } = await redeem(relyingParty, attempt, answer.code, { now, signal });
  const demands = attempt.asked && demandsOf(attempt.asked);
  const { nonce } = attempt;
  const verified = await verifyIdToken(relyingParty, idToken, { nonce, demands, now, signal });
  const { user, claims, sid, loginHint, acrs, authTime } = verified;
  // Where several tenants can sign in, only the token says which of them answered.
  if (answer.issuer !== undefined && answer.issuer !== user.issuer) throw otherIssuer();
  return { user, claims, sid, loginHint, acrs, authTime, verifiedAt: now, tokenCache };
}

/** What the ID token must show, because the authorization request asked for it. */
function demandsOf({ claims, maxAgeSeconds }: AskedMore): SignInDemands {
  return {
    ...(claims === undefined ? {} : idTokenDemands(claims)),
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
  };
}

/** Refuses the answer of another provider, which may lack `iss` (RFC 9207 section 2.4). */
async function checkIssuer(
  { provider }: RelyingParty,
  { issuer }: ProviderAnswer,
  signal: AbortSignal,
): Promise<void> {
  const { issuer: stated, sendsIssuer } = await provider.metadata(signal);
  if (issuer !== undefined && !couldIssue(stated, issuer)) throw otherIssuer();
  if (issuer === undefined && sendsIssuer) {
    throw new AppError('ERR_OTHER_ISSUER', { note: 'the answer lacks iss' });
  }
}

function otherIssuer(): AppError {
  return new AppError('ERR_OTHER_ISSUER', { note: 'the answer has another iss' });
}

async function redeem(
  relyingParty: RelyingParty,
  { asked, nonce, codeVerifier }: OwnAttempt,
  code: string,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<{ idToken: string; tokenCache: string }> {
  const { msal, answer } = await createMsalClient(relyingParty, signal);
  // A token is for one resource, even when the person consented to more. A refresh gets tokens for the others.
  const scopes = scopesOfSignIn(relyingParty.settings.graphScopes, asked?.scopes);
  try {
    const { idToken } = await msal.acquireTokenByCode({
      code,
      codeVerifier,
      redirectUri: relyingParty.redirectUri,
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
