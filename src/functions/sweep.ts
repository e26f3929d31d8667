import type { TimerHandler } from '@azure/functions';
import { AppError } from '../errors';
import type { FindServices } from '../http/context';
import { eventOfError } from '../http/error-log';
import { maxParallel, removeRows } from '../sessions/end-sessions';
import { sessionPrefix, toRowTime } from '../sessions/session-rows';
import {
  readPage,
  readPageInTime,
  type RowPage,
  type RowQuery,
  type Table,
} from '../storage/table';

/** Every quarter of an hour. */
export const sweepSchedule = '0 */15 * * * *';

/** The default `functionTimeout` of the Consumption plan. On other plans it is 30 minutes. */
const maxRunSeconds = 300;

/** A run begins no page after this part of its time, so that it can save its position. */
const stopAt = 0.8;
/** After this part of its time a run ends even in the middle of a page. */
const endAt = 0.95;

/**
 * A timer that removes expired rows, and then counts live sessions. A run works until no expired row is left or its time is used up, at most five minutes.
 * The next run continues where it stopped. Each run logs counts.
 * @param timeoutSeconds the app's `functionTimeout`. The host restarts the worker, with all its requests, when a function
 *   takes longer
 * @see https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout
 */
export function createSweep(findServices: FindServices, timeoutSeconds: number): TimerHandler {
  const runMs = Math.min(timeoutSeconds, maxRunSeconds) * 1000;
  return async (_timer, context) => {
    const services = findServices();
    if ('faults' in services) {
      services.tellFaults(context);
      return;
    }
    const { events, activity, table, clock } = services;
    try {
      const now = clock();
      const signal = AbortSignal.timeout(runMs * endAt);
      const stopSignal = AbortSignal.timeout(runMs * stopAt);
      const { swept, counted } = await events.during(context, async () => ({
        swept: await sweepExpiredRows(table, { now, stopSignal, signal }),
        // Nobody depends on the number.
        counted: await countLiveSessions(table, { now, signal }).catch(() => undefined),
      }));
      const { pages, rows, isFinished } = swept;
      const outcome = isFinished ? 'done' : 'partial';
      events.tell({ event: 'sweep', outcome, count: rows, pages, ...counted }, context);
    } catch (error) {
      events.tell({ ...eventOfError(error), event: 'sweep', outcome: 'failed' }, context);
      throw error;
    } finally {
      // What requests left behind, and what was only counted.
      await activity.flush();
    }
  };
}

/** The clocks of instances differ a little, and no instance may still count as live what is removed here. */
const marginSeconds = 60;

/** Rows a page of the table service holds at most. */
const pageSize = 1000;

interface SweepOptions {
  readonly now: number;
  /** When it aborts, the run ends after its current page. The next run continues there. */
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
    // Its failure is thrown below. Until then nobody waits for it, and without this Node.js would end the process.
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

/** When the continuation cannot be read, the sweep begins at the first row again. */
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

/** A count reads so many pages at most, for so long at most. */
const maxCountPages = 20;
const countMs = 20_000;

/** How many sessions are live. */
interface LiveCount {
  readonly live: number;
  /** True when `live` is calculated from a part of them. */
  readonly estimated?: true;
}

/**
 * Counts live sessions by their keys: 1 list for 1,000 sessions, and no key of the ring. With more than 20,000 sessions it
 * calculates the number from the first 20,000. User keys are hashes, so they are spread evenly over the table, and the
 * number is about one in a hundred off.
 * @returns `undefined` when there was no time for any
 * @throws ERR_STORAGE_UNAVAILABLE
 */
export async function countLiveSessions(
  table: Pick<Table, 'list'>,
  { now, signal }: Pick<SweepOptions, 'now' | 'signal'>,
): Promise<LiveCount | undefined> {
  const isLive = { property: 'idleExpiresAt', is: 'after', time: toRowTime(now) } as const;
  const query = { rowKeyPrefix: sessionPrefix, conditions: [isLive], select: [], pageSize };
  const time = AbortSignal.timeout(countMs);
  let live = 0;
  let last: string | undefined;
  let continuation: string | undefined;
  for (let pages = 0; pages < maxCountPages; pages += 1) {
    const page = await readPageInTime(table, { ...query, continuation }, signal, time);
    if (page === undefined) break;
    live += page.rows.length;
    last = page.rows.at(-1)?.partitionKey ?? last;
    ({ continuation } = page);
    if (continuation === undefined) return { live };
  }
  return last === undefined
    ? undefined
    : { live: Math.round(live / partUntil(last)), estimated: true };
}

/** The characters of base64url in the order of the table. */
const keyCharacters = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';

/** Which part of all possible user keys comes before this one or is this one, between 0 and 1. */
function partUntil(userKey: string): number {
  const digits = Array.from(userKey.slice(0, 8), (character) => keyCharacters.indexOf(character));
  return digits.reduceRight((part, digit) => (digit + part) / keyCharacters.length, 1);
}
