import { AppError } from '../errors';
import type { Row } from '../storage/table';
import { endAllSessions, endSession, endSessionsOfSid, type SessionName } from './end-sessions';
import {
  findSummary,
  listSessions,
  type ListOptions,
  type SearchedPage,
  searchSessions,
  type SearchOptions,
  type SessionsPage,
  type SessionSummary,
} from './find-sessions';
import {
  beginSession,
  createSessionId,
  describeDevice,
  isLive,
  renewedIdleExpiry,
  type Session,
  sessionKeyOf,
  type SessionLimits,
  type SessionTicket,
  type User,
} from './session';
import {
  addressOf,
  type FoundSession,
  isSidEnded,
  parseSessionRow,
  parseTokensRow,
  type SessionStorage,
  sessionRowOf,
  sidIndexAddress,
  sidIndexRowOf,
  type StoredTokens,
  tokensAddressOf,
  tokensRowOf,
  toRowTime,
} from './session-rows';

export type { FoundSession } from './session-rows';

/**
 * Sessions and their token caches in the table. Every method throws ERR_STORAGE_UNAVAILABLE or
 * ERR_KEYS_UNAVAILABLE when it cannot know, rather than guess that somebody is signed out.
 */
export interface SessionStore {
  /**
   * A new session under a new id; ERR_SIGNED_OUT when the provider signed the person out meanwhile. 1 transaction, +1
   * insert and 1 point read with a `sid`.
   */
  open(opening: NewSession): Promise<OpenedSession>;
  /** The live session a ticket opens, without its tokens. 1 point read. */
  read(ticket: SessionTicket, now: number, signal: AbortSignal): Promise<FoundSession | undefined>;
  /** The same with its tokens. 2 point reads side by side. */
  readWithTokens(
    ticket: SessionTicket,
    now: number,
    signal: AbortSignal,
  ): Promise<FoundSession | undefined>;
  /** The session a ticket opens, live or expired, for signing out alone. 1 point read. */
  readLast(ticket: SessionTicket, signal: AbortSignal): Promise<FoundSession | undefined>;
  /** The tokens alone. 1 point read. */
  readTokens(ticket: SessionTicket, signal: AbortSignal): Promise<StoredTokens | undefined>;
  /** Rewrites the tokens if they still have `tokens.etag`. 1 write. */
  writeTokens(
    ticket: SessionTicket,
    tokens: StoredTokens,
    now: number,
    signal: AbortSignal,
  ): Promise<WriteOutcome>;
  /** Moves the idle limit on when less than half is left: 1 write then, else none. `undefined` when it was ended. */
  renew(
    ticket: SessionTicket,
    found: FoundSession,
    now: number,
    signal: AbortSignal,
  ): Promise<Session | undefined>;
  /** Lets claims follow a later ID token. 1 transaction. */
  update(ticket: SessionTicket, again: VerifiedAgain): Promise<UpdateOutcome>;
  /** Ends the ticket's session; `session`, if it was read, tells its `sid`. 1 transaction, +1 delete with a `sid`. */
  end(
    ticket: SessionTicket,
    session: Pick<Session, 'sid'> | undefined,
    signal: AbortSignal,
  ): Promise<void>;
  /** Ends a session by its name in a list, as often as one likes; false when it was not there. 1 transaction. */
  endNamed(name: SessionName, signal: AbortSignal): Promise<boolean>;
  /** Ends all sessions of a user, or all but one, and tells how many. 1 list, 1 transaction for 50 sessions. */
  endAllOf(userKey: string, signal: AbortSignal, except?: string): Promise<number>;
  /** Ends the sessions that came of one session at the provider: 1 list, 1 transaction a user and 2 of the index. Tells how many, by user key. */
  endAllOfSid(sid: string, signal: AbortSignal): Promise<ReadonlyMap<string, number>>;
  /** Live sessions, of everybody or of one user. */
  listLive(options: ListOptions): Promise<SessionsPage>;
  /** Live sessions of people whose name or address holds a text. At most 10 lists a call. */
  search(options: SearchOptions): Promise<SearchedPage>;
  /** One live session by its name in a list. 1 point read. */
  findNamed(
    name: SessionName,
    now: number,
    signal: AbortSignal,
  ): Promise<SessionSummary | undefined>;
}

/** The store over one table and key ring. Keeps nothing itself: any number of instances may share the table. */
export function createSessionStore(parts: SessionStorage): SessionStore {
  const { table } = parts;
  return {
    open: (opening) => openSession(parts, opening),
    read: (ticket, now, signal) => readSession(parts, ticket, now, signal),
    readWithTokens: (ticket, now, signal) => readSessionWithTokens(parts, ticket, now, signal),
    readLast: (ticket, signal) => readLastSession(parts, ticket, signal),
    readTokens: (ticket, signal) => readTokens(parts, ticket, signal),
    writeTokens: (ticket, tokens, now, signal) => writeTokens(parts, ticket, tokens, now, signal),
    renew: (ticket, found, now, signal) => renewSession(parts, ticket, found, now, signal),
    update: (ticket, again) => updateSession(parts, ticket, again),
    end: async ({ userKey, sessionId }, session, signal) => {
      const sessionKey = sessionKeyOf(sessionId);
      await endSession(table, { userKey, sessionKey, sid: session?.sid }, signal);
    },
    endNamed: (name, signal) => endSession(table, name, signal),
    endAllOf: (userKey, signal, exceptSessionKey) =>
      endAllSessions(table, { userKey, exceptSessionKey }, signal),
    endAllOfSid: (sid, signal) => endSessionsOfSid(table, sid, signal),
    listLive: (options) => listSessions(parts, options),
    search: (options) => searchSessions(parts, options),
    findNamed: (name, now, signal) => findSummary(parts, name, now, signal),
  };
}

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
  parts: SessionStorage,
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
  { table, keyRing }: SessionStorage,
  { sid, tokenCache, userAgent, signal }: NewSession,
  session: Session,
  ticket: SessionTicket,
): Promise<void> {
  const { userKey, expiresAt } = ticket;
  const rowKeys = { tableName: table.name, ringKey: await keyRing.current(signal), ticket };
  const rows = [
    sessionRowOf({ session, device: describeDevice(userAgent) }, rowKeys),
    tokensRowOf(tokenCache, rowKeys),
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

/**
 * The live session a ticket opens, by one point read. One that is expired, ended, or cannot be
 * decrypted is `undefined`: there is no session then.
 */
export async function readSession(
  parts: SessionStorage,
  ticket: SessionTicket,
  now: number,
  signal: AbortSignal,
): Promise<FoundSession | undefined> {
  // The ticket is signed, the times in the row are not.
  if (now >= ticket.expiresAt) return undefined;
  const found = await readLastSession(parts, ticket, signal);
  return found !== undefined && isLive(found.session, now) ? found : undefined;
}

/**
 * The session a ticket opens as it was last, live or expired, until it is swept. Good for nothing but signing out: what
 * it tells of the user may be long out of date.
 */
export async function readLastSession(
  { table, keyRing, onUnreadable }: SessionStorage,
  ticket: SessionTicket,
  signal: AbortSignal,
): Promise<FoundSession | undefined> {
  const row = await table.read(addressOf(ticket), { signal });
  if (row === undefined) return undefined;
  const ringKey = await keyRing.find(kidOf(row), signal);
  const found = ringKey && parseSessionRow(row, { tableName: table.name, ringKey, ticket });
  if (found === undefined) {
    onUnreadable?.(ringKey === undefined ? 'kid' : 'data', ticket.userKey);
    return undefined;
  }
  return { ...found, etag: row.etag, tokens: undefined };
}

/** The token cache a ticket opens, by one point read; `undefined` when there is none to be opened. */
export async function readTokens(
  { table, keyRing, onUnreadable }: SessionStorage,
  ticket: SessionTicket,
  signal: AbortSignal,
): Promise<StoredTokens | undefined> {
  const row = await table.read(tokensAddressOf(ticket), { signal });
  if (row === undefined) return undefined;
  const ringKey = await keyRing.find(kidOf(row), signal);
  const tokenCache = ringKey && parseTokensRow(row, { tableName: table.name, ringKey, ticket });
  if (tokenCache === undefined) {
    onUnreadable?.(ringKey === undefined ? 'kid' : 'tokens', ticket.userKey);
    return undefined;
  }
  return { tokenCache, etag: row.etag };
}

/** Session and token cache in the time of one round trip: two point reads side by side. */
export async function readSessionWithTokens(
  parts: SessionStorage,
  ticket: SessionTicket,
  now: number,
  signal: AbortSignal,
): Promise<FoundSession | undefined> {
  const [found, tokens] = await Promise.all([
    readSession(parts, ticket, now, signal),
    readTokens(parts, ticket, signal),
  ]);
  return found && { ...found, tokens };
}

function kidOf({ properties }: Row): string {
  const { kid } = properties;
  return typeof kid === 'string' ? kid : '';
}

/** `missing`: the session was ended meanwhile and stays ended. `conflict`: somebody else wrote since. */
export type WriteOutcome = 'written' | 'missing' | 'conflict';

/**
 * Moves the idle limit on once less than half of it is left, by one write; before that it costs
 * nothing. When another request wrote first, the session stays as it was read.
 * @returns the session as it is now, or `undefined` when it was ended meanwhile
 */
export async function renewSession(
  { table, limits }: SessionStorage,
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
  { table, keyRing }: SessionStorage,
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
  { table, keyRing, limits }: SessionStorage,
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
