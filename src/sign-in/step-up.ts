import { createHash } from 'node:crypto';
import { isClaimsRequest } from '../entra/claims-challenge';
import { normalScopes } from '../entra/msal-cache';
import { AppError, type StepUp } from '../errors';
import type { RequestContext } from '../http/context';
import { changesNothing } from '../http/request';
import { loginPathTo, type WantedPage, wantedPage, wantedPath } from '../http/wanted-page';
import { isObject } from '../json';
import { seal } from '../keys/sealing';
import { sessionKeyOf, type SessionTicket } from '../sessions/session';

/** The path that signs in, and the wanted page when it is too long to come back to. */
export interface SignInLink {
  readonly loginPath: string;
  readonly lostPage?: string | undefined;
}

/** In characters. With the marker of a bounce the query still stays under 4,096. */
const maxLinkLength = 4000;

/** The link that signs in and comes back to this page. For a request that may change something it leads to the home page. */
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
  { userKey, sessionId }: Pick<SessionTicket, 'userKey' | 'sessionId'>,
  { scopes, claims }: StepUp,
  names: readonly string[],
): Promise<SignInLink> {
  const { services, now, signal } = context;
  const linkTo = async (returnPath: string) => {
    const sessionKey = sessionKeyOf(sessionId);
    const payload = { scopes, claims, userKey, sessionKey, returnPath, madeAt: now, names };
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

/** The page to come back to. A script names its own page in `X-Return-To`, because a person cannot open what it fetches. */
function returnPageOf(context: RequestContext): WantedPage {
  const page = context.isNavigation ? null : context.request.headers.get('x-return-to');
  const { site } = context.services;
  if (page !== null) return wantedPage(site, page);
  return changesNothing(context.request)
    ? wantedPage(site, wantedPath(context))
    : { path: site.homePath };
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
}

/** The highest number of different step-ups in a minute. More do not help a person. */
export const maxStepUps = 5;

/**
 * A name for a step-up: a hash of its scopes and claims. Two step-ups that ask for the same have the same name. A time in
 * the claims after which the token must be issued (`nbf`) does not count, because each challenge has another one.
 */
export function stepUpName({ scopes, claims }: StepUp): string {
  const demands: unknown =
    claims === undefined
      ? undefined
      : JSON.parse(claims, (name, value: unknown) =>
          name === 'nbf' ? 'at any time' : sorted(value),
        );
  const asked = JSON.stringify([normalScopes(scopes), demands]);
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

/** How long a link starts its step-up. After that it opens the page that needed it, and that page asks again. */
export const stepUpSeconds = 600;

/** How long a link can be decrypted. */
const stepUpReadableSeconds = 86_400;

/** Parses a decrypted payload. `undefined` when it is not exactly a step-up request. */
export function parseStepUpRequest(payload: unknown): StepUpRequest | undefined {
  if (!isObject(payload)) return undefined;
  const { scopes, claims, userKey, sessionKey, returnPath, madeAt, names, ...others } = payload;
  if (Object.keys(others).length > 0) return undefined;
  if (!Array.isArray(scopes) || scopes.length > maxScopes || !scopes.every(isScope)) {
    return undefined;
  }
  if (!isKey(userKey) || !isKey(sessionKey) || !isLocalPath(returnPath)) return undefined;
  if (typeof madeAt !== 'number' || !Number.isSafeInteger(madeAt)) return undefined;
  if (!areStepUpNames(names)) return undefined;
  const request = { scopes, userKey, sessionKey, returnPath, madeAt, names };
  if (claims === undefined) return request;
  return typeof claims === 'string' && isClaimsRequest(claims) ? { ...request, claims } : undefined;
}

/** RFC 6749 section 3.3 `scope-token`. */
export function isScope(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21\x23-\x5B\x5D-\x7E]{1,256}$/.test(value);
}

function isKey(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{43}$/.test(value);
}

/** The path was checked before it was encrypted. This only finds a payload of another kind. */
function isLocalPath(value: unknown): value is string {
  return typeof value === 'string' && /^\/(?!\/)/.test(value) && value.length <= maxReturnPath;
}
