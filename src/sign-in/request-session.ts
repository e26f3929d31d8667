import { readSessionCookie } from '../cookies/session-cookie';
import { logError } from '../http/error-log';
import type { RequestContext } from '../http/context';
import type { SessionTicket } from '../sessions/session';
import type { FoundSession } from '../sessions/session-store';

/** The live session a request belongs to, and the ticket that opens it. */
export interface RequestSession extends FoundSession {
  readonly ticket: SessionTicket;
}

/**
 * What the request's session cookie says; `undefined` when there is none that this app signed.
 * @param now `any` takes one whose session has expired, too
 */
export function findTicket(
  context: RequestContext,
  now: number | 'any' = context.now,
): Promise<SessionTicket | undefined> {
  const { requestCookies, services, signal } = context;
  return readSessionCookie(requestCookies, {
    keyRing: services.keyRing,
    site: services.settings,
    verifiedTexts: services.verifiedTexts,
    now,
    signal,
  });
}

/**
 * The request's live session as it is stored; `undefined` for the signed out.
 * @param withTokens reads the token cache in the same round trip
 * @throws ERR_STORAGE_UNAVAILABLE, ERR_KEYS_UNAVAILABLE: never a guess
 */
export async function findSession(
  context: RequestContext,
  { withTokens = false }: { readonly withTokens?: boolean } = {},
): Promise<RequestSession | undefined> {
  const ticket = await findTicket(context);
  if (ticket === undefined) return undefined;
  const { services, now, signal } = context;
  const { sessions } = services;
  const found = withTokens
    ? await sessions.readWithTokens(ticket, now, signal)
    : await sessions.read(ticket, now, signal);
  return found === undefined ? undefined : { ...found, ticket };
}

/**
 * Keeps a session in use: the provider vouches for it again when that was long ago, and its idle limit moves on past
 * half of it. `undefined` when it was ended meanwhile.
 * @param slide false leaves the idle limit alone, for calls that are no sign of a person
 * @throws as `Revalidate`
 */
export async function keepSession(
  context: RequestContext,
  found: RequestSession,
  slide: boolean,
): Promise<RequestSession | undefined> {
  const { services, now, signal } = context;
  const { ticket } = found;
  const verified = await services.revalidate({
    ...{ ticket, found, slide, now, signal },
    report: (error) => {
      logError(context, error);
    },
  });
  if (verified === undefined) return undefined;
  if (!slide) return { ...verified, ticket };
  // Writes nothing when the run above, which may have been another request's, has moved the limit on already.
  const session = await services.sessions.renew(ticket, verified, now, signal);
  return session === undefined ? undefined : { ...verified, session, ticket };
}
