import type { Table } from '../storage/table';
import { deleteRows } from './delete-rows';
import { sessionPrefix, tokensPrefix } from './session-key';

/** Whose sessions to end. */
interface SessionsOfUser {
  readonly userKey: string;
  /** The one that stays, for somebody who ends all others. */
  readonly exceptSessionKey?: string | undefined;
}

/**
 * Ends all sessions of a user, or all but one. Their `sid` index entries lead nowhere from then on and expire.
 * @returns how many were there before and are gone now, whoever ended them
 * @throws ERR_STORAGE_UNAVAILABLE also when sessions kept changing: some may have ended then
 */
export async function endAllSessions(
  table: Table,
  { userKey, exceptSessionKey }: SessionsOfUser,
  signal: AbortSignal,
): Promise<number> {
  const sessions = await rowKeysBySession(table, userKey, signal);
  if (exceptSessionKey !== undefined) sessions.delete(exceptSessionKey);
  await deleteRows(table, userKey, [...sessions.values()], signal);
  return sessions.size;
}

/** The rows of each session stay together. */
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
