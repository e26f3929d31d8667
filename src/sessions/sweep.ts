import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors';
import { readPage, type Row, type RowPage, type RowQuery, type Table } from '../storage/table';
import { deleteRows, type RowGroup } from './end-sessions';
import { rowKeysOfSession, sessionKeyIn, toRowTime } from './session-rows';

/** The clocks of instances differ a little, and no instance may still count as live what is removed here. */
const marginSeconds = 60;

/** Rows a page of the table service holds at most. */
const pageSize = 1000;

/**
 * Partitions that are cleared at the same time. At 20 ms a request this is 1,600 requests a second, a twelfth of what one
 * storage account answers, so sign-ins keep the rest.
 * @see https://learn.microsoft.com/azure/storage/tables/scalability-targets
 */
const maxParallel = 32;

interface SweepOptions {
  readonly now: number;
  /** When it aborts, the run ends behind the page that it is at. The next run continues there. */
  readonly stopSignal: AbortSignal;
  /** When it aborts, the run ends at once. */
  readonly signal: AbortSignal;
}

interface SweepCounts {
  readonly pages: number;
  /** Expired rows that were found, whoever removed them in the end. */
  readonly rows: number;
  /** False when the next run has to continue. */
  readonly isFinished: boolean;
}

/**
 * Removes rows that have expired: sessions (idle ones too) with their tokens, index entries, old keys. All of them count as
 * absent before. It reads row keys and times only, so it needs no key of the ring. Two runs at the same time do no harm,
 * and neither does a run that stops in the middle.
 * @throws ERR_STORAGE_UNAVAILABLE; what was removed until then stays removed
 */
export async function sweepExpiredRows(
  table: Table,
  { now, stopSignal, signal }: SweepOptions,
): Promise<SweepCounts> {
  let cursor = await readCursor(table, signal);
  let page = await nextPage(table, now, cursor.continuation, signal);
  let pages = 0;
  let rows = 0;
  let parallel = maxParallel;
  for (;;) {
    const { continuation } = page;
    const isLast = continuation === undefined || stopSignal.aborted;
    // The next page is read while this one is removed.
    const following = isLast ? undefined : nextPage(table, now, continuation, signal);
    // A failure of it is thrown below. Until then nobody waits for it, and Node.js would end the process.
    following?.catch(() => undefined);
    parallel = await removeRows(table, page.rows, parallel, signal);
    pages += 1;
    rows += page.rows.length;
    // After each page: if a run stops, the next one must not begin at the same row again.
    const kept = await writeCursor(table, { ...cursor, continuation }, signal);
    // Another run is at work and has its own cursor.
    if (kept === undefined) return { pages, rows, isFinished: false };
    cursor = kept;
    if (following === undefined || stopSignal.aborted) {
      return { pages, rows, isFinished: continuation === undefined };
    }
    page = await following;
  }
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
    continuation,
  };
}

/** Where the continuation cannot be read, the sweep begins at the first row again. */
async function nextPage(
  table: Table,
  now: number,
  continuation: string | undefined,
  signal: AbortSignal,
): Promise<RowPage> {
  try {
    return await readPage(table, expiredRows(now, continuation), signal);
  } catch (error) {
    const isUnreadable = error instanceof AppError && error.code === 'ERR_BAD_REQUEST';
    if (!isUnreadable || continuation === undefined) throw error;
    return nextPage(table, now, undefined, signal);
  }
}

const maxTries = 3;
const pauseMs = 500;
/** A run has minutes, so it can wait longer than a request. */
const maxPauseMs = 20_000;

/**
 * Removes the rows of a page. When storage refuses, the account may be busy: after a pause fewer partitions are cleared at
 * the same time.
 * @returns how many partitions may be cleared at the same time on the next page
 */
async function removeRows(
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

const address = { partitionKey: 'sweep', rowKey: 'cursor' } as const;

/** Where the next run of the sweep goes on. */
interface SweepCursor {
  /** `undefined`: at the beginning. */
  readonly continuation: string | undefined;
  /** Of the cursor's row; `undefined` when there is none yet. */
  readonly etag: string | undefined;
}

async function readCursor(table: Table, signal: AbortSignal): Promise<SweepCursor> {
  const row = await table.read(address, signal);
  const continuation = row?.properties['continuation'];
  return {
    continuation:
      typeof continuation === 'string' && continuation !== '' ? continuation : undefined,
    etag: row?.etag,
  };
}

/**
 * Stores where the next run goes on.
 * @returns the cursor as it is stored now; `undefined` when another run was quicker and has its own
 */
async function writeCursor(
  table: Table,
  { continuation, etag }: SweepCursor,
  signal: AbortSignal,
): Promise<SweepCursor | undefined> {
  const row = { ...address, properties: { continuation: continuation ?? '' } };
  if (etag === undefined) {
    const isOurs = await table.insert(row, signal);
    return isOurs ? readCursor(table, signal) : undefined;
  }
  const written = await table.replace(row, etag, signal);
  return written.outcome === 'written' ? { continuation, etag: written.etag } : undefined;
}
