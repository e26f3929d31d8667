import { createHash } from 'node:crypto';
import type { HttpResponseInit } from '@azure/functions';
import { keepSignInCookie, overflowCookie } from '../cookies';
import { createMsalClient, type RelyingParty, type RelyingPartySettings } from '../entra/msal';
import { redirectError } from '../entra/refusals';
import { scopesToConsent } from '../entra/msal-cache';
import { endpointOfPolicy } from '../entra/tenants';
import { AppError, SignInRefusedError, StepUpError, StepUpUnmetError } from '../errors';
import type { RequestContext } from '../http/context';
import { logError } from '../http/error-log';
import { redirectTo } from '../http/responses';
import type { KeyRing } from '../keys/encryption';
import type { Policies } from '../settings';
import {
  type AskedMore,
  attemptSecrets,
  createAttempt,
  goToPage,
  isAttemptLive,
  type OpenedAttempt,
  type ProviderAnswer,
  type Retries,
  sealAttempt,
  type SignInAttempt,
} from './attempt';
import { findSession } from './guards';

/**
 * Begins a sign-in: ties it to this browser by a cookie, and redirects the browser to the provider.
 * @throws as {@link startSignIn}
 */
export async function beginSignIn(
  context: RequestContext,
  options: SignInOptions,
): Promise<HttpResponseInit> {
  const { requestCookies, services, now, signal } = context;
  const { keyRing, settings } = services;
  // The page of any error below leads back to the wanted page.
  context.visitor.returnPath = options.returnPath;
  const { value: browserSecret, cookie } = keepSignInCookie(requestCookies, settings);
  const { authorizationUrl, overflow } = await startSignIn(services.relyingParty, options, {
    browserSecret,
    keyRing,
    now,
    signal,
  });
  // A cookie that is too large for browsers is left out. `state` still has the path of the page, and the person is told.
  const more =
    overflow === undefined ? undefined : overflowCookie(requestCookies, overflow, settings);
  context.cookies.push(cookie, ...(more === undefined ? [] : [more]));
  return redirectTo(authorizationUrl);
}

/**
 * The values of `prompt` that `/auth/login` accepts. OpenID Connect Core 1.0 section 3.1.2.1. `create` leads to the sign-up of
 * External ID; Azure AD B2C refuses it.
 * @see https://openid.net/specs/openid-connect-prompt-create-1_0.html
 * @see https://learn.microsoft.com/entra/identity-platform/msal-js-prompt-behavior#supported-prompt-values
 */
export const prompts = ['login', 'select_account', 'consent', 'create', 'none'] as const;
type Prompt = (typeof prompts)[number];

/** How a sign-in begins, and where it leads. */
export interface SignInOptions {
  /** A local path. The caller has checked it. */
  readonly returnPath: string;
  /** True when `returnPath` is only a part of the wanted page. */
  readonly isPartial?: boolean | undefined;
  readonly retries: Retries;
  readonly loginHint?: string | undefined;
  readonly domainHint?: string | undefined;
  readonly prompt?: Prompt | undefined;
  /** True when the person wants to stay signed in after the browser was closed. */
  readonly keep?: true | undefined;
  /** A user flow of Azure AD B2C that changes an account. The settings must have it. */
  readonly policy?: keyof Policies | undefined;
  /** What an API or the provider asks for. It never comes from a link that anybody could write. */
  readonly asked?: AskedMore | undefined;
}

/** An authorization request, ready to send. */
export interface StartedSignIn {
  /** The URL of the authorization request, to which the browser is redirected. */
  readonly authorizationUrl: string;
  /** What did not fit into `state`, encrypted. A cookie of this browser must keep it. */
  readonly overflow: string | undefined;
}

interface StartOptions {
  /** The value of the browser's sign-in cookie. */
  readonly browserSecret: string;
  readonly keyRing: KeyRing;
  readonly now: number;
  readonly signal: AbortSignal;
}

/** The limits of IIS for a query and for a URL, in characters. Some plans of Azure have them, and some providers too. */
const maxQueryLength = 4095;
const maxUrlLength = 8191;

/**
 * Makes the authorization request of a new sign-in. Nothing is stored: `state` holds the attempt.
 * @throws ERR_BAD_REQUEST for a hint that no provider accepts, a policy that the settings lack, and for a request that is too long for a URL;
 *   ERR_PROVIDER_UNAVAILABLE, ERR_PROVIDER_MISMATCH, ERR_KEYS_UNAVAILABLE
 * @see OpenID Connect Core 1.0 section 3.1.2.1
 */
export async function startSignIn(
  relyingParty: RelyingParty,
  options: SignInOptions,
  browser: StartOptions,
): Promise<StartedSignIn> {
  requireHint('login_hint', options.loginHint, /^[^\p{Cc}\p{Cs}]{1,512}$/u);
  requireHint('domain_hint', options.domainHint, /^[A-Za-z0-9.-]{1,253}$/);
  const attempt = createAttempt(options, browser.browserSecret, browser.now);
  const started = await startWith(relyingParty, { attempt, options, isShort: false }, browser);
  if (fits(started)) return started;
  // The URL itself has the claims and scopes. When they are long, `state` must be shorter.
  const shorter = await startWith(relyingParty, { attempt, options, isShort: true }, browser);
  if (shorter.authorizationUrl.length > maxUrlLength) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'the authorization request would be too long' });
  }
  return shorter;
}

interface Start {
  readonly attempt: SignInAttempt;
  readonly options: SignInOptions;
  readonly isShort: boolean;
}

async function startWith(
  relyingParty: RelyingParty,
  { attempt, options, isShort }: Start,
  { browserSecret, keyRing, signal }: StartOptions,
): Promise<StartedSignIn> {
  const { state, overflow } = await sealAttempt(attempt, { keyRing, signal, isShort });
  const { nonce, codeVerifier } = await attemptSecrets(state, browserSecret, { keyRing, signal });
  const { msal } = await createMsalClient(relyingParty, signal);
  const { prompt, loginHint, domainHint, asked } = options;
  const { settings, consentScopes = [] } = relyingParty;
  const authorizationUrl = await msal.getAuthCodeUrl({
    redirectUri: relyingParty.redirectUri,
    // MSAL adds openid, profile and offline_access.
    scopes: [...scopesToConsent(settings.graphScopes, consentScopes, asked?.scopes ?? [])],
    responseMode: 'query',
    state,
    nonce,
    codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    codeChallengeMethod: 'S256',
    ...(prompt === undefined ? {} : { prompt }),
    // Entra ID rejects a `login_hint` together with `prompt=select_account`.
    // https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc#send-the-sign-in-request
    ...(loginHint === undefined || prompt === 'select_account' ? {} : { loginHint }),
    ...(domainHint === undefined ? {} : { domainHint }),
    ...(asked?.claims === undefined ? {} : { claims: asked.claims }),
    // MSAL has no option for it, and leaves the check of `auth_time` to us.
    ...(asked?.maxAgeSeconds === undefined
      ? {}
      : { extraQueryParameters: { max_age: String(asked.maxAgeSeconds) } }),
  });
  return { authorizationUrl: atPolicy(authorizationUrl, options, settings), overflow };
}

function atPolicy(
  authorizationUrl: string,
  { policy }: SignInOptions,
  { authority, policies }: Pick<RelyingPartySettings, 'authority' | 'policies'>,
): string {
  if (policy === undefined) return authorizationUrl;
  const name = policies[policy];
  if (name === undefined) {
    throw new AppError('ERR_BAD_REQUEST', { note: `the settings have no policy for ${policy}` });
  }
  return endpointOfPolicy(authorizationUrl, authority, name);
}

function fits({ authorizationUrl }: StartedSignIn): boolean {
  return new URL(authorizationUrl).search.length <= maxQueryLength;
}

function requireHint(name: string, value: string | undefined, pattern: RegExp): void {
  if (value !== undefined && !pattern.test(value)) {
    throw new AppError('ERR_BAD_REQUEST', { note: `${name} is malformed or too long` });
  }
}

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
