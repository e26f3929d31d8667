import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors';
import type { Row, Table } from '../storage/table';
import { rowKeysOfSession, sessionKeyIn } from './session-rows';

/** How many rows one transaction may change at most. */
export const maxTransactionRows = 100;

const maxTries = 3;

/** Row keys that go together: both rows of a session, or one row alone. */
export type RowGroup = readonly string[];

/**
 * Deletes rows of one partition. A group is never split: its rows go in one transaction. A transaction fails as a whole
 * when one of its rows is gone already. Then what is still there is listed, and tried again.
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
  for (let tries = 0; tries < maxTries; tries += 1) {
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
  let size = maxTransactionRows;
  for (const group of groups) {
    size += group.length;
    if (size > maxTransactionRows) {
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

/**
 * Partitions that are cleared at the same time. At 20 ms a request this is 1,600 requests a second, a twelfth of what one
 * storage account answers, so sign-ins keep the rest.
 * @see https://learn.microsoft.com/azure/storage/tables/scalability-targets
 */
export const maxParallel = 32;

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
    if (tries === maxTries) throw fault;
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
