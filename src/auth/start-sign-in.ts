import { createHash } from 'node:crypto';
import { AppError } from '../errors';
import type { AuthParts, AuthSettings } from './auth-parts';
import { createMsalClient } from './msal-client';
import { createAttempt, type Round, type SignInAttempt } from './sign-in-attempt';
import type { StepUpRequest } from './step-up';

/** The values of `prompt` that `/auth/login` takes. OpenID Connect Core 1.0 section 3.1.2.1. */
export const prompts = ['login', 'select_account', 'consent', 'none'] as const;
export type Prompt = (typeof prompts)[number];

export interface SignInWishes {
  /** A local path that was already checked. */
  readonly returnPath: string;
  readonly round: Round;
  readonly loginHint?: string | undefined;
  readonly domainHint?: string | undefined;
  readonly prompt?: Prompt | undefined;
  /** What Graph or the provider asked of a signed-in user; only ever from a sealed `step`. */
  readonly stepUp?: Pick<StepUpRequest, 'userKey' | 'scopes' | 'claims'> | undefined;
}

export interface StartedSignIn {
  /** To be kept in this browser, sealed. */
  readonly attempt: SignInAttempt;
  /** Where to send the browser. */
  readonly authorizationUrl: string;
}

/**
 * Begins a sign-in.
 * @throws ERR_BAD_REQUEST for a hint no provider would take, ERR_PROVIDER_UNAVAILABLE,
 *   ERR_PROVIDER_MISMATCH
 */
export async function startSignIn(
  parts: AuthParts,
  wishes: SignInWishes,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<StartedSignIn> {
  const { settings } = parts;
  const { loginHint, domainHint, stepUp } = wishes;
  requireHint('login_hint', loginHint, /^[^\p{Cc}\p{Cs}]{1,512}$/u);
  requireHint('domain_hint', domainHint, /^[A-Za-z0-9.-]{1,253}$/);
  const attempt = createAttempt(
    { ...wishes, scopes: scopesFor(settings, stepUp?.scopes), claims: stepUp?.claims },
    now,
  );
  const { msal } = await createMsalClient(parts, signal);
  const authorizationUrl = await msal.getAuthCodeUrl({
    redirectUri: redirectUriOf(settings),
    // MSAL adds openid, profile and offline_access.
    scopes: [...attempt.scopes],
    responseMode: 'query',
    state: attempt.state,
    nonce: attempt.nonce,
    codeChallenge: createHash('sha256').update(attempt.codeVerifier).digest('base64url'),
    codeChallengeMethod: 'S256',
    ...(wishes.prompt === undefined ? {} : { prompt: wishes.prompt }),
    ...(loginHint === undefined ? {} : { loginHint }),
    ...(domainHint === undefined ? {} : { domainHint }),
    ...(attempt.claims === undefined ? {} : { claims: attempt.claims }),
  });
  return { attempt, authorizationUrl };
}

/** The registered redirect URI. */
export function redirectUriOf({ baseUrl }: Pick<AuthSettings, 'baseUrl'>): string {
  return `${baseUrl}/auth/redirect`;
}

function scopesFor(
  { graphScopes }: Pick<AuthSettings, 'graphScopes'>,
  more: readonly string[] = [],
): readonly string[] {
  return [...new Set([...graphScopes, ...more])];
}

function requireHint(name: string, value: string | undefined, pattern: RegExp): void {
  if (value !== undefined && !pattern.test(value)) {
    throw new AppError('ERR_BAD_REQUEST', { note: `${name} is malformed or too long` });
  }
}
