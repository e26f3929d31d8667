import { endAllSessions } from './end-all-sessions';
import type { SessionName } from './end-session';
import { endSession } from './end-session';
import { endSessionsOfSid } from './end-sessions-of-sid';
import type { ListWishes, SessionsPage, SessionSummary } from './list-sessions';
import { findSummary, listSessions } from './list-sessions';
import type { NewSession, OpenedSession } from './open-session';
import { openSession } from './open-session';
import { readLastSession, readSession, readSessionWithTokens, readTokens } from './read-session';
import type { UpdateOutcome, VerifiedAgain, WriteOutcome } from './rewrite-session';
import { renewSession, updateSession, writeTokens } from './rewrite-session';
import type { SearchedPage, SearchWishes } from './search-sessions';
import { searchSessions } from './search-sessions';
import type { Session, SessionTicket } from './session';
import { sessionKeyOf } from './session-key';
import type { FoundSession, SessionParts, StoredTokens } from './session-parts';

export type { FoundSession } from './session-parts';

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
  listLive(wishes: ListWishes): Promise<SessionsPage>;
  /** Live sessions of people whose name or address holds a text. At most 10 lists a call. */
  search(wishes: SearchWishes): Promise<SearchedPage>;
  /** One live session by its name in a list. 1 point read. */
  findNamed(
    name: SessionName,
    now: number,
    signal: AbortSignal,
  ): Promise<SessionSummary | undefined>;
}

/** The store over one table and key ring. Keeps nothing itself: any number of instances may share the table. */
export function createSessionStore(parts: SessionParts): SessionStore {
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
    listLive: (wishes) => listSessions(parts, wishes),
    search: (wishes) => searchSessions(parts, wishes),
    findNamed: (name, now, signal) => findSummary(parts, name, now, signal),
  };
}
