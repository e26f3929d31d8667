import { AppError } from '../errors';
import type { Table } from '../storage/table';
import { sessionRowKey, tokensRowKey } from './session-key';
import { sidIndexAddress } from './sid-index-row';

/** Names a session without opening it. */
export interface SessionName {
  readonly userKey: string;
  readonly sessionKey: string;
  /** Removes the `sid` index entry too; left out, the entry leads nowhere until it expires. */
  readonly sid?: string | undefined;
}

/**
 * Ends one session: both rows in one transaction. Ending it once more is fine.
 * @returns whether it was there
 */
export async function endSession(
  table: Table,
  { userKey, sessionKey, sid }: SessionName,
  signal: AbortSignal,
): Promise<boolean> {
  const rowKeys = [sessionRowKey(sessionKey), tokensRowKey(sessionKey)];
  const deletes = rowKeys.map((rowKey) => ({ action: 'delete' as const, rowKey }));
  const { outcome } = await table.transact(userKey, deletes, signal);
  const wasThere = outcome === 'done' || (await endHalf(table, { userKey, sessionKey }, signal));
  // Last, so that a failure above leaves a way to find the session again.
  if (sid !== undefined) await removeIndexEntry(table, { sid, sessionKey }, signal);
  return wasThere;
}

/** One of the two rows is missing, so nothing was deleted: takes what is left, each on its own. */
async function endHalf(
  table: Table,
  { userKey, sessionKey }: SessionName,
  signal: AbortSignal,
): Promise<boolean> {
  const address = { partitionKey: userKey, rowKey: sessionRowKey(sessionKey) };
  const row = await table.read(address, { select: [], signal });
  const tokens = { partitionKey: userKey, rowKey: tokensRowKey(sessionKey) };
  await Promise.all([address, tokens].map((half) => table.delete(half, signal)));
  return row !== undefined;
}

/** The session has ended by now, and nobody must be told otherwise: an entry that stays leads nowhere and expires. */
async function removeIndexEntry(
  table: Table,
  { sid, sessionKey }: { readonly sid: string; readonly sessionKey: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    await table.delete(sidIndexAddress(sid, sessionKey), signal);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
}
