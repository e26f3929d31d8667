import type { Row, RowPage, RowQuery, Table } from '../storage/table';
import { toRowTime } from './row-time';
import { sessionPrefix, sessionRowKey, tokensPrefix, tokensRowKey } from './session-key';
import { readSweepCursor, writeSweepCursor } from './sweep-cursor';

/** Instances' clocks differ a little: nobody may still take for live what is removed here. */
const marginSeconds = 60;

/** Rows a page of the table service holds at most. */
const pageSize = 1000;

/** Transactions under way at once: enough to be quick, too few to disturb sign-ins. */
const parallel = 8;

/** Rows a transaction takes at most. */
const transactionSize = 100;

interface SweepWishes {
  readonly now: number;
  /** Pages of the table this run looks at; the next run goes on behind them. */
  readonly mostPages: number;
  readonly signal: AbortSignal;
}

export interface SweepCounts {
  readonly pages: number;
  /** Expired rows that were found, whoever removed them in the end. */
  readonly rows: number;
  /** False when the next run has to go on. */
  readonly isFinished: boolean;
}

/**
 * Removes rows that have expired: sessions (also idle ones) with their tokens, index entries, retired keys. They count as
 * absent long before. Reads keys and times only and needs no key. Safe to run twice at once, and to break off anywhere.
 * @throws ERR_STORAGE_UNAVAILABLE; what was removed until then stays removed
 */
export async function sweepExpiredRows(
  table: Table,
  { now, mostPages, signal }: SweepWishes,
): Promise<SweepCounts> {
  const cursor = await readSweepCursor(table, signal);
  let continuation = cursor.continuation;
  let pages = 0;
  let rows = 0;
  do {
    const page = await nextPage(table, expiredRows(now, continuation), signal);
    await removeRows(table, page.rows, signal);
    pages += 1;
    rows += page.rows.length;
    continuation = page.continuation;
  } while (continuation !== undefined && pages < mostPages);
  await writeSweepCursor(table, { ...cursor, continuation }, signal);
  return { pages, rows, isFinished: continuation === undefined };
}

function expiredRows(now: number, continuation: string | undefined): RowQuery {
  const time = toRowTime(now - marginSeconds);
  return {
    anyOf: [
      { property: 'expiresAt', is: 'not-after', time },
      { property: 'idleExpiresAt', is: 'not-after', time },
    ],
    select: ['expiresAt'],
    pageSize,
    ...(continuation !== undefined && { continuation }),
  };
}

async function nextPage(table: Table, query: RowQuery, signal: AbortSignal): Promise<RowPage> {
  const { value } = await table.list(query, signal).next();
  return value ?? { rows: [], continuation: undefined };
}

/** A session goes with its tokens, in one transaction a partition, so that no half of one is left. */
async function removeRows(table: Table, rows: readonly Row[], signal: AbortSignal): Promise<void> {
  const batches = batchesOf(rows);
  for (let start = 0; start < batches.length; start += parallel) {
    await Promise.all(
      batches.slice(start, start + parallel).map((batch) => removeBatch(table, batch, signal)),
    );
  }
}

interface Batch {
  readonly partitionKey: string;
  readonly rowKeys: readonly string[];
}

function batchesOf(rows: readonly Row[]): readonly Batch[] {
  const byPartition = new Map<string, Set<string>>();
  for (const { partitionKey, rowKey } of rows) {
    const keys = byPartition.get(partitionKey) ?? new Set();
    for (const key of withItsTwin(rowKey)) keys.add(key);
    byPartition.set(partitionKey, keys);
  }
  return [...byPartition].flatMap(([partitionKey, keys]) => {
    const all = [...keys];
    const count = Math.ceil(all.length / transactionSize);
    return Array.from({ length: count }, (_, index) => ({
      partitionKey,
      rowKeys: all.slice(index * transactionSize, (index + 1) * transactionSize),
    }));
  });
}

/** Both rows of a session, side by side; any other row alone. */
function withItsTwin(rowKey: string): readonly string[] {
  const prefix = [sessionPrefix, tokensPrefix].find((known) => rowKey.startsWith(known));
  if (prefix === undefined) return [rowKey];
  const sessionKey = rowKey.slice(prefix.length);
  return [sessionRowKey(sessionKey), tokensRowKey(sessionKey)];
}

async function removeBatch(
  table: Table,
  { partitionKey, rowKeys }: Batch,
  signal: AbortSignal,
): Promise<void> {
  const deletes = rowKeys.map((rowKey) => ({ action: 'delete' as const, rowKey }));
  const { outcome } = await table.transact(partitionKey, deletes, signal);
  if (outcome === 'done') return;
  // A transaction fails whole when one row is gone already, to another sweep for instance.
  for (const rowKey of rowKeys) await table.delete({ partitionKey, rowKey }, signal);
}
