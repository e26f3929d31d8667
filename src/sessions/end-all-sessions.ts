import { AppError } from '../errors';
import type { Table } from '../storage/table';
import { sessionPrefix, tokensPrefix } from './session-key';

const tries = 3;
/** Two rows each, and a transaction takes 100. */
const sessionsATransaction = 50;

/** Whose sessions to end. */
interface SessionsOfUser {
  readonly userKey: string;
  /** The one that stays, for somebody who ends all others. */
  readonly exceptSessionKey?: string | undefined;
}

/**
 * Ends all sessions of a user, or all but one. Their `sid` index entries lead nowhere from then on and expire.
 * @returns how many were ended
 * @throws ERR_STORAGE_UNAVAILABLE also when sessions kept changing under all three tries
 */
export async function endAllSessions(
  table: Table,
  { userKey, exceptSessionKey }: SessionsOfUser,
  signal: AbortSignal,
): Promise<number> {
  let ended = 0;
  for (let count = 0; count < tries; count += 1) {
    const sessions = await rowKeysBySession(table, userKey, signal);
    if (exceptSessionKey !== undefined) sessions.delete(exceptSessionKey);
    const deleted = await deleteAll(table, userKey, [...sessions.values()], signal);
    ended += deleted;
    if (deleted === sessions.size) return ended;
  }
  throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'sessions kept changing while ended' });
}

/** Stops as soon as a transaction failed: it does that whole when one of its rows is gone already. */
async function deleteAll(
  table: Table,
  userKey: string,
  sessions: readonly (readonly string[])[],
  signal: AbortSignal,
): Promise<number> {
  for (let start = 0; start < sessions.length; start += sessionsATransaction) {
    const rowKeys = sessions.slice(start, start + sessionsATransaction).flat();
    const deletes = rowKeys.map((rowKey) => ({ action: 'delete' as const, rowKey }));
    const { outcome } = await table.transact(userKey, deletes, signal);
    if (outcome !== 'done') return start;
  }
  return sessions.length;
}

/** The rows of each session stay together, so that they share a transaction. */
async function rowKeysBySession(
  table: Table,
  userKey: string,
  signal: AbortSignal,
): Promise<Map<string, string[]>> {
  const sessions = new Map<string, string[]>();
  for await (const { rows } of table.list({ partitionKey: userKey, select: [] }, signal)) {
    for (const { rowKey } of rows) {
      const prefix = [sessionPrefix, tokensPrefix].find((known) => rowKey.startsWith(known));
      if (prefix === undefined) continue;
      const sessionKey = rowKey.slice(prefix.length);
      sessions.set(sessionKey, [...(sessions.get(sessionKey) ?? []), rowKey]);
    }
  }
  return sessions;
}
