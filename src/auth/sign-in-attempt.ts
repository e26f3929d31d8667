import { randomBytes } from 'node:crypto';

/** How long a person may stay on the sign-in page. */
export const attemptSeconds = 600;

/** How often a sign-in whose attempt got lost is begun again before it is explained instead. */
export type Round = 0 | 1;

/** A sign-in that has begun and not ended. Lives in an encrypted cookie of its own. */
export interface SignInAttempt {
  /** 43 random base64url characters, a dot, the round: `abc….0`. */
  readonly state: string;
  readonly nonce: string;
  /** RFC 7636 section 4.1. */
  readonly codeVerifier: string;
  /** A local path, at most 1024 bytes. */
  readonly returnPath: string;
  /** Epoch seconds. */
  readonly startedAt: number;
  /** As it was asked for at `/auth/login`. */
  readonly prompt?: string;
  /** Set when a signed-in user was sent back for more. */
  readonly stepUp?: { readonly userKey: string };
  /** What was asked for; the redemption of the code repeats both. */
  readonly scopes: readonly string[];
  readonly claims?: string;
}

interface AttemptWishes {
  readonly returnPath: string;
  readonly round: Round;
  readonly scopes: readonly string[];
  readonly prompt?: string | undefined;
  readonly stepUp?: { readonly userKey: string } | undefined;
  readonly claims?: string | undefined;
}

/** A new attempt with fresh state, nonce and PKCE verifier: 32 random bytes each. */
export function createAttempt(wishes: AttemptWishes, now: number): SignInAttempt {
  return {
    state: `${random()}.${wishes.round}`,
    nonce: random(),
    codeVerifier: random(),
    returnPath: wishes.returnPath,
    startedAt: now,
    scopes: wishes.scopes,
    ...(wishes.prompt === undefined ? {} : { prompt: wishes.prompt }),
    ...(wishes.stepUp === undefined ? {} : { stepUp: { userKey: wishes.stepUp.userKey } }),
    ...(wishes.claims === undefined ? {} : { claims: wishes.claims }),
  };
}

/** The round a state belongs to, or `undefined` when it cannot be one of ours. */
export function parseState(value: string): { readonly round: Round } | undefined {
  const match = /^[A-Za-z0-9_-]{43}\.([01])$/.exec(value);
  if (match === null) return undefined;
  return { round: match[1] === '0' ? 0 : 1 };
}

/** False once the attempt is older than {@link attemptSeconds}. */
export function isAttemptLive(attempt: Pick<SignInAttempt, 'startedAt'>, now: number): boolean {
  return now < attempt.startedAt + attemptSeconds;
}

function random(): string {
  return randomBytes(32).toString('base64url');
}
