import { createHash } from 'node:crypto';
import type { HttpResponseInit } from '@azure/functions';
import { keepSignInCookie, overflowCookie } from '../cookies/cookie';
import { createMsalClient, type RelyingParty, type RelyingPartySettings } from '../entra/msal';
import { AppError } from '../errors';
import type { RequestContext } from '../http/context';
import { redirectTo } from '../http/responses';
import type { KeyRing } from '../keys/encryption';
import {
  type AskedMore,
  attemptSecrets,
  createAttempt,
  type Retries,
  sealAttempt,
  type SignInAttempt,
} from './attempt';

/** Begins a sign-in: ties it to this browser by its sign-in cookie and sends the browser to the provider. */
export async function beginSignIn(
  context: RequestContext,
  options: SignInOptions,
): Promise<HttpResponseInit> {
  const { requestCookies, services, now, signal } = context;
  const { keyRing, settings } = services;
  // Whatever fails from here on, its page leads back to the wanted one.
  context.visitor.returnPath = options.returnPath;
  const { value: browserSecret, cookie } = keepSignInCookie(requestCookies, settings);
  const { authorizationUrl, overflow } = await startSignIn(services.relyingParty, options, {
    browserSecret,
    keyRing,
    now,
    signal,
  });
  // A cookie that a browser would not keep is left out. The path of the page is known without it, and the person is told.
  const more =
    overflow === undefined ? undefined : overflowCookie(requestCookies, overflow, settings);
  context.cookies.push(cookie, ...(more === undefined ? [] : [more]));
  return redirectTo(authorizationUrl);
}

/** The values of `prompt` that `/auth/login` takes. OpenID Connect Core 1.0 section 3.1.2.1. */
export const prompts = ['login', 'select_account', 'consent', 'none'] as const;
type Prompt = (typeof prompts)[number];

export interface SignInOptions {
  /** A local path that was already checked. */
  readonly returnPath: string;
  /** It is only a part of the wanted page. */
  readonly isPartial?: boolean | undefined;
  readonly retries: Retries;
  readonly loginHint?: string | undefined;
  readonly domainHint?: string | undefined;
  readonly prompt?: Prompt | undefined;
  /** What Graph or the provider asked for; never from a link that anybody could write. */
  readonly asked?: AskedMore | undefined;
}

export interface StartedSignIn {
  /** Where to send the browser. */
  readonly authorizationUrl: string;
  /** What did not fit into `state`: to be kept in this browser, sealed. */
  readonly overflow: string | undefined;
}

interface StartOptions {
  /** The value of the browser's sign-in cookie. */
  readonly browserSecret: string;
  readonly keyRing: KeyRing;
  readonly now: number;
  readonly signal: AbortSignal;
}

/** The limits of IIS, and so of some plans of Azure, for a query and for a URL. Providers have such limits too. */
const longestQuery = 4095;
const longestUrl = 8191;

/**
 * Begins a sign-in. Nothing is stored: the attempt travels in `state`.
 * @throws ERR_BAD_REQUEST for a hint no provider would take, or more than an address can carry,
 *   ERR_PROVIDER_UNAVAILABLE, ERR_PROVIDER_MISMATCH, ERR_KEYS_UNAVAILABLE
 */
export async function startSignIn(
  parts: RelyingParty,
  options: SignInOptions,
  browser: StartOptions,
): Promise<StartedSignIn> {
  requireHint('login_hint', options.loginHint, /^[^\p{Cc}\p{Cs}]{1,512}$/u);
  requireHint('domain_hint', options.domainHint, /^[A-Za-z0-9.-]{1,253}$/);
  const attempt = createAttempt(options, browser.browserSecret, browser.now);
  const started = await startWith(parts, { attempt, options, isShort: false }, browser);
  if (fits(started)) return started;
  // Long claims or scopes are in the address itself, so `state` must be shorter.
  const shorter = await startWith(parts, { attempt, options, isShort: true }, browser);
  if (shorter.authorizationUrl.length > longestUrl) {
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
  parts: RelyingParty,
  { attempt, options, isShort }: Start,
  { browserSecret, keyRing, signal }: StartOptions,
): Promise<StartedSignIn> {
  const { state, overflow } = await sealAttempt(attempt, { keyRing, signal, isShort });
  const { nonce, codeVerifier } = await attemptSecrets(state, browserSecret, { keyRing, signal });
  const { msal } = await createMsalClient(parts, signal);
  const { prompt, loginHint, domainHint, asked } = options;
  const authorizationUrl = await msal.getAuthCodeUrl({
    redirectUri: parts.redirectUri,
    // MSAL adds openid, profile and offline_access.
    scopes: [...scopesOf(parts.settings, asked)],
    responseMode: 'query',
    state,
    nonce,
    codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    codeChallengeMethod: 'S256',
    ...(prompt === undefined ? {} : { prompt }),
    // Entra ID accepts no hint of an account together with `select_account`.
    // https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc#send-the-sign-in-request
    ...(loginHint === undefined || prompt === 'select_account' ? {} : { loginHint }),
    ...(domainHint === undefined ? {} : { domainHint }),
    ...(asked?.claims === undefined ? {} : { claims: asked.claims }),
  });
  return { authorizationUrl, overflow };
}

/** All that a sign-in asks consent for. */
function scopesOf(
  { graphScopes }: Pick<RelyingPartySettings, 'graphScopes'>,
  asked: AskedMore | undefined,
): readonly string[] {
  return [...new Set([...graphScopes, ...(asked?.scopes ?? [])])];
}

function fits({ authorizationUrl }: StartedSignIn): boolean {
  return new URL(authorizationUrl).search.length <= longestQuery;
}

function requireHint(name: string, value: string | undefined, pattern: RegExp): void {
  if (value !== undefined && !pattern.test(value)) {
    throw new AppError('ERR_BAD_REQUEST', { note: `${name} is malformed or too long` });
  }
}
