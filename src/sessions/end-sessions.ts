import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors';
import { deleteRows, readPage, type Row, type RowGroup, type Table } from '../storage/table';
import { createShortMemory } from '../waiting';
import { type Session, sessionKeyOf, type SessionTicket } from './session';
import {
  rowKeysOfSession,
  sessionKeyIn,
  sessionPrefix,
  type SessionStorage,
  sidIndexAddress,
  sidPartition,
  toRowTime,
} from './session-rows';

type TableOnly = Pick<SessionStorage, 'table'>;

/**
 * Ends the session of a ticket. 1 transaction, and 1 delete with a `sid`.
 * @param session the session, if it was read: it tells the `sid`
 */
export async function endTicket(
  storage: TableOnly,
  { userKey, sessionId }: SessionTicket,
  session: Pick<Session, 'sid'> | undefined,
  signal: AbortSignal,
): Promise<void> {
  const name = { userKey, sessionKey: sessionKeyOf(sessionId), sid: session?.sid };
  await endSession(storage, name, signal);
}

/** Names a session without opening it. */
export interface SessionName {
  readonly userKey: string;
  readonly sessionKey: string;
  /** Removes the `sid` index entry too. Without it, the entry leads nowhere until it expires. */
  readonly sid?: string | undefined;
}

/**
 * Ends one session, both rows in one transaction. To end it once more is fine.
 * @returns whether it was there
 */
export async function endSession(
  { table }: TableOnly,
  { userKey, sessionKey, sid }: SessionName,
  signal: AbortSignal,
): Promise<boolean> {
  const [sessionRow, tokensRow] = rowKeysOfSession(sessionKey);
  const found = await deleteRows(table, userKey, [[sessionRow, tokensRow]], signal);
  // Last, so that a failure above leaves a way to find the session again.
  if (sid !== undefined) await removeIndexEntry(table, sid, sessionKey, signal);
  return found.flat().includes(sessionRow);
}

/** The session has ended by now, and nobody must be told otherwise: an entry that stays leads nowhere and expires. */
async function removeIndexEntry(
  table: Table,
  sid: string,
  sessionKey: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await table.delete(sidIndexAddress(sid, sessionKey), signal);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
}

/**
 * Ends all sessions of a user, or all but `exceptSessionKey`. Their `sid` index entries lead nowhere from then on and expire. 1 list,
 * and 1 transaction for 50 sessions.
 * @returns how many were there before and are gone now, whoever ended them
 * @throws ERR_STORAGE_UNAVAILABLE also when sessions kept changing: some may have ended then
 */
export async function endAllSessions(
  { table }: TableOnly,
  {
    userKey,
    exceptSessionKey,
  }: { readonly userKey: string; readonly exceptSessionKey?: string | undefined },
  signal: AbortSignal,
): Promise<number> {
  const sessions = new Map<string, string[]>();
  for await (const { rows } of table.list({ partitionKey: userKey, select: [] }, signal)) {
    for (const { rowKey } of rows) {
      const sessionKey = sessionKeyIn(rowKey);
      if (sessionKey === undefined || sessionKey === exceptSessionKey) continue;
      sessions.set(sessionKey, [...(sessions.get(sessionKey) ?? []), rowKey]);
    }
  }
  await deleteRows(table, userKey, [...sessions.values()], signal);
  return sessions.size;
}

/**
 * Ends every session that came of one session at the provider, and no other. Nobody's cookie is needed. 1 list of the
 * index, 1 transaction for each user, 1 to remove the entries.
 * @returns how many were there and are gone now, by user key; empty when nobody knows this `sid`
 */
export async function endSessionsOfSid(
  { table }: TableOnly,
  sid: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const partitionKey = sidPartition(sid);
  const byUser = new Map<string, string[]>();
  for await (const { rows } of table.list({ partitionKey }, signal)) {
    for (const { rowKey, properties } of rows) {
      const { userKey } = properties;
      if (typeof userKey !== 'string') continue;
      byUser.set(userKey, [...(byUser.get(userKey) ?? []), rowKey]);
    }
  }
  const ended = await Promise.all(
    [...byUser].map(async ([userKey, keys]) => ({
      userKey,
      sessionKeys: await endSessionsOf({ table }, userKey, keys, signal),
    })),
  );
  // Last, so that a failure above leaves a way to find the sessions again.
  const entries = [...byUser.values()].flat().map((rowKey) => [rowKey]);
  await deleteRows(table, partitionKey, entries, signal);
  const counts = ended.map(({ userKey, sessionKeys }) => [userKey, sessionKeys.length] as const);
  return new Map(counts.filter(([, count]) => count > 0));
}

/** What {@link endEverybody} did in its time. */
export interface EndedEverybody {
  /** Sessions that were found and are gone now. */
  readonly count: number;
  /** What kept it from removing the others. `undefined` when all are gone. */
  readonly fault: AppError | undefined;
}

/**
 * Ends all live sessions of everybody, as many as it can until `signal` aborts. No key is needed. 1 list and 1 transaction for
 * each user, 32 users at the same time. Their `sid` index entries lead nowhere then, and expire.
 */
export async function endEverybody(
  { table }: TableOnly,
  now: number,
  signal: AbortSignal,
): Promise<EndedEverybody> {
  // An expired session has ended already. The sweep removes it.
  const isLive = { property: 'idleExpiresAt', is: 'after', time: toRowTime(now) } as const;
  const live = { rowKeyPrefix: sessionPrefix, conditions: [isLive], select: [], pageSize: 1000 };
  let count = 0;
  let continuation: string | undefined;
  try {
    do {
      const page = await readPage(table, { ...live, continuation }, signal);
      await removeRows(table, page.rows, maxParallel, signal);
      count += page.rows.length;
      ({ continuation } = page);
    } while (continuation !== undefined);
    return { count, fault: undefined };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { count, fault: error };
  }
}

/**
 * Ends some sessions of a user. 1 transaction for 50 sessions.
 * @returns the keys of those that were still there: a session that ended earlier has left its `sid` index entry behind
 */
export async function endSessionsOf(
  { table }: TableOnly,
  userKey: string,
  sessionKeys: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const groups = sessionKeys.map(rowKeysOfSession);
  const found = new Set((await deleteRows(table, userKey, groups, signal)).flat());
  return sessionKeys.filter((sessionKey) => found.has(rowKeysOfSession(sessionKey)[0]));
}

/**
 * Partitions that are cleared at the same time. At 20 ms a request this is 1,600 requests a second, a twelfth of what one
 * storage account answers, so sign-ins keep the rest.
 * @see https://learn.microsoft.com/azure/storage/tables/scalability-targets
 */
export const maxParallel = 32;

const maxRemovals = 3;
const pauseMs = 500;
/** A run has minutes, so it can wait longer than a request. */
const maxPauseMs = 20_000;

/**
 * Removes the rows of a page. When storage refuses, the account may be busy: after a pause fewer partitions are cleared at
 * the same time.
 * @returns how many partitions may be cleared at the same time on the next page
 */
export async function removeRows(
  table: Table,
  rows: readonly Row[],
  parallel: number,
  signal: AbortSignal,
): Promise<number> {
  const left = [...groupsByPartition(rows)];
  for (let tries = 1, width = parallel; ; tries += 1) {
    const fault = await clearPartitions(table, left, width, signal);
    if (fault === undefined) return Math.min(2 * width, maxParallel);
    if (tries === maxRemovals) throw fault;
    width = Math.ceil(width / 4);
    const { retryAfterSeconds = 0 } = fault;
    const wait = Math.min(Math.max(retryAfterSeconds * 1000, pauseMs), maxPauseMs);
    await sleep(wait, undefined, { signal }).catch(() => {
      throw fault;
    });
  }
}

/**
 * Clears `width` partitions at the same time, until all are done or one fails. Takes what is done out of `left`.
 * @returns the failure of storage
 */
async function clearPartitions(
  table: Table,
  left: [partitionKey: string, groups: Map<string, RowGroup>][],
  width: number,
  signal: AbortSignal,
): Promise<AppError | undefined> {
  let fault: AppError | undefined;
  const clearNext = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      try {
        await clearPartition(table, next[0], [...next[1].values()], signal);
      } catch (error) {
        left.push(next);
        if (!(error instanceof AppError)) throw error;
        fault ??= error;
      }
      if (fault !== undefined) return;
    }
  };
  await Promise.all(Array.from({ length: width }, clearNext));
  return fault;
}

async function clearPartition(
  table: Table,
  partitionKey: string,
  groups: readonly RowGroup[],
  signal: AbortSignal,
): Promise<void> {
  const [first, ...others] = groups.flat();
  if (first !== undefined && others.length === 0) {
    // Most partitions of the `sid` index hold one row. Removing it is cheaper without a transaction.
    await table.delete({ partitionKey, rowKey: first }, signal);
  } else {
    await deleteRows(table, partitionKey, groups, signal);
  }
}

/**
 * By partition, the rows that go together: both rows of a session under its key, so that no half of a session is left, and
 * any other row alone.
 */
function groupsByPartition(rows: readonly Row[]): ReadonlyMap<string, Map<string, RowGroup>> {
  const partitions = new Map<string, Map<string, RowGroup>>();
  for (const { partitionKey, rowKey } of rows) {
    const groups = partitions.get(partitionKey) ?? new Map<string, RowGroup>();
    const sessionKey = sessionKeyIn(rowKey);
    const group = sessionKey === undefined ? [rowKey] : rowKeysOfSession(sessionKey);
    groups.set(sessionKey ?? rowKey, group);
    partitions.set(partitionKey, groups);
  }
  return partitions;
}

/**
 * The login hints of sessions that this instance has just ended. A second click on "Sign out" sends a second request, and
 * the browser follows the answer to that one: its session is gone by then, and the hint with it.
 */
export interface SignOutHints {
  keep(sessionId: string, loginHint: string, now: number): void;
  find(sessionId: string, now: number): string | undefined;
}

const keptSeconds = 60;
const maxHints = 1_000;

/** Another instance cannot know the hints, since nothing is left of an ended session. */
export function createSignOutHints(): SignOutHints {
  const hints = createShortMemory<string>(maxHints);
  return {
    find: (sessionId, now) => hints.find(sessionKeyOf(sessionId), now),
    keep: (sessionId, loginHint, now) => {
      hints.keep(sessionKeyOf(sessionId), loginHint, now + keptSeconds, now);
    },
  };
}
