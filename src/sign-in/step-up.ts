import { createHash } from 'node:crypto';
import { isClaimsRequest } from '../entra/claims-challenge';
import { normalScopes } from '../entra/msal-cache';
import { AppError, type StepUp } from '../errors';
import type { RequestContext } from '../http/context';
import { changesNothing } from '../http/request';
import { loginPathTo, type WantedPage, wantedPage, wantedPath } from '../http/wanted-page';
import { isObject } from '../json';
import { seal } from '../keys/encryption';
import { sessionKeyOf, type SessionTicket } from '../sessions/session';

/** Where to sign in, and the wanted page when it is too long to come back to. */
export interface SignInLink {
  readonly loginPath: string;
  readonly lostPage?: string | undefined;
}

/** With a bounce's marker the query still stays under 4,096 characters. */
const longestStepUp = 4000;

/** Where to sign in and come back to this request; after anything but a GET, to the home page. */
export function signInLink(context: RequestContext): SignInLink {
  const { path, lost } = returnPageOf(context);
  return { loginPath: loginPathTo(context.services.site, path), lostPage: lost };
}

/**
 * Where to go through the provider for more. What is asked for is sealed, so that nobody can craft a link that makes
 * a person consent to scopes of the sender's choice; and it works only in the session that it was made for.
 * @param names the step-ups of the last minute, this one included
 * @throws ERR_PROVIDER_MISMATCH when what is asked for fits no address: nobody was refused (ERR_PROVIDER_REFUSED), and
 *   there is no link by which a person could go on (ERR_STEP_UP)
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
  if (link.length <= longestStepUp) return { loginPath: link, lostPage: page.lost };
  // Long claims matter more than a long address: without its query it mostly fits.
  const shorter = await linkTo(page.path.split(/[?#]/)[0] ?? services.site.homePath);
  const shortest = shorter.length <= longestStepUp ? shorter : await linkTo(services.site.homePath);
  if (shortest.length > longestStepUp) {
    throw new AppError('ERR_PROVIDER_MISMATCH', { note: 'what is asked for fits no address' });
  }
  return { loginPath: shortest, lostPage: page.lost ?? page.path };
}

/** A script names the page it runs on in `X-Return-To`: what it fetches is nothing to come back to. */
function returnPageOf(context: RequestContext): WantedPage {
  const page = context.isNavigation ? null : context.request.headers.get('x-return-to');
  const { site } = context.services;
  if (page !== null) return wantedPage(site, page);
  return changesNothing(context.request)
    ? wantedPage(site, wantedPath(context))
    : { path: site.homePath };
}

/**
 * What the sealed `step` parameter of `/auth/login` holds. Sealed, because a link that anyone
 * could write would make people consent to whatever it names.
 */
export interface StepUpRequest extends StepUp {
  /** The signed-in user it was made for. */
  readonly userKey: string;
  /** The session that it was made for. In another session the link is a plain sign-in. */
  readonly sessionKey: string;
  /** A local path. */
  readonly returnPath: string;
  /** Epoch seconds. */
  readonly madeAt: number;
  /** The step-ups of the last minute, this one included, by {@link stepUpName}. */
  readonly names: readonly string[];
}

/** More different step-ups than this in a minute do not help a person. */
export const maxStepUps = 5;

/**
 * A name that is the same for two step-ups that ask for the same. When a token must have been issued after a certain time (`nbf`), that
 * time is left out, since each challenge names another one.
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

/** Whether `value` lists step-ups by their names. */
export function areStepUpNames(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= maxStepUps &&
    value.every((name) => typeof name === 'string' && /^[A-Za-z0-9_-]{22}$/.test(name))
  );
}

const maxScopes = 20;
const maxReturnPath = 2048;

/** How long a step-up link asks for its step. After that it leads to the page that needed it, which asks anew. */
export const stepUpSeconds = 600;

/** How long a step-up link can be read at all. */
const stepUpReadableSeconds = 86_400;

/** Reads what was unsealed; `undefined` when it is not exactly a step-up request. */
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

/** The path was checked before it was sealed; this only catches a payload of another kind. */
function isLocalPath(value: unknown): value is string {
  return typeof value === 'string' && /^\/(?!\/)/.test(value) && value.length <= maxReturnPath;
}
