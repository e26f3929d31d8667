import { createHash } from 'node:crypto';
import type { Cookie } from '@azure/functions';
import type { SignInAttempt } from '../auth/sign-in-attempt';
import { AppError } from '../errors';
import type { KeyRing } from '../keys/key-ring';
import { openSealed, seal } from '../keys/sealed-value';
import type { CookiePlace } from './our-cookie';
import { clearingCookie, ourCookie, ourCookieName } from './our-cookie';
import { parseKeptAttempt, shortenAttempt } from './parse-kept-attempt';
import type { RequestCookies } from './read-cookie';
import { listCookieNames } from './read-cookie';

const prefix = 'anteroom-attempt-';
const attemptSeconds = 600;
/** For so long an expired attempt still tells where the person wanted to go. */
const rememberedSeconds = 3600;
const mostAttempts = 5;
const longestCookie = 2048;
/** A browser of ours never has more; whoever sends hundreds gets no work out of us. */
const mostLookedAt = 20;

interface AttemptOptions {
  readonly keyRing: KeyRing;
  readonly place: CookiePlace;
  readonly now: number;
  readonly signal: AbortSignal;
}

/** An attempt found by its state. One that took longer than ten minutes must not be finished. */
export type KeptAttempt =
  { readonly attempt: SignInAttempt } | { readonly expired: true; readonly returnPath: string };

/**
 * The cookie that keeps `attempt`: usable for ten minutes, remembered for an hour, behind the cookies that clear whatever must go
 * for it: the oldest, so that five are there at most, expired ones, and those nobody can read.
 * @throws ERR_BAD_REQUEST when it would be over 2 KiB, ERR_KEYS_UNAVAILABLE
 */
export async function addAttemptCookie(
  cookies: RequestCookies,
  attempt: SignInAttempt,
  options: AttemptOptions,
): Promise<Cookie[]> {
  const { keyRing, place, signal } = options;
  const value = await seal('sign-in-attempt', shortenAttempt(attempt), {
    keyRing,
    expiresAt: attempt.startedAt + rememberedSeconds,
    signal,
  });
  const name = attemptName(attempt.state);
  const cookie = { ...ourCookie(name, value, place), maxAge: rememberedSeconds };
  if (cookie.name.length + value.length > longestCookie) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'the sign-in attempt does not fit its cookie' });
  }
  return [...(await makeRoom(cookies, options)), cookie];
}

/** The attempt with exactly this `state`, or `undefined` when this browser did not keep it. */
export async function readAttemptCookie(
  cookies: RequestCookies,
  state: string,
  options: AttemptOptions,
): Promise<KeptAttempt | undefined> {
  const name = ourCookieName(attemptName(state), options.place);
  const attempt = await openAttempt(cookies, name, options);
  if (attempt?.state !== state) return undefined;
  return isExpired(attempt, options.now)
    ? { expired: true, returnPath: attempt.returnPath }
    : { attempt };
}

/** Takes the attempt with this `state` out of the browser. */
export function clearAttemptCookie(state: string, place: CookiePlace): Cookie {
  return clearingCookie(attemptName(state), place);
}

/** A cookie of its own for each attempt, so that tabs do not disturb each other. */
function attemptName(state: string): string {
  return prefix + createHash('sha256').update(state).digest('base64url').slice(0, 16);
}

async function makeRoom(cookies: RequestCookies, options: AttemptOptions): Promise<Cookie[]> {
  const names = attemptNamesIn(cookies, options);
  const kept = await Promise.all(
    names.map(async (name) => ({ name, attempt: await openAttempt(cookies, name, options) })),
  );
  const live = kept
    .flatMap(({ name, attempt }) =>
      attempt === undefined || isExpired(attempt, options.now) ? [] : [{ name, attempt }],
    )
    .sort((one, other) => other.attempt.startedAt - one.attempt.startedAt)
    .slice(0, mostAttempts - 1);
  const stays = new Set(live.map(({ name }) => name));
  return names
    .filter((name) => !stays.has(name))
    .map((name) => ({ ...clearingCookie(prefix, options.place), name }));
}

/** Names of exactly our form: one with other characters could not be cleared (the host answers 500). */
function attemptNamesIn(cookies: RequestCookies, { place }: AttemptOptions): readonly string[] {
  const start = ourCookieName(prefix, place);
  return listCookieNames(cookies, start)
    .filter((name) => /^[A-Za-z0-9_-]{16}$/.test(name.slice(start.length)))
    .slice(0, mostLookedAt);
}

async function openAttempt(
  cookies: RequestCookies,
  name: string,
  { keyRing, now, signal }: AttemptOptions,
): Promise<SignInAttempt | undefined> {
  const value = cookies.get(name);
  if (value === undefined) return undefined;
  return parseKeptAttempt(await openSealed('sign-in-attempt', value, { keyRing, now, signal }));
}

function isExpired({ startedAt }: SignInAttempt, now: number): boolean {
  return now >= startedAt + attemptSeconds;
}
