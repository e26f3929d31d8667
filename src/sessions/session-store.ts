import { AppError } from '../errors';
import type { Row } from '../storage/table';
import {
  endAllSessions,
  endEverybody,
  endSession,
  endSessionsOf,
  endSessionsOfSid,
  endTicket,
} from './end-sessions';
import { findOverLimit, findSession, listSessions, searchSessions } from './find-sessions';
import {
  beginSession,
  createSessionId,
  describeDevice,
  isLive,
  renewedIdleExpiry,
  type Session,
  type SessionData,
  sessionKeyOf,
  type SessionTicket,
  type User,
} from './session';
import {
  type FoundSession,
  parseSessionRow,
  parseTokensRow,
  sessionAddress,
  type SessionStorage,
  sessionRowOf,
  sidIndexRowOf,
  type StoredTokens,
  tokensAddress,
  tokensRowOf,
  toRowTime,
} from './session-rows';

export type { FoundSession } from './session-rows';

/**
 * Sessions and their token caches in the table. Every method throws ERR_STORAGE_UNAVAILABLE or ERR_KEYS_UNAVAILABLE
 * when it cannot know; it never guesses that somebody is signed out.
 */
export type SessionStore = ReturnType<typeof createSessionStore>;

/** The functions of this folder over one table and key ring. It keeps nothing: any number of instances may share both. */
export function createSessionStore(storage: SessionStorage) {
  const over =
    <Args extends readonly unknown[], Result>(
      work: (storage: SessionStorage, ...args: Args) => Result,
    ) =>
    (...args: Args): Result =>
      work(storage, ...args);
  return {
    open: over(openSession),
    read: over(readSession),
    readWithTokens: over(readSessionWithTokens),
    readLast: over(readLastSession),
    readTokens: over(readTokens),
    writeTokens: over(writeTokens),
    renew: over(renewSession),
    update: over(updateSession),
    writeData: over(writeData),
    end: over(endTicket),
    endNamed: over(endSession),
    endAllOf: over(endAllSessions),
    endMany: over(endSessionsOf),
    endAllOfSid: over(endSessionsOfSid),
    endEverybody: over(endEverybody),
    listLive: over(listSessions),
    search: over(searchSessions),
    findNamed: over(findSession),
    findOverLimit: over(findOverLimit),
  };
}

/** What a sign-in brings. */
export interface NewSession {
  /** With all roles. */
  readonly user: User;
  /** The roles that the app's own code added. */
  readonly addedRoles?: readonly string[];
  readonly data?: SessionData;
  readonly sid: string | undefined;
  readonly loginHint: string | undefined;
  readonly verifiedAt: number;
  readonly acrs?: readonly string[] | undefined;
  readonly authTime?: number | undefined;
  readonly isPersistent?: boolean;
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

/**
 * Opens a session under a new id, its two rows in one transaction. The entry of the `sid` index comes second, so a sign-out at
 * the provider that finds it finds the session, too. One that comes before the entry finds nothing, as one that comes before the
 * provider's answer does. 1 transaction; with a `sid` also 1 insert.
 * @throws ERR_STORAGE_UNAVAILABLE, ERR_STORAGE_LIMIT, ERR_KEYS_UNAVAILABLE: nobody gets a ticket then, so what was written
 *   until then opens nothing and expires
 */
async function openSession(
  storage: SessionStorage,
  opening: NewSession,
): Promise<{ readonly session: Session; readonly ticket: SessionTicket }> {
  const { user, sid, loginHint, verifiedAt, isStepUp = false, stepUps, now, signal } = opening;
  const { acrs = [], authTime, isPersistent = false, addedRoles = [], data = {} } = opening;
  const steppedUpAt = isStepUp ? now : undefined;
  const times = beginSession(now, storage.limits);
  const known = { user, addedRoles, data, sid, loginHint, steppedUpAt, stepUps };
  const session = { ...known, acrs, authTime, isPersistent, verifiedAt, ...times };
  const { userKey } = user;
  const { expiresAt } = times;
  const ticket = { userKey, sessionId: createSessionId(), issuedAt: now, expiresAt };
  await insertRows(storage, opening, session, ticket);
  if (sid !== undefined) {
    const sessionKey = sessionKeyOf(ticket.sessionId);
    try {
      await storage.table.insert(sidIndexRowOf(sid, { userKey, sessionKey, expiresAt }), signal);
    } catch (error) {
      // Nobody can open the session, but lists would show it, and SESSION_LIMIT would end another one for it.
      await endSession(storage, { userKey, sessionKey }, signal).catch(() => undefined);
      throw error;
    }
  }
  return { session, ticket };
}

async function insertRows(
  { table, keyRing }: SessionStorage,
  { tokenCache, userAgent, signal }: NewSession,
  session: Session,
  ticket: SessionTicket,
): Promise<void> {
  const opener = { tableName: table.name, ringKey: await keyRing.current(signal), ticket };
  const rows = [
    sessionRowOf({ session, device: describeDevice(userAgent) }, opener),
    tokensRowOf(tokenCache, opener),
  ];
  const inserts = rows.map((row) => ({ action: 'insert' as const, ...row }));
  const { outcome } = await table.transact(ticket.userKey, inserts, signal);
  // Nobody else can draw the same 32 bytes: `exists` is our own request, sent again after its answer got lost.
  if (outcome !== 'done' && outcome !== 'exists') {
    throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: `an insert was answered ${outcome}` });
  }
}

/**
 * The live session that a ticket opens, without its tokens. 1 point read.
 * @returns `undefined` for a session that has expired, was ended, or cannot be decrypted
 */
async function readSession(
  storage: SessionStorage,
  ticket: SessionTicket,
  now: number,
  signal: AbortSignal,
): Promise<FoundSession | undefined> {
  // The ticket is signed, the times in the row are not.
  if (now >= ticket.expiresAt) return undefined;
  const found = await readLastSession(storage, ticket, signal);
  return found !== undefined && isLive(found.session, now) ? found : undefined;
}

/** The live session that a ticket opens, with its tokens. 2 point reads side by side. */
async function readSessionWithTokens(
  storage: SessionStorage,
  ticket: SessionTicket,
  now: number,
  signal: AbortSignal,
): Promise<FoundSession | undefined> {
  const [found, tokens] = await Promise.all([
    readSession(storage, ticket, now, signal),
    readTokens(storage, ticket, signal),
  ]);
  return found && { ...found, tokens };
}

/**
 * The session that a ticket opens, as it was last, live or expired, until it is swept. It is good for signing out only:
 * what it says of the user may be long out of date. 1 point read.
 */
async function readLastSession(
  { table, keyRing, onUnreadable }: SessionStorage,
  ticket: SessionTicket,
  signal: AbortSignal,
): Promise<FoundSession | undefined> {
  const row = await table.read(sessionAddress(ticket), signal);
  if (row === undefined) return undefined;
  const ringKey = await keyRing.find(kidOf(row), signal);
  const found = ringKey && parseSessionRow(row, { tableName: table.name, ringKey, ticket });
  if (found === undefined) {
    onUnreadable?.(ringKey === undefined ? 'kid' : 'data', ticket.userKey);
    return undefined;
  }
  return { ...found, etag: row.etag, tokens: undefined };
}

/** The token cache that a ticket opens; `undefined` when there is none that can be opened. 1 point read. */
async function readTokens(
  { table, keyRing, onUnreadable }: SessionStorage,
  ticket: SessionTicket,
  signal: AbortSignal,
): Promise<StoredTokens | undefined> {
  const row = await table.read(tokensAddress(ticket), signal);
  if (row === undefined) return undefined;
  const ringKey = await keyRing.find(kidOf(row), signal);
  const tokenCache = ringKey && parseTokensRow(row, { tableName: table.name, ringKey, ticket });
  if (tokenCache === undefined) {
    onUnreadable?.(ringKey === undefined ? 'kid' : 'tokens', ticket.userKey);
    return undefined;
  }
  return { tokenCache, etag: row.etag };
}

function kidOf({ properties: { kid } }: Row): string {
  return typeof kid === 'string' ? kid : '';
}

/** `missing`: the session was ended meanwhile and stays ended. `conflict`: somebody else wrote since. */
type WriteOutcome = 'written' | 'missing' | 'conflict';

/** Replaces the token cache if it still has the version `etag`. 1 write. */
async function writeTokens(
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

/**
 * Moves the idle limit on when less than half of the idle time is left: 1 write then, else none. When another request
 * wrote first, the session stays as it was read.
 * @returns the session as it is now, with its new version; `undefined` when it was ended meanwhile
 */
async function renewSession(
  { table, limits }: SessionStorage,
  ticket: SessionTicket,
  found: FoundSession,
  now: number,
  signal: AbortSignal,
): Promise<FoundSession | undefined> {
  const { session, etag } = found;
  const idleExpiresAt = renewedIdleExpiry(session, now, limits);
  if (idleExpiresAt === undefined) return found;
  const properties = { idleExpiresAt: toRowTime(idleExpiresAt) };
  const merged = await table.merge({ ...sessionAddress(ticket), properties }, etag, signal);
  if (merged.outcome === 'missing') return undefined;
  if (merged.outcome !== 'written') return found;
  return { ...found, session: { ...session, idleExpiresAt }, etag: merged.etag };
}

/**
 * Replaces the app's data if the session still has the version that was found. 1 write.
 * @returns the session as it is now, with its new version; or why it was not written
 */
async function writeData(
  { table, keyRing }: SessionStorage,
  ticket: SessionTicket,
  found: FoundSession,
  data: SessionData,
  signal: AbortSignal,
): Promise<FoundSession | Exclude<WriteOutcome, 'written'>> {
  const session = { ...found.session, data };
  const opener = { tableName: table.name, ringKey: await keyRing.current(signal), ticket };
  const row = sessionRowOf({ session, device: found.device }, opener);
  const written = await table.replace(row, found.etag, signal);
  return written.outcome === 'written'
    ? { ...found, session, etag: written.etag }
    : written.outcome;
}

/** What a later verified ID token changes. */
interface VerifiedAgain {
  readonly found: FoundSession;
  readonly user: User;
  readonly sid: string | undefined;
  readonly loginHint: string | undefined;
  /** Unless given, it stays as it was; so does `authTime`. */
  readonly acrs?: readonly string[];
  readonly authTime?: number | undefined;
  readonly verifiedAt: number;
  /** The cache that the ID token came with, and the version of the one that it replaces. */
  readonly tokens: StoredTokens;
  /** False leaves the idle limit alone. */
  readonly slide: boolean;
}

/**
 * Lets claims and roles follow a later ID token: both rows in one transaction, and only if nobody wrote meanwhile. It
 * also moves the idle limit on when that is due, so that no second write is needed.
 * @returns the session as it is now, with its new versions; or why it was not written
 */
async function updateSession(
  { table, keyRing, limits }: SessionStorage,
  ticket: SessionTicket,
  again: VerifiedAgain,
  now: number,
  signal: AbortSignal,
): Promise<FoundSession | Exclude<WriteOutcome, 'written'>> {
  const { found, user, sid, loginHint, verifiedAt, tokens, slide } = again;
  if (user.userKey !== ticket.userKey) {
    throw new AppError('ERR_INTERNAL', { note: "a session must not take another user's claims" });
  }
  const { session, device, etag } = found;
  const renewed = slide ? renewedIdleExpiry(session, now, limits) : undefined;
  const idleExpiresAt = renewed ?? session.idleExpiresAt;
  const { acrs = session.acrs, authTime = session.authTime } = again;
  const facts = { user, sid, loginHint, acrs, authTime, verifiedAt };
  const updated = { ...session, ...facts, idleExpiresAt };
  const opener = { tableName: table.name, ringKey: await keyRing.current(signal), ticket };
  const sessionRow = sessionRowOf({ session: updated, device }, opener);
  const tokensRow = tokensRowOf(tokens.tokenCache, opener);
  const written = await table.transact(
    ticket.userKey,
    [
      { action: 'replace', ...sessionRow, etag },
      { action: 'replace', ...tokensRow, etag: tokens.etag },
    ],
    signal,
  );
  if (written.outcome !== 'done') return written.outcome === 'missing' ? 'missing' : 'conflict';
  const [sessionEtag = '', tokensEtag = ''] = written.etags;
  const { tokenCache } = tokens;
  return { session: updated, device, etag: sessionEtag, tokens: { tokenCache, etag: tokensEtag } };
}
