import { AppError } from '../errors';
import type { Table } from '../storage/table';
import { deleteRows } from './delete-rows';
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
  const rows = [sessionRowKey(sessionKey), tokensRowKey(sessionKey)];
  const found = await deleteRows(table, userKey, [rows], signal);
  const wasThere = found.flat().includes(sessionRowKey(sessionKey));
  // Last, so that a failure above leaves a way to find the session again.
  if (sid !== undefined) await removeIndexEntry(table, { sid, sessionKey }, signal);
  return wasThere;
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
