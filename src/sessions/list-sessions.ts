import type { Row, RowQuery } from '../storage/table';
import type { SessionName } from './end-session';
import { toRowTime } from './row-time';
import { isLive } from './session';
import { sessionPrefix, sessionRowKey } from './session-key';
import type { SessionParts } from './session-parts';
import { parseSummary, parseTimes } from './session-row';
import type { SummaryContent } from './summary-content';

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

export interface ListWishes {
  /** One user's sessions; everybody's without it. */
  readonly userKey?: string | undefined;
  readonly now: number;
  /** 1 to 1000. */
  readonly limit: number;
  readonly continuation?: string | undefined;
  readonly signal: AbortSignal;
}

const unknown: SummaryContent = { name: 'unknown', username: 'unknown', device: 'unknown' };

/**
 * A scan of everybody may find little for long: then the page is short and goes on elsewhere. One user's sessions are
 * looked at to the end: their partition is small, and empty pages must not look like a user without sessions.
 */
const mostPages = 10;

/**
 * Live sessions in the order of their keys. One whose summary cannot be read is listed as
 * `unknown`: somebody who looks for strange sessions must not miss it.
 * @throws ERR_BAD_REQUEST for a continuation that no page ended with
 */
export async function listSessions(
  parts: SessionParts,
  { userKey, now, limit, continuation, signal }: ListWishes,
): Promise<SessionsPage> {
  const sessions: SessionSummary[] = [];
  let next = continuation;
  for (let count = 0; userKey !== undefined || count < mostPages; count += 1) {
    const query = { ...liveSessions(now, userKey), pageSize: limit - sessions.length };
    const pages = parts.table.list({ ...query, ...(next && { continuation: next }) }, signal);
    const { value: page } = await pages.next();
    const summaries = page?.rows.map((row) => summaryOf(parts, row, signal)) ?? [];
    sessions.push(...(await Promise.all(summaries)).filter((summary) => summary !== undefined));
    next = page?.continuation;
    if (next === undefined || sessions.length >= limit) break;
  }
  return { sessions, continuation: next };
}

const selected = ['summary', 'kid', 'createdAt', 'idleExpiresAt', 'expiresAt'];

/** The query for all live sessions, or one user's. */
export function liveSessions(now: number, userKey?: string): RowQuery {
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

/** The live session with this name, or `undefined`. */
export async function findSummary(
  parts: SessionParts,
  { userKey, sessionKey }: SessionName,
  now: number,
  signal: AbortSignal,
): Promise<SessionSummary | undefined> {
  const address = { partitionKey: userKey, rowKey: sessionRowKey(sessionKey) };
  const row = await parts.table.read(address, { select: selected, signal });
  const summary = row && (await summaryOf(parts, row, signal));
  return summary !== undefined && isLive(summary, now) ? summary : undefined;
}

/** What a row tells of a session; `undefined` when it does not even have its times. */
export async function summaryOf(
  { table, keyRing }: SessionParts,
  row: Row,
  signal: AbortSignal,
): Promise<SessionSummary | undefined> {
  const times = parseTimes(row);
  if (times === undefined) return undefined;
  const { kid } = row.properties;
  const ringKey = typeof kid === 'string' ? await keyRing.find(kid, signal) : undefined;
  const content = ringKey && parseSummary(row, { tableName: table.name, ringKey });
  return {
    ...(content ?? unknown),
    ...times,
    userKey: row.partitionKey,
    sessionKey: row.rowKey.slice(sessionPrefix.length),
  };
}
