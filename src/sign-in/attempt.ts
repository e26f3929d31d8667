import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { isClaimsRequest } from '../entra/claims-challenge';
import { isObject } from '../json';
import {
  deriveSignInValue,
  findNamedKey,
  type KeyRing,
  openSealed,
  seal,
} from '../keys/encryption';
import { areStepUpNames, isScope } from './step-up';

/** How long a person may stay on the sign-in page. */
const attemptSeconds = 600;

/** How often a sign-in has begun again by itself. After round 2 a page explains it. */
export type Retries = 0 | 1 | 2;

/** What is asked for beyond the usual sign-in. */
export interface AskedMore {
  /** Beside GRAPH_SCOPES. */
  readonly scopes: readonly string[];
  /** A claims request, a JSON text. */
  readonly claims?: string | undefined;
  /** The signed-in user who was sent back for it; `undefined` when nobody was signed in yet. */
  readonly userKey?: string | undefined;
  /** The step-ups of the last minute, this one included. */
  readonly names?: readonly string[] | undefined;
}

/** A sign-in that has begun. It lives in `state`, sealed, which the provider hands back unchanged (RFC 6749 section 4.1.2). */
export interface SignInAttempt {
  /** 16 random bytes, base64url. */
  readonly id: string;
  /** base64url SHA-256 of the sign-in cookie of the browser that began it. */
  readonly browser: string;
  /** Epoch seconds. */
  readonly startedAt: number;
  readonly retries: Retries;
  /** A local path, fragment included, at most 2 KB. */
  readonly returnPath: string;
  /** True when `returnPath` is only a part of the wanted page, whose whole address is lost. */
  readonly isPartial?: boolean | undefined;
  /** As it was asked for at `/auth/login`. */
  readonly prompt?: string | undefined;
  readonly asked?: AskedMore | undefined;
}

/** An attempt as it came back in `state`. */
export interface OpenedAttempt extends SignInAttempt {
  /** True when the cookie with what was asked for is gone: the code cannot be redeemed. */
  readonly isIncomplete: boolean;
}

/** What an attempt becomes: the `state`, and what did not fit into it, for a cookie. */
export interface SealedAttempt {
  readonly state: string;
  readonly overflow: string | undefined;
}

interface RingUse {
  readonly keyRing: KeyRing;
  readonly signal: AbortSignal;
}

/** With a code of 2.4 KB the provider's answer still has a query under 4,096 characters. */
const longestState = 1300;
/** An attempt in `state` alone, with a short path. */
const shortestState = 450;
/** For this long a bookmark of the provider's page leads to the wanted page, while the ring has the key. */
const openableSeconds = 90 * 86_400;
/** Where a cookie holds the wanted page, `state` still has its path without the query. */
const longestPart = 200;

/** A new attempt. `browserSecret` is the value of the browser's sign-in cookie. */
export function createAttempt(
  options: Pick<SignInAttempt, 'returnPath' | 'isPartial' | 'retries' | 'prompt' | 'asked'>,
  browserSecret: string,
  now: number,
): SignInAttempt {
  const { returnPath, isPartial, retries, prompt, asked } = options;
  const id = randomBytes(16).toString('base64url');
  const browser = hashOf(browserSecret);
  return { id, browser, startedAt: now, returnPath, isPartial, retries, prompt, asked };
}

/**
 * Seals an attempt. What makes `state` too long (a page whose address hardly compresses, many claims) goes into `rest`.
 * @param isShort for a `state` as short as it can be
 * @throws ERR_KEYS_UNAVAILABLE
 */
export async function sealAttempt(
  attempt: SignInAttempt,
  { keyRing, signal, isShort = false }: RingUse & { readonly isShort?: boolean },
): Promise<SealedAttempt> {
  const { id, startedAt } = attempt;
  const options = { keyRing, expiresAt: startedAt + openableSeconds, signal };
  const longest = isShort ? shortestState : longestState;
  const layouts = stateLayouts(attempt);
  for (const [index, { inState, inCookie }] of layouts.entries()) {
    const state = await seal('sign-in-state', inState, options);
    if (state.length > longest && index < layouts.length - 1) continue;
    const overflow = inCookie && (await seal('sign-in-rest', { i: id, ...inCookie }, options));
    return { state, overflow };
  }
  throw new Error('there is always a last way');
}

interface StateLayout {
  readonly inState: object;
  readonly inCookie?: object;
}

/** From everything in `state` to as little as possible. The wanted page stays there longest. */
function stateLayouts(attempt: SignInAttempt): readonly StateLayout[] {
  const { id, browser, startedAt, retries, returnPath, isPartial, prompt, asked } = attempt;
  const base = {
    ...{ i: id, h: browser, t: startedAt, n: retries, p: prompt, u: asked?.userKey },
    l: isPartial === true ? 1 : undefined,
  };
  const page = { r: returnPath };
  const part = { k: partOf(returnPath) };
  if (asked === undefined) {
    return [
      { inState: { ...base, ...page } },
      { inState: { ...base, ...part, x: 'page' }, inCookie: page },
    ];
  }
  const more = { s: asked.scopes.join(' '), c: asked.claims, m: asked.names };
  return [
    { inState: { ...base, ...page, ...more } },
    { inState: { ...base, ...page, x: 'asked' }, inCookie: more },
    { inState: { ...base, ...part, x: 'both' }, inCookie: { ...page, ...more } },
  ];
}

/**
 * The attempt in a `state`, whichever browser began it; `undefined` when it is none of ours, or so old that its key is
 * gone.
 * @param overflows what this browser kept of attempts whose `state` could not hold all
 * @throws ERR_KEYS_UNAVAILABLE
 */
export async function openAttempt(
  state: string,
  overflows: readonly string[],
  { keyRing, now, signal }: RingUse & { readonly now: number },
): Promise<OpenedAttempt | undefined> {
  const options = { keyRing, now, signal };
  const content = await openSealed('sign-in-state', state, options);
  if (!isObject(content)) return undefined;
  const { x: elsewhere } = content;
  if (elsewhere === undefined) return parseAttempt(content);
  for (const overflow of overflows) {
    const kept = await openSealed('sign-in-rest', overflow, options);
    if (isObject(kept) && kept['i'] === content['i']) return parseAttempt({ ...content, ...kept });
  }
  const isPartial = content['r'] === undefined;
  const attempt = parseAttempt(isPartial ? { ...content, l: 1 } : content);
  return attempt && { ...attempt, isIncomplete: elsewhere !== 'page' };
}

/** Whether the browser that has this sign-in cookie began the attempt. In constant time. */
export function isBegunBy(attempt: SignInAttempt, browserSecret: string | undefined): boolean {
  if (browserSecret === undefined) return false;
  const [one, other] = [attempt.browser, hashOf(browserSecret)].map((hash) =>
    Buffer.from(hash, 'base64url'),
  );
  return one?.length === other?.length && timingSafeEqual(one ?? noBytes, other ?? noBytes);
}

/** False once the attempt is older than {@link attemptSeconds}. */
export function isAttemptLive(attempt: Pick<SignInAttempt, 'startedAt'>, now: number): boolean {
  return now < attempt.startedAt + attemptSeconds;
}

/** What ties the provider's answer to this attempt and browser. Secret until then. */
export interface AttemptSecrets {
  readonly nonce: string;
  /** RFC 7636 section 4.1. */
  readonly codeVerifier: string;
}

/**
 * Nonce and PKCE verifier of the attempt in `state`: the same at its start and at its end.
 * @throws ERR_KEYS_UNAVAILABLE; an Error when the ring has no key for `state`, which the caller has checked
 */
export async function attemptSecrets(
  state: string,
  browserSecret: string,
  { keyRing, signal }: RingUse,
): Promise<AttemptSecrets> {
  const ringKey = await findNamedKey(keyRing, state, signal);
  if (ringKey === undefined) throw new Error('the key that sealed state is gone');
  const bytes = Buffer.from(browserSecret, 'base64url');
  return {
    nonce: deriveSignInValue(ringKey, 'signInNonce', bytes, state),
    codeVerifier: deriveSignInValue(ringKey, 'signInVerifier', bytes, state),
  };
}

const noBytes = Buffer.alloc(0);

function hashOf(browserSecret: string): string {
  return createHash('sha256').update(browserSecret).digest('base64url');
}

/** The path of a page without its query, or the home page when even that is long. */
function partOf(returnPath: string): string {
  const [path = '/'] = returnPath.split(/[?#]/);
  return path.length > longestPart ? '/' : path;
}

function parseAttempt(content: Readonly<Record<string, unknown>>): OpenedAttempt | undefined {
  const { i: id, h: browser, t: startedAt, n: retries, p: prompt, l: lost } = content;
  const { u: userKey, s: scopes, c: claims, m: stepUps } = content;
  const returnPath = content['r'] ?? content['k'];
  if (!isText(id) || !isText(browser) || !isOptionalText(prompt)) return undefined;
  if (typeof startedAt !== 'number' || !Number.isSafeInteger(startedAt)) return undefined;
  if (retries !== 0 && retries !== 1 && retries !== 2) return undefined;
  if (!isText(returnPath) || !returnPath.startsWith('/')) return undefined;
  const asked = parseAsked(scopes, claims, userKey, stepUps);
  if (asked === 'malformed') return undefined;
  const isPartial = lost === 1;
  return {
    id,
    browser,
    startedAt,
    retries,
    returnPath,
    isPartial,
    prompt,
    asked,
    isIncomplete: false,
  };
}

function parseAsked(
  scopes: unknown,
  claims: unknown,
  userKey: unknown,
  stepUps: unknown,
): AskedMore | undefined | 'malformed' {
  if (!isOptionalText(claims) || !isOptionalText(userKey)) return 'malformed';
  if (claims !== undefined && !isClaimsRequest(claims)) return 'malformed';
  if (scopes === undefined) return userKey === undefined ? undefined : { scopes: [], userKey };
  if (typeof scopes !== 'string') return 'malformed';
  const all = scopes === '' ? [] : scopes.split(' ');
  if (!all.every(isScope)) return 'malformed';
  const asked = { scopes: all, claims, userKey };
  return areStepUpNames(stepUps) ? { ...asked, names: stepUps } : asked;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || isText(value);
}
