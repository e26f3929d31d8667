import { AppError } from '../errors';
import { describeDevice } from './describe-device';
import { endSession } from './end-session';
import type { Session, SessionLimits, SessionTicket, User } from './session';
import { beginSession } from './session';
import { createSessionId, sessionKeyOf } from './session-key';
import type { SessionParts } from './session-parts';
import { sessionRowOf } from './session-row';
import { isSidEnded, sidIndexAddress, sidIndexRowOf } from './sid-index-row';
import { tokensRowOf } from './token-cache-row';

export interface NewSession {
  readonly user: User;
  readonly sid: string | undefined;
  readonly loginHint: string | undefined;
  readonly verifiedAt: number;
  /** True when the sign-in was a step-up. */
  readonly isStepUp?: boolean;
  /** The names of the step-ups that led to it, within a minute of each other. */
  readonly stepUps?: readonly string[] | undefined;
  /** MSAL's serialized cache. */
  readonly tokenCache: string;
  /** The request's `User-Agent`; only words made of it are kept. */
  readonly userAgent: string | undefined;
  readonly now: number;
  readonly signal: AbortSignal;
}

export interface OpenedSession {
  readonly session: Session;
  readonly ticket: SessionTicket;
}

/**
 * Opens a session under a new id, its two rows in one transaction. The `sid` index comes first: an
 * entry that leads nowhere is harmless, a session that sign-out at the provider cannot find is not. A sign-out that
 * came between the two has found the entry and marked it, so the entry is looked at once more.
 * @throws ERR_SIGNED_OUT when the provider signed the person out meanwhile: the session has ended again;
 *   ERR_STORAGE_UNAVAILABLE, ERR_STORAGE_LIMIT, ERR_KEYS_UNAVAILABLE: nobody gets a ticket then, so what was
 *   written until then opens nothing and expires
 */
export async function openSession(
  parts: SessionParts,
  opening: NewSession,
): Promise<OpenedSession> {
  const { user, sid, now, signal } = opening;
  const session = sessionOf(opening, parts.limits);
  const ticket = {
    userKey: user.userKey,
    sessionId: createSessionId(),
    issuedAt: now,
    expiresAt: session.expiresAt,
  };
  await insertRows(parts, opening, session, ticket);
  if (sid === undefined) return { session, ticket };
  const name = { userKey: user.userKey, sessionKey: sessionKeyOf(ticket.sessionId), sid };
  const entry = await parts.table.read(sidIndexAddress(sid, name.sessionKey), { signal });
  if (!isSidEnded(entry)) return { session, ticket };
  await endSession(parts.table, name, signal);
  throw new AppError('ERR_SIGNED_OUT', { note: 'the provider signed out meanwhile' });
}

function sessionOf(
  { user, sid, loginHint, verifiedAt, isStepUp = false, stepUps, now }: NewSession,
  limits: SessionLimits,
): Session {
  const steppedUpAt = isStepUp ? now : undefined;
  return { user, sid, loginHint, steppedUpAt, stepUps, verifiedAt, ...beginSession(now, limits) };
}

async function insertRows(
  { table, keyRing }: SessionParts,
  { sid, tokenCache, userAgent, signal }: NewSession,
  session: Session,
  ticket: SessionTicket,
): Promise<void> {
  const { userKey, expiresAt } = ticket;
  const place = { tableName: table.name, ringKey: await keyRing.current(signal), ticket };
  const rows = [
    sessionRowOf({ session, device: describeDevice(userAgent) }, place),
    tokensRowOf(tokenCache, place),
  ];
  if (sid !== undefined) {
    const sessionKey = sessionKeyOf(ticket.sessionId);
    await table.insert(sidIndexRowOf(sid, { userKey, sessionKey, expiresAt }), signal);
  }
  const inserts = rows.map((row) => ({ action: 'insert' as const, ...row }));
  const { outcome } = await table.transact(userKey, inserts, signal);
  // Nobody else can draw the same 32 bytes: `exists` is our own request, sent again after its answer got lost.
  if (outcome !== 'done' && outcome !== 'exists') {
    throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: `an insert was answered ${outcome}` });
  }
}
