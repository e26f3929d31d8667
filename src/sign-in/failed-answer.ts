import type { HttpResponseInit } from '@azure/functions';
import { redirectError } from '../entra/refusal-errors';
import { AppError, SignInRefusedError, StepUpError, StepUpUnmetError } from '../errors';
import type { RequestContext } from '../http/context';
import { logError } from '../http/error-log';
import {
  goToPage,
  isAttemptLive,
  type OpenedAttempt,
  type ProviderAnswer,
  type Retries,
} from './attempt';
import { findSession } from './guards';
import { beginSignIn, type SignInOptions } from './start';

// Answers of the provider that sign nobody in. None is a dead end, see `completeSignIn`.

/** For an attempt that another browser began, or this one before its cookies were deleted. */
export async function answerOtherBrowser(
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
export async function answerPolicy(
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
export async function answerLate(
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
export async function answerFailure(
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

async function isSignedIn(context: RequestContext): Promise<boolean> {
  return (await findSession(context)) !== undefined;
}
