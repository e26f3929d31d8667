import { AppError } from '../errors';
import { readPage, type Row, type RowPage, type RowQuery, type Table } from '../storage/table';
import { deleteRows, type RowGroup } from './end-sessions';
import { rowKeysOfSession, sessionKeyIn, toRowTime } from './session-rows';

/** The clocks of instances differ a little, and no instance may still count as live what is removed here. */
const marginSeconds = 60;

/** Rows a page of the table service holds at most. */
const pageSize = 1000;

/** Partitions that are cleared at the same time: enough to be quick, too few to disturb sign-ins. */
const parallel = 8;

interface SweepOptions {
  readonly now: number;
  /** Pages of the table this run looks at; the next run goes on behind them. */
  readonly maxPages: number;
  readonly signal: AbortSignal;
}

interface SweepCounts {
  readonly pages: number;
  /** Expired rows that were found, whoever removed them in the end. */
  readonly rows: number;
  /** False when the next run has to go on. */
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
  { now, maxPages, signal }: SweepOptions,
): Promise<SweepCounts> {
  let cursor = await readCursor(table, signal);
  let pages = 0;
  let rows = 0;
  do {
    const page = await nextPage(table, now, cursor.continuation, signal);
    await removeRows(table, page.rows, signal);
    pages += 1;
    rows += page.rows.length;
    // After each page: if a run stops, the next one must not begin at the same row again.
    const kept = await writeCursor(table, { ...cursor, continuation: page.continuation }, signal);
    // Another run is at work and has its own cursor.
    if (kept === undefined) return { pages, rows, isFinished: false };
    cursor = kept;
  } while (cursor.continuation !== undefined && pages < maxPages);
  return { pages, rows, isFinished: cursor.continuation === undefined };
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

/** A session and its tokens go together, so that no half of a session is left. */
async function removeRows(table: Table, rows: readonly Row[], signal: AbortSignal): Promise<void> {
  const partitions = [...groupsByPartition(rows)];
  for (let start = 0; start < partitions.length; start += parallel) {
    await Promise.all(
      partitions
        .slice(start, start + parallel)
        .map(([partitionKey, groups]) =>
          deleteRows(table, partitionKey, [...groups.values()], signal),
        ),
    );
  }
}

/** By partition, the rows that go together: both rows of a session under its key, any other row alone. */
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
