import { AppError } from '../errors';
import { toRowTime } from './row-time';
import type { Session, SessionTicket, User } from './session';
import { renewedIdleExpiry } from './session';
import type { FoundSession, SessionParts, StoredTokens } from './session-parts';
import { addressOf, sessionRowOf } from './session-row';
import { tokensRowOf } from './token-cache-row';

/** `missing`: the session was ended meanwhile and stays ended. `conflict`: somebody else wrote since. */
export type WriteOutcome = 'written' | 'missing' | 'conflict';

/**
 * Moves the idle limit on once less than half of it is left, by one write; before that it costs
 * nothing. When another request wrote first, the session stays as it was read.
 * @returns the session as it is now, or `undefined` when it was ended meanwhile
 */
export async function renewSession(
  { table, limits }: SessionParts,
  ticket: SessionTicket,
  { session, etag }: FoundSession,
  now: number,
  signal: AbortSignal,
): Promise<Session | undefined> {
  const idleExpiresAt = renewedIdleExpiry(session, now, limits);
  if (idleExpiresAt === undefined) return session;
  const row = {
    ...addressOf(ticket),
    properties: { idleExpiresAt: toRowTime(idleExpiresAt) },
  };
  const { outcome } = await table.merge(row, etag, signal);
  if (outcome === 'missing') return undefined;
  return outcome === 'written' ? { ...session, idleExpiresAt } : session;
}

/** Puts a new token cache in the place of the one that has `etag`. */
export async function writeTokens(
  { table, keyRing }: SessionParts,
  ticket: SessionTicket,
  { tokenCache, etag }: StoredTokens,
  now: number,
  signal: AbortSignal,
): Promise<WriteOutcome> {
  if (now >= ticket.expiresAt) return 'missing';
  const ringKey = await keyRing.current(signal);
  const row = tokensRowOf(tokenCache, { tableName: table.name, ringKey, ticket });
  const { outcome } = await table.replace(row, etag, signal);
  return outcome;
}

/** What a later verified ID token changes. */
export interface VerifiedAgain {
  readonly found: FoundSession;
  readonly user: User;
  readonly sid: string | undefined;
  readonly loginHint: string | undefined;
  readonly verifiedAt: number;
  /** The cache the ID token came with, and the version of the one it replaces. */
  readonly tokens: StoredTokens;
  /** False leaves the idle limit alone. */
  readonly slide: boolean;
  readonly now: number;
  readonly signal: AbortSignal;
}

/** The session as it is now, with the versions it was written under; or why it was not written. */
export type UpdateOutcome = FoundSession | Exclude<WriteOutcome, 'written'>;

/**
 * Lets claims and roles follow a later ID token: both rows in one transaction, both only if nobody
 * wrote meanwhile. Also renews the idle limit when that is due, so that no second write is needed.
 */
export async function updateSession(
  { table, keyRing, limits }: SessionParts,
  ticket: SessionTicket,
  { found, user, sid, loginHint, verifiedAt, tokens, slide, now, signal }: VerifiedAgain,
): Promise<UpdateOutcome> {
  if (user.userKey !== ticket.userKey) {
    throw new AppError('ERR_INTERNAL', { note: "a session must not take another user's claims" });
  }
  const { session, device, etag } = found;
  const renewed = slide ? renewedIdleExpiry(session, now, limits) : undefined;
  const idleExpiresAt = renewed ?? session.idleExpiresAt;
  const updated = { ...session, user, sid, loginHint, verifiedAt, idleExpiresAt };
  const opening = { tableName: table.name, ringKey: await keyRing.current(signal), ticket };
  const sessionRow = sessionRowOf({ session: updated, device }, opening);
  const tokensRow = tokensRowOf(tokens.tokenCache, opening);
  const written = await table.transact(
    ticket.userKey,
    [
      { action: 'replace', ...sessionRow, etag },
      { action: 'replace', ...tokensRow, etag: tokens.etag },
    ],
    signal,
  );
  if (written.outcome !== 'done') return written.outcome === 'missing' ? 'missing' : 'conflict';
  const [sessionEtag, tokensEtag] = written.etags;
  return {
    session: updated,
    device,
    etag: sessionEtag ?? '',
    tokens: { tokenCache: tokens.tokenCache, etag: tokensEtag ?? '' },
  };
}
