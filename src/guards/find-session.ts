import { readSessionCookie } from '../cookies/session-cookie';
import type { Exchange } from '../http/exchange';
import type { FoundSession } from '../sessions/session-store';
import type { SessionTicket } from '../sessions/session';

interface FindOptions {
  /** Reads the token cache in the same round trip. */
  readonly withTokens?: boolean;
  /** False leaves the session's idle time alone, for calls that are no sign of a person. */
  readonly slide?: boolean;
}

/** The live session a request belongs to, and the ticket that opens it. */
export interface RequestSession extends FoundSession {
  readonly ticket: SessionTicket;
}

/** What the request's session cookie says; `undefined` when there is none that this app signed. */
export function findTicket(exchange: Exchange): Promise<SessionTicket | undefined> {
  const { request, services, now, signal } = exchange;
  return readSessionCookie(request.headers.get('cookie'), {
    keyRing: services.keyRing,
    isHttps: services.settings.isHttps,
    now,
    signal,
  });
}

/**
 * The request's live session, renewed past half of its idle time; `undefined` for the signed out.
 * @throws ERR_STORAGE_UNAVAILABLE, ERR_KEYS_UNAVAILABLE: never a guess
 */
export async function findSession(
  exchange: Exchange,
  { withTokens = false, slide = true }: FindOptions = {},
): Promise<RequestSession | undefined> {
  const ticket = await findTicket(exchange);
  if (ticket === undefined) return undefined;
  const { services, now, signal } = exchange;
  const { sessions } = services;
  const found = withTokens
    ? await sessions.readWithTokens(ticket, now, signal)
    : await sessions.read(ticket, now, signal);
  if (found === undefined) return undefined;
  if (!slide) return { ...found, ticket };
  const session = await sessions.renew(ticket, found, now, signal);
  return session === undefined ? undefined : { ...found, session, ticket };
}
