import { AppError } from '../errors';
import type { Table } from '../storage/table';

const tries = 3;
/** The most rows of a transaction. */
const transactionSize = 100;

/** Row keys that go together: both rows of a session, or one row alone. */
export type RowGroup = readonly string[];

/**
 * Deletes rows of one partition, each group in one transaction, so that no half of a session is left. A transaction
 * fails whole when one of its rows is gone already: then what is still there is listed, and tried again.
 * @returns the groups of which something was there; all are gone now
 * @throws ERR_STORAGE_UNAVAILABLE also when rows kept changing under all three tries
 */
export async function deleteRows(
  table: Table,
  partitionKey: string,
  groups: readonly RowGroup[],
  signal: AbortSignal,
): Promise<readonly RowGroup[]> {
  const found: RowGroup[] = [];
  let left = groups;
  for (let count = 0; count < tries; count += 1) {
    const failed: RowGroup[] = [];
    for (const part of transactionsOf(left)) {
      const deletes = part.flat().map((rowKey) => ({ action: 'delete' as const, rowKey }));
      const { outcome } = await table.transact(partitionKey, deletes, signal);
      (outcome === 'done' ? found : failed).push(...part);
    }
    if (failed.length === 0) return found;
    left = await stillThere(table, partitionKey, failed, signal);
    if (left.length === 0) return found;
  }
  throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'rows kept changing while deleted' });
}

function transactionsOf(groups: readonly RowGroup[]): readonly (readonly RowGroup[])[] {
  const transactions: RowGroup[][] = [];
  let size = transactionSize;
  for (const group of groups) {
    size += group.length;
    if (size > transactionSize) {
      transactions.push([]);
      size = group.length;
    }
    transactions.at(-1)?.push(group);
  }
  return transactions;
}

async function stillThere(
  table: Table,
  partitionKey: string,
  groups: readonly RowGroup[],
  signal: AbortSignal,
): Promise<readonly RowGroup[]> {
  const there = new Set<string>();
  for await (const { rows } of table.list({ partitionKey, select: [] }, signal)) {
    for (const { rowKey } of rows) there.add(rowKey);
  }
  return groups
    .map((group) => group.filter((rowKey) => there.has(rowKey)))
    .filter((group) => group.length > 0);
}
