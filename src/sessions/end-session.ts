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

/** Ends one session: both rows in one transaction. Ending it once more is fine. */
export async function endSession(
  table: Table,
  { userKey, sessionKey, sid }: SessionName,
  signal: AbortSignal,
): Promise<void> {
  const rowKeys = [sessionRowKey(sessionKey), tokensRowKey(sessionKey)];
  const deletes = rowKeys.map((rowKey) => ({ action: 'delete' as const, rowKey }));
  const { outcome } = await table.transact(userKey, deletes, signal);
  if (outcome !== 'done') {
    // One of the two is missing, so nothing was deleted: take what is left, each on its own.
    await Promise.all(
      rowKeys.map((rowKey) => table.delete({ partitionKey: userKey, rowKey }, signal)),
    );
  }
  // Last, so that a failure above leaves a way to find the session again.
  if (sid !== undefined) await table.delete(sidIndexAddress(sid, sessionKey), signal);
}
