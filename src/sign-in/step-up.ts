import { createHash } from 'node:crypto';
import {
  claimsForContext,
  isClaimsRequest,
  type SignInFacts,
  unmetDemand,
} from '../entra/claims-challenge';
import { normalScopes } from '../entra/msal-cache';
import { AppError, type StepUp, StepUpError } from '../errors';
import type { RequestContext } from '../http/context';
import { changesNothing, loginPathTo, wantedPage, type WantedPage } from '../http/request';
import { wantedPath } from '../http/responses';
import { isObject } from '../bodies';
import { seal } from '../keys/encryption';
import { type Session, sessionKeyOf, type SessionTicket } from '../sessions/session';
import { isScope, maxSessionSeconds } from '../setting-values';

/** What a function asks of a sign-in, beyond that there is one. At least one of the two. */
export interface StepUpDemand {
  /**
   * An authentication context of Entra ID, `c1` to `c99`. The sign-in must have met its Conditional Access policy.
   * @see https://learn.microsoft.com/entra/identity-platform/developer-guide-conditional-access-authentication-context
   */
  readonly acrs?: string;
  /**
   * In seconds. The sign-in service must have asked the person for credentials within this time, by the claim `auth_time`.
   * 60 seconds more are allowed, since clocks differ.
   */
  readonly maxAge?: number;
}

/**
 * Refuses a session, or a person's bearer token, that does not meet a demand. A guard then sends the person to the provider,
 * or asks the client for another token.
 * @param token which token must show it next time
 * @throws ERR_STEP_UP
 */
export function requireStepUp(
  { acrs, maxAge }: StepUpDemand,
  facts: SignInFacts,
  now: number,
  token: 'id_token' | 'access_token' = 'id_token',
): void {
  const demands = {
    ...(acrs === undefined ? {} : { acrs: [acrs] }),
    ...(maxAge === undefined ? {} : { maxAgeSeconds: maxAge }),
  };
  const unmet = unmetDemand(facts, demands, now);
  if (unmet === undefined) return;
  // Both are asked for, so that the person goes to the provider once.
  throw new StepUpError(
    {
      scopes: [],
      ...(acrs === undefined ? {} : { claims: claimsForContext(token, acrs) }),
      ...(maxAge === undefined ? {} : { maxAgeSeconds: maxAge }),
    },
    { note: `the sign-in does not meet the demand of the function: ${unmet}` },
  );
}

/** @throws TypeError for a demand that no sign-in can meet, that demands nothing, or whose name is misspelled */
export function checkDemand({ acrs, maxAge, ...others }: StepUpDemand | undefined = {}): void {
  const [other] = Object.keys(others);
  if (other !== undefined) throw new TypeError(`a step-up has no demand ${other}`);
  if (acrs === undefined && maxAge === undefined) {
    throw new TypeError('a step-up needs acrs or maxAge');
  }
  if (acrs !== undefined && !/^[\x21\x23-\x5B\x5D-\x7E]{1,100}$/.test(acrs)) {
    throw new TypeError('acrs must be an authentication context such as c1');
  }
  if (maxAge !== undefined && !isAge(maxAge)) {
    throw new TypeError(`maxAge must be whole seconds, 1 to ${maxSessionSeconds} (30 days)`);
  }
}

/** The path that signs in, and the wanted page when it is too long to come back to. */
export interface SignInLink {
  readonly loginPath: string;
  readonly lostPage?: string | undefined;
}

/** In characters. With the marker of a bounce the query still stays under 4,096. */
const maxLinkLength = 4000;

/** The link that signs in and comes back to this page. */
export function signInLink(context: RequestContext): SignInLink {
  const { path, lost } = returnPageOf(context);
  return { loginPath: loginPathTo(context.services.site, path), lostPage: lost };
}

/**
 * The link to a step-up: it sends the person to the provider for more scopes or claims. It holds a {@link StepUpRequest},
 * encrypted, and works only in the session that needs the step-up.
 * @param names the step-ups of the last minute, this one included
 * @throws ERR_KEYS_UNAVAILABLE; ERR_PROVIDER_MISMATCH when scopes and claims are too long for an address
 */
export async function stepUpLink(
  context: RequestContext,
  { ticket, session }: { readonly ticket: SessionTicket; readonly session: Session },
  { scopes, claims, maxAgeSeconds }: StepUp,
  names: readonly string[],
): Promise<SignInLink> {
  const { services, now, signal } = context;
  const { userKey, sessionId } = ticket;
  const linkTo = async (returnPath: string) => {
    const sessionKey = sessionKeyOf(sessionId);
    const keep = session.isPersistent ? true : undefined;
    const asked = { scopes, claims, maxAgeSeconds, keep };
    const payload = { ...asked, userKey, sessionKey, returnPath, madeAt: now, names };
    const step = await seal('step-up', payload, {
      keyRing: services.keyRing,
      expiresAt: now + stepUpReadableSeconds,
      signal,
    });
    return `${services.site.authPath}/login?step=${step}`;
  };
  const page = returnPageOf(context);
  const link = await linkTo(page.path);
  if (link.length <= maxLinkLength) return { loginPath: link, lostPage: page.lost };
  // Claims matter more than the whole address of the page. Without the query the link usually fits.
  const shorter = await linkTo(page.path.split(/[?#]/)[0] ?? services.site.homePath);
  const shortest = shorter.length <= maxLinkLength ? shorter : await linkTo(services.site.homePath);
  if (shortest.length > maxLinkLength) {
    throw new AppError('ERR_PROVIDER_MISMATCH', {
      note: 'scopes and claims are too long for an address',
    });
  }
  return { loginPath: shortest, lostPage: page.lost ?? page.path };
}

/**
 * The page to come back to: that which the person has opened, or in which a script or a form sent the request. A person cannot open
 * what a script fetches, and a form is never sent again by itself. A script names its page in `X-Return-To`, else `Referer` does.
 */
function returnPageOf(context: RequestContext): WantedPage {
  const { isNavigation, request, services, visitor } = context;
  const { site, settings } = services;
  const toPage = (value: string) => wantedPage(site, settings.baseUrl, value);
  const named = isNavigation ? null : request.headers.get('x-return-to');
  if (named !== null) return toPage(named);
  const own = changesNothing(request) ? wantedPath(context) : undefined;
  if (isNavigation && own !== undefined) return toPage(own);
  // The function of a form may have named the page that shows it.
  if (visitor.returnPath !== undefined) return { path: visitor.returnPath };
  const page = sendingPage(context) ?? own;
  return page === undefined ? { path: site.homePath } : toPage(page);
}

/** The address of the page of this app that sent the request. A worker names its own script there, which is no page. */
function sendingPage({ request, services }: RequestContext): string | undefined {
  const referer = URL.parse(request.headers.get('referer') ?? '');
  const isPage = referer?.origin === services.settings.baseUrl && !/\.m?js$/.test(referer.pathname);
  return isPage ? referer.href : undefined;
}

/**
 * The content of the parameter `step` of `/auth/login`. It is encrypted, because a link that anybody could write could make
 * a person consent to any scope.
 */
export interface StepUpRequest extends StepUp {
  /** The signed-in user who needs the step-up. */
  readonly userKey: string;
  /** The session that needs the step-up. In another session the link is a plain sign-in. */
  readonly sessionKey: string;
  /** A local path. */
  readonly returnPath: string;
  /** Epoch seconds. */
  readonly madeAt: number;
  /** The step-ups of the last minute, this one included, by {@link stepUpName}. */
  readonly names: readonly string[];
  /** True when the cookie of the session outlives the browser. That of the next session does too. */
  readonly keep?: true;
}

/** The highest number of different step-ups in a minute. More do not help a person. */
export const maxStepUps = 5;

/**
 * A name for a step-up: a hash of what it asks for. Two step-ups that ask for the same have the same name. A time in
 * the claims after which the token must be issued (`nbf`) does not count, because each challenge has another one.
 */
export function stepUpName({ scopes, claims, maxAgeSeconds }: StepUp): string {
  const demands: unknown =
    claims === undefined
      ? undefined
      : JSON.parse(claims, (name, value: unknown) =>
          name === 'nbf' ? 'at any time' : sorted(value),
        );
  const asked = JSON.stringify([normalScopes(scopes), demands, maxAgeSeconds]);
  return createHash('sha256').update(asked).digest('base64url').slice(0, 22);
}

function sorted(value: unknown): unknown {
  if (!isObject(value)) return value;
  const members = Object.entries(value);
  return Object.fromEntries(members.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** True when `value` is a list of names of step-ups. */
export function areStepUpNames(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= maxStepUps &&
    value.every((name) => typeof name === 'string' && /^[A-Za-z0-9_-]{22}$/.test(name))
  );
}

const maxScopes = 20;
const maxReturnPath = 2048;

/**
 * How long a person may take: on the sign-in page, and to follow the link that starts a step-up. After that the link opens
 * the page that needed it, and that page asks again.
 */
export const attemptSeconds = 600;

/** How long a link can be decrypted. */
const stepUpReadableSeconds = 86_400;

/** Parses a decrypted payload. `undefined` when it is not exactly a step-up request. */
export function parseStepUpRequest(payload: unknown): StepUpRequest | undefined {
  if (!isObject(payload)) return undefined;
  const { scopes, claims, maxAgeSeconds, keep, ...rest } = payload;
  const { userKey, sessionKey, returnPath, madeAt, names, ...others } = rest;
  if (Object.keys(others).length > 0) return undefined;
  if (!Array.isArray(scopes) || scopes.length > maxScopes || !scopes.every(isScope)) {
    return undefined;
  }
  if (!isKey(userKey) || !isKey(sessionKey) || !isLocalPath(returnPath)) return undefined;
  if (typeof madeAt !== 'number' || !Number.isSafeInteger(madeAt)) return undefined;
  if (!areStepUpNames(names)) return undefined;
  if (keep !== undefined && keep !== true) return undefined;
  if (maxAgeSeconds !== undefined && !isAge(maxAgeSeconds)) return undefined;
  if (claims !== undefined && !(typeof claims === 'string' && isClaimsRequest(claims))) {
    return undefined;
  }
  return {
    scopes,
    userKey,
    sessionKey,
    returnPath,
    madeAt,
    names,
    ...(keep === undefined ? {} : { keep }),
    ...(claims === undefined ? {} : { claims }),
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
  };
}

/** What `max_age` may be: whole seconds, up to 30 days. */
export function isAge(value: unknown): value is number {
  return (
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maxSessionSeconds
  );
}

function isKey(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{43}$/.test(value);
}

/** The path was checked before it was encrypted. This only finds a payload of another kind. */
function isLocalPath(value: unknown): value is string {
  return typeof value === 'string' && /^\/(?!\/)/.test(value) && value.length <= maxReturnPath;
}
