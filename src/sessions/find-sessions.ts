import * as v from 'valibot';
import { AppError } from '../errors';
import { parseJson } from '../bodies';
import type { KeyRing, RingKey } from '../keys/encryption';
import { readPageInTime, type Row, type RowQuery } from '../storage/table';
import type { SessionName } from './end-sessions';
import { isLive } from './session';
import {
  parseSummary,
  parseTimes,
  sessionPrefix,
  sessionRowKey,
  type SessionStorage,
  type SummaryContent,
  toRowTime,
} from './session-rows';

/** A live session as lists show it. Times are epoch seconds. */
export interface SessionSummary extends SummaryContent {
  readonly userKey: string;
  /** Names the session, opens nothing. */
  readonly sessionKey: string;
  readonly createdAt: number;
  readonly idleExpiresAt: number;
  readonly expiresAt: number;
}

export interface SessionsPage {
  readonly sessions: readonly SessionSummary[];
  /** Where the next page begins; `undefined` when there is nothing more. */
  readonly continuation: string | undefined;
}

/** Which sessions to list. The type of `SessionStore` names it. */
export interface ListOptions {
  /** One user's sessions; everybody's without it. */
  readonly userKey?: string | undefined;
  readonly now: number;
  /** 1 to 1000. */
  readonly limit: number;
  readonly continuation?: string | undefined;
  readonly signal: AbortSignal;
  /** When it aborts, the list ends with what it has found, and the next call continues. The first page of a call is always read. */
  readonly stopSignal?: AbortSignal;
}

const unknown: SummaryContent = { name: 'unknown', username: 'unknown', device: 'unknown' };

/**
 * A scan of everybody may find little for a long time. Then the page is short, and the next one goes on. One user's
 * sessions are read to the end: their partition is small, and empty pages must not look like a user without sessions.
 */
const maxListPages = 10;

/**
 * Live sessions in the order of their keys, of everybody or of one user. One whose summary cannot be read is listed as
 * `unknown`: somebody who looks for strange sessions must not miss it.
 * @throws ERR_BAD_REQUEST for a continuation that no page ended with
 */
export async function listSessions(
  parts: SessionStorage,
  { userKey, now, limit, continuation, signal, stopSignal }: ListOptions,
): Promise<SessionsPage> {
  const sessions: SessionSummary[] = [];
  let next = continuation;
  for (let count = 0; userKey !== undefined || count < maxListPages; count += 1) {
    const pageSize = limit - sessions.length;
    const query = { ...liveSessions(now, userKey), pageSize, continuation: next };
    const page = await readPageInTime(
      parts.table,
      query,
      signal,
      count > 0 ? stopSignal : undefined,
    );
    if (page === undefined) break;
    const summaries = await Promise.all(page.rows.map((row) => summaryOf(parts, row, signal)));
    sessions.push(...summaries.filter((summary) => summary !== undefined));
    next = page.continuation;
    if (next === undefined || sessions.length >= limit) break;
  }
  return { sessions, continuation: next };
}

const selected = ['summary', 'kid', 'createdAt', 'idleExpiresAt', 'expiresAt'];

/** The query for all live sessions, or one user's. */
function liveSessions(now: number, userKey?: string): RowQuery {
  const time = toRowTime(now);
  return {
    ...(userKey !== undefined && { partitionKey: userKey }),
    rowKeyPrefix: sessionPrefix,
    conditions: [
      { property: 'idleExpiresAt', is: 'after', time },
      { property: 'expiresAt', is: 'after', time },
    ],
    select: selected,
  };
}

/** The live session with this name; `undefined` when there is none. 1 point read. */
export async function findSession(
  parts: SessionStorage,
  { userKey, sessionKey }: SessionName,
  now: number,
  signal: AbortSignal,
): Promise<SessionSummary | undefined> {
  const address = { partitionKey: userKey, rowKey: sessionRowKey(sessionKey) };
  const row = await parts.table.read({ ...address, select: selected }, signal);
  const summary = row && (await summaryOf(parts, row, signal));
  return summary !== undefined && isLive(summary, now) ? summary : undefined;
}

/**
 * Keys of the user's oldest live sessions, those over `limit`. Sign-ins that run at the same time find the
 * same order, so they end the same sessions and never each other's: the newest ones stay. 1 list.
 * @param exceptSessionKey a session that ends in any case, and so does not count
 */
export async function findOverLimit(
  { table }: Pick<SessionStorage, 'table'>,
  {
    userKey,
    limit,
    exceptSessionKey,
  }: { userKey: string; limit: number; exceptSessionKey?: string | undefined },
  now: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const live: { readonly sessionKey: string; readonly createdAt: number }[] = [];
  const query = {
    ...liveSessions(now, userKey),
    select: ['createdAt', 'idleExpiresAt', 'expiresAt'],
  };
  for await (const { rows } of table.list(query, signal)) {
    for (const row of rows) {
      const sessionKey = row.rowKey.slice(sessionPrefix.length);
      // A row without times opens nothing, and the sweep removes it.
      const times = sessionKey === exceptSessionKey ? undefined : parseTimes(row);
      if (times !== undefined) live.push({ sessionKey, createdAt: times.createdAt });
    }
  }
  const newestFirst = live.sort(
    (one, other) => other.createdAt - one.createdAt || (one.sessionKey < other.sessionKey ? -1 : 1),
  );
  return newestFirst.slice(limit).map(({ sessionKey }) => sessionKey);
}

/** What a row tells of a session; `undefined` when it has no times. */
async function summaryOf(
  { table, keyRing }: SessionStorage,
  row: Row,
  signal: AbortSignal,
): Promise<SessionSummary | undefined> {
  const times = parseTimes(row);
  if (times === undefined) return undefined;
  const ringKey = await findListKey(keyRing, row.properties['kid'], signal);
  const content = ringKey && parseSummary(row, { tableName: table.name, ringKey });
  return {
    ...(content ?? unknown),
    ...times,
    userKey: row.partitionKey,
    sessionKey: row.rowKey.slice(sessionPrefix.length),
  };
}

/**
 * The key of that name for a list; `undefined` also when it cannot be unwrapped now, because one key must not hide what
 * the others open.
 * @throws ERR_KEYS_UNAVAILABLE when the deadline passed
 */
export async function findListKey(
  keyRing: KeyRing,
  kid: unknown,
  signal: AbortSignal,
  onUnavailable?: (error: AppError) => void,
): Promise<RingKey | undefined> {
  if (typeof kid !== 'string') return undefined;
  try {
    return await keyRing.find(kid, signal);
  } catch (error) {
    if (!(error instanceof AppError) || signal.aborted) throw error;
    onUnavailable?.(error);
    return undefined;
  }
}

export interface SearchOptions {
  /** Words that name or address must contain, in upper or lower case; or the beginning of a user key, as in logs. */
  readonly text: string;
  readonly now: number;
  /** Sessions a page shows at most. */
  readonly limit: number;
  readonly continuation?: string | undefined;
  readonly signal: AbortSignal;
  /** As in {@link ListOptions}. */
  readonly stopSignal?: AbortSignal;
}

export interface SearchedPage extends SessionsPage {
  /** How many live sessions this call has read. */
  readonly searched: number;
}

/** Pages of the table that one call reads. Names are encrypted, so the table itself cannot search. */
const maxSearchPages = 10;
const storagePageSize = 1000;

/** Fewer characters of a key would find strangers. */
const shortestKeyPrefix = 6;

/** Where a search goes on: in which page of the table, and after which session of it. */
interface Position {
  readonly page: string | undefined;
  readonly after: string;
}

/**
 * Live sessions of people whose name or address contains a text, in the order of their keys. At most 10 lists a call, and
 * none after `stopSignal`. A page may be short or empty and not be the last: then `continuation` continues the search.
 * @throws ERR_BAD_REQUEST for a continuation that no search ended with
 */
export async function searchSessions(
  parts: SessionStorage,
  { text, now, limit, continuation, signal, stopSignal }: SearchOptions,
): Promise<SearchedPage> {
  const sessions: SessionSummary[] = [];
  const matches = matcherOf(text);
  let position =
    continuation === undefined ? { page: undefined, after: '' } : parsePosition(continuation);
  let searched = 0;
  for (let count = 0; count < maxSearchPages; count += 1) {
    const query = { ...liveSessions(now), pageSize: storagePageSize, continuation: position.page };
    const page = await readPageInTime(
      parts.table,
      query,
      signal,
      count > 0 ? stopSignal : undefined,
    );
    if (page === undefined) break;
    const found = await Promise.all(page.rows.map((row) => summaryOf(parts, row, signal)));
    for (const session of found) {
      if (session === undefined || keyOf(session) <= position.after) continue;
      searched += 1;
      if (!matches(session)) continue;
      const last = sessions[limit - 1];
      if (last !== undefined) {
        const next = { page: position.page, after: keyOf(last) };
        return { sessions, searched, continuation: positionText(next) };
      }
      sessions.push(session);
    }
    if (page.continuation === undefined) return { sessions, searched, continuation: undefined };
    position = { page: page.continuation, after: '' };
  }
  return { sessions, searched, continuation: positionText(position) };
}

function matcherOf(text: string): (session: SessionSummary) => boolean {
  const asked = text.trim();
  const isNamed = nameMatcherOf(asked);
  return (session) =>
    isNamed(session) || (asked.length >= shortestKeyPrefix && session.userKey.startsWith(asked));
}

/** Finds people by words that name or user name must contain, without case and accents. */
export function nameMatcherOf(
  text: string,
): (person: Pick<SummaryContent, 'name' | 'username'>) => boolean {
  const wanted = folded(text.trim()).split(/\s+/);
  return ({ name, username }) => {
    const said = folded(`${name} ${username}`);
    return wanted.every((word) => said.includes(word));
  };
}

/** Without case and accents: somebody who looks for Jose must find José. */
function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

/** For comparing in the order of the table: partition, then row. All characters are ASCII. */
function keyOf({ userKey, sessionKey }: SessionSummary): string {
  return `${userKey} ${sessionPrefix}${sessionKey}`;
}

function positionText({ page, after }: Position): string {
  return Buffer.from(JSON.stringify({ p: page, a: after }), 'utf8').toString('base64url');
}

function parsePosition(text: string): Position {
  const position = v.safeParse(positionSchema, parseJson(Buffer.from(text, 'base64url')));
  if (!position.success) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'no continuation of a search' });
  }
  return { page: position.output.p, after: position.output.a };
}

const positionSchema = v.object({
  p: v.optional(v.pipe(v.string(), v.minLength(1))),
  a: v.string(),
});
