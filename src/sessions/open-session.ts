import { AppError } from '../errors';
import { describeDevice } from './describe-device';
import { endSession } from './end-session';
import type { Session, SessionTicket, User } from './session';
import { beginSession } from './session';
import { createSessionId, sessionKeyOf } from './session-key';
import type { SessionParts } from './session-parts';
import { sessionRowOf } from './session-row';
import { sidIndexRowOf } from './sid-index-row';
import { tokensRowOf } from './token-cache-row';

export interface NewSession {
  readonly user: User;
  readonly sid: string | undefined;
  readonly loginHint: string | undefined;
  readonly verifiedAt: number;
  /** MSAL's serialized cache. */
  readonly tokenCache: string;
  /** The request's `User-Agent`; only words made of it are kept. */
  readonly userAgent: string | undefined;
  /** The session this browser had until now: it is ended. */
  readonly former?: SessionTicket | undefined;
  readonly now: number;
  readonly signal: AbortSignal;
}

export interface OpenedSession {
  readonly session: Session;
  readonly ticket: SessionTicket;
}

/**
 * Opens a session under a new id, its two rows in one transaction. The `sid` index comes first: an
 * entry that leads nowhere is harmless, a session that sign-out at the provider cannot find is not.
 * @throws ERR_STORAGE_UNAVAILABLE, ERR_STORAGE_LIMIT, ERR_KEYS_UNAVAILABLE; no session is open then
 */
export async function openSession(
  { table, keyRing, limits }: SessionParts,
  { user, sid, loginHint, verifiedAt, tokenCache, userAgent, former, now, signal }: NewSession,
): Promise<OpenedSession> {
  const ringKey = await keyRing.current(signal);
  const session = { user, sid, loginHint, verifiedAt, ...beginSession(now, limits) };
  const { expiresAt } = session;
  const ticket = {
    userKey: user.userKey,
    sessionId: createSessionId(),
    issuedAt: now,
    expiresAt,
  };
  const opening = { tableName: table.name, ringKey, ticket };
  const rows = [
    sessionRowOf({ session, device: describeDevice(userAgent) }, opening),
    tokensRowOf(tokenCache, opening),
  ];
  if (sid !== undefined) {
    const sessionKey = sessionKeyOf(ticket.sessionId);
    await table.insert(
      sidIndexRowOf(sid, { userKey: user.userKey, sessionKey, expiresAt }),
      signal,
    );
  }
  const inserts = rows.map((row) => ({ action: 'insert' as const, ...row }));
  const { outcome } = await table.transact(user.userKey, inserts, signal);
  // Nobody else can draw the same 32 bytes: `exists` is our own request, sent again after its answer got lost.
  if (outcome !== 'done' && outcome !== 'exists') {
    throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: `an insert was answered ${outcome}` });
  }
  if (former !== undefined) {
    const { userKey, sessionId } = former;
    await endSession(table, { userKey, sessionKey: sessionKeyOf(sessionId) }, signal);
  }
  return { session, ticket };
}
