import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { HttpResponseInit } from '@azure/functions';
import { isObject } from '../bodies';
import { readOverflows } from '../cookies';
import { isClaimsRequest } from '../entra/claims-challenge';
import { AppError, type ProviderRefusal } from '../errors';
import type { RequestContext } from '../http/context';
import { redirectTo } from '../http/responses';
import {
  deriveSignInValue,
  findNamedKey,
  type KeyRing,
  openSealed,
  seal,
} from '../keys/encryption';
import { isScope } from '../setting-values';
import type { Policies } from '../settings';
import { areStepUpNames, attemptSeconds, isAge } from './step-up';

/** How often a sign-in was started again without a click. After the second retry a page explains what happened. */
export type Retries = 0 | 1 | 2;

/** What a step-up asks for beside the usual sign-in. */
export interface AskedMore {
  /** In addition to `GRAPH_SCOPES`. */
  readonly scopes: readonly string[];
  /** A claims request, a JSON text. */
  readonly claims?: string | undefined;
  /** `max_age`: the provider must ask for credentials when the last time was longer ago. In seconds. */
  readonly maxAgeSeconds?: number | undefined;
  /** The signed-in user who needs the step-up. `undefined` when nobody was signed in yet. */
  readonly userKey?: string | undefined;
  /** The step-ups of the last minute, this one included. */
  readonly names?: readonly string[] | undefined;
}

/** A sign-in that has begun. `state` holds it, encrypted, and the provider returns `state` unchanged (RFC 6749 section 4.1.2). */
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
  /** True when `returnPath` is only a part of the wanted page, because its whole address is lost. */
  readonly isPartial?: boolean | undefined;
  /** The value of `prompt` at `/auth/login`. */
  readonly prompt?: string | undefined;
  /** True when the person wants to stay signed in after the browser was closed. */
  readonly keep?: true | undefined;
  /** The attempt is for a user flow of Azure AD B2C that changes an account, and signs nobody in. */
  readonly policy?: keyof Policies | undefined;
  readonly asked?: AskedMore | undefined;
}

/** An attempt as it came back in `state`. */
export interface OpenedAttempt extends SignInAttempt {
  /** True when the cookie with scopes and claims is gone: the code cannot be redeemed. */
  readonly isIncomplete: boolean;
}

/** An attempt, encrypted: `state`, and for a cookie what did not fit into it. */
export interface SealedAttempt {
  readonly state: string;
  readonly overflow: string | undefined;
}

interface RingUse {
  readonly keyRing: KeyRing;
  readonly signal: AbortSignal;
}

/** In characters. With a code of 2.4 KB, the query of the provider's answer still stays under 4,096 characters. */
const maxStateLength = 1300;
/** The same when `state` must be short. An attempt with a short path fits. */
const maxShortStateLength = 450;
/** A bookmark of the provider's page leads to the wanted page for this long, if the ring still has the key. */
const openableSeconds = 90 * 86_400;
/** When a cookie holds the wanted page, `state` has the path without query, if it is at most this long. */
const maxPartialPathLength = 200;

/** A new attempt. `browserSecret` is the value of the browser's sign-in cookie. */
export function createAttempt(
  options: Omit<SignInAttempt, 'id' | 'browser' | 'startedAt'>,
  browserSecret: string,
  now: number,
): SignInAttempt {
  const { returnPath, isPartial, retries, prompt, keep, policy, asked } = options;
  const id = randomBytes(16).toString('base64url');
  const browser = hashOf(browserSecret);
  return {
    ...{ id, browser, startedAt: now, returnPath, isPartial, retries },
    ...{ prompt, keep, policy, asked },
  };
}

/**
 * Encrypts an attempt. What makes `state` too long (an address that hardly compresses, many claims) goes into `overflow`.
 * @param isShort true makes `state` as short as possible
 * @throws ERR_KEYS_UNAVAILABLE
 */
export async function sealAttempt(
  attempt: SignInAttempt,
  { keyRing, signal, isShort = false }: RingUse & { readonly isShort?: boolean },
): Promise<SealedAttempt> {
  const { id, startedAt } = attempt;
  const options = { keyRing, expiresAt: startedAt + openableSeconds, signal };
  const maxLength = isShort ? maxShortStateLength : maxStateLength;
  const layouts = stateLayouts(attempt);
  for (const [index, { inState, inCookie }] of layouts.entries()) {
    const state = await seal('sign-in-state', inState, options);
    if (state.length > maxLength && index < layouts.length - 1) continue;
    const overflow = inCookie && (await seal('sign-in-rest', { i: id, ...inCookie }, options));
    return { state, overflow };
  }
  throw new Error('stateLayouts always has a last layout');
}

interface StateLayout {
  readonly inState: object;
  readonly inCookie?: object;
}

/** The first layout has everything in `state`, the last as little as possible. The wanted page moves to the cookie last. */
function stateLayouts(attempt: SignInAttempt): readonly StateLayout[] {
  const { id, browser, startedAt, retries, returnPath, isPartial, asked } = attempt;
  const { prompt, keep, policy } = attempt;
  const base = {
    ...{ i: id, h: browser, t: startedAt, n: retries, p: prompt, u: asked?.userKey },
    l: isPartial === true ? 1 : undefined,
    e: keep === true ? 1 : undefined,
    f: policy,
  };
  const page = { r: returnPath };
  const part = { k: partialPath(returnPath) };
  if (asked === undefined) {
    return [
      { inState: { ...base, ...page } },
      { inState: { ...base, ...part, x: 'page' }, inCookie: page },
    ];
  }
  const { scopes, claims, maxAgeSeconds, names } = asked;
  const more = { s: scopes.join(' '), c: claims, a: maxAgeSeconds, m: names };
  return [
    { inState: { ...base, ...page, ...more } },
    { inState: { ...base, ...page, x: 'asked' }, inCookie: more },
    { inState: { ...base, ...part, x: 'both' }, inCookie: { ...page, ...more } },
  ];
}

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
 * The attempt in the `state` of a provider's answer. Any browser may have begun it. `undefined` when `state` is not ours. From
 * here on the page of any error leads back to the wanted page.
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
 * The attempt in a `state`. Any browser may have begun it. `undefined` when `state` is not ours, or is so old that its key
 * is gone.
 * @param overflows what the cookies of this browser keep of attempts that did not fit into `state`
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
  const { x: inCookie } = content;
  if (inCookie === undefined) return parseAttempt(content);
  for (const overflow of overflows) {
    const kept = await openSealed('sign-in-rest', overflow, options);
    if (isObject(kept) && kept['i'] === content['i']) return parseAttempt({ ...content, ...kept });
  }
  const isPartial = content['r'] === undefined;
  const attempt = parseAttempt(isPartial ? { ...content, l: 1 } : content);
  return attempt && { ...attempt, isIncomplete: inCookie !== 'page' };
}

/**
 * The wanted page of an attempt.
 * @throws ERR_PAGE_LOST when only a part of its address is known
 */
export function goToPage(
  context: RequestContext,
  { returnPath, isPartial }: OpenedAttempt,
): HttpResponseInit {
  // Without an explanation, another page than the wanted one would look like a fault.
  if (isPartial === true) throw new AppError('ERR_PAGE_LOST');
  return redirectTo(context.services.settings.baseUrl + returnPath);
}

/** True when the browser with this sign-in cookie began the attempt. The comparison takes constant time. */
export function isBegunBy(attempt: SignInAttempt, browserSecret: string | undefined): boolean {
  if (browserSecret === undefined) return false;
  const [one, other] = [attempt.browser, hashOf(browserSecret)].map((hash) =>
    Buffer.from(hash, 'base64url'),
  );
  return one?.length === other?.length && timingSafeEqual(one ?? noBytes, other ?? noBytes);
}

const noBytes = Buffer.alloc(0);

/** False when the attempt is older than {@link attemptSeconds}. */
export function isAttemptLive(attempt: Pick<SignInAttempt, 'startedAt'>, now: number): boolean {
  return now < attempt.startedAt + attemptSeconds;
}

/** Values that tie the provider's answer to this attempt and this browser. They are secret until the answer arrives. */
export interface AttemptSecrets {
  readonly nonce: string;
  /** RFC 7636 section 4.1. */
  readonly codeVerifier: string;
}

/**
 * Nonce and PKCE verifier of the attempt in `state`. They are derived from the ring's key, the sign-in cookie and `state`,
 * so that start and end of a sign-in get the same values.
 * @param browserSecret the value of the browser's sign-in cookie
 * @throws ERR_KEYS_UNAVAILABLE; an `Error` when the ring has no key for `state`, which the caller must check before
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

function hashOf(browserSecret: string): string {
  return createHash('sha256').update(browserSecret).digest('base64url');
}

/** The path of a page without its query. The home page when that is too long as well. */
function partialPath(returnPath: string): string {
  const [path = '/'] = returnPath.split(/[?#]/);
  return path.length > maxPartialPathLength ? '/' : path;
}

function parseAttempt(content: Readonly<Record<string, unknown>>): OpenedAttempt | undefined {
  const { i: id, h: browser, t: startedAt, n: retries, p: prompt, l: lost, e: kept } = content;
  const { f: policy } = content;
  const returnPath = content['r'] ?? content['k'];
  if (!isText(id) || !isText(browser) || !isOptionalText(prompt)) return undefined;
  if (typeof startedAt !== 'number' || !Number.isSafeInteger(startedAt)) return undefined;
  if (retries !== 0 && retries !== 1 && retries !== 2) return undefined;
  if (!isText(returnPath) || !returnPath.startsWith('/')) return undefined;
  if (policy !== undefined && policy !== 'reset-password' && policy !== 'edit-profile') {
    return undefined;
  }
  const asked = parseAsked(content);
  if (asked === 'malformed') return undefined;
  return {
    ...{ id, browser, startedAt, retries, returnPath, prompt, policy, asked },
    isPartial: lost === 1,
    keep: kept === 1 ? true : undefined,
    isIncomplete: false,
  };
}

function parseAsked({
  s: scopes,
  c: claims,
  a: maxAgeSeconds,
  u: userKey,
  m: stepUps,
}: Readonly<Record<string, unknown>>): AskedMore | undefined | 'malformed' {
  if (!isOptionalText(claims) || !isOptionalText(userKey)) return 'malformed';
  if (claims !== undefined && !isClaimsRequest(claims)) return 'malformed';
  if (maxAgeSeconds !== undefined && !isAge(maxAgeSeconds)) return 'malformed';
  if (scopes === undefined) return userKey === undefined ? undefined : { scopes: [], userKey };
  if (typeof scopes !== 'string') return 'malformed';
  const all = scopes === '' ? [] : scopes.split(' ');
  if (!all.every(isScope)) return 'malformed';
  const asked = { scopes: all, claims, maxAgeSeconds, userKey };
  return areStepUpNames(stepUps) ? { ...asked, names: stepUps } : asked;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || isText(value);
}
