import * as v from 'valibot';
import { parseJson } from '../bodies';
import { AppError } from '../errors';
import { type EventKind, kindOf } from '../events';
import type { KeyRing } from '../keys/encryption';
import { readPage, type Row, type RowPage, type Table } from '../storage/table';
import { type ActivityContent, keptDays, parseActivityRow, partitionOf } from './activity';

/** Which events to list. */
export interface ActivityQuery {
  /** The beginning of a user key, or a part of a name or user name; the person may act, or be the one whom it is about. */
  readonly person?: string | undefined;
  readonly kind?: EventKind | undefined;
  /** `2026-11-28` in UTC: only that day. */
  readonly day?: string | undefined;
  /** Where an earlier page ended. */
  readonly from?: string | undefined;
  readonly now: number;
  /** The list ends at the first page of the table with which it has at least so many events. */
  readonly limit: number;
  readonly signal: AbortSignal;
  /** When it aborts, the list ends with what it has found, and the next call goes on. */
  readonly stopSignal: AbortSignal;
}

/** A part of the activity, newest first. */
export interface ActivityPage {
  readonly events: readonly ActivityContent[];
  /** How many events were looked at. */
  readonly searched: number;
  /** Rows that no key of the app opens: the keys were deleted, or somebody changed the rows. */
  readonly unreadable: number;
  /** Where the next page begins; `undefined` when there is nothing more. */
  readonly next: string | undefined;
}

const day = 86_400;

/** A filter looks at many rows for few events. The most that one query of the table gives is 1,000. */
const filteredPageSize = 250;
const maxPageSize = 1_000;

/**
 * What happened lately, newest first. Each day is a partition of its own. Without a filter a page of a busy day is one
 * query. A quiet day ends soon, and the list goes on with the day before.
 * @throws ERR_BAD_REQUEST for a place that no page ended with; ERR_STORAGE_UNAVAILABLE, ERR_KEYS_UNAVAILABLE
 */
export async function listActivity(
  parts: { readonly table: Table; readonly keyRing: KeyRing },
  query: ActivityQuery,
): Promise<ActivityPage> {
  const { now, limit, signal, stopSignal } = query;
  const isFiltered = query.person !== undefined || query.kind !== undefined;
  const oldest = Math.floor(now / day) - keptDays;
  const newest = Math.floor(now / day);
  const asked = query.day === undefined ? undefined : dayNumberOf(query.day);
  let place: Place =
    query.from === undefined ? { day: asked ?? newest } : parsePlace(query.from, asked);
  const found: ActivityContent[] = [];
  let searched = 0;
  let unreadable = 0;
  for (let reads = 0; place.day >= oldest && place.day <= newest; reads += 1) {
    const pageSize = isFiltered ? filteredPageSize : Math.min(limit - found.length, maxPageSize);
    const isLate = reads > 0 && stopSignal.aborted;
    const read = isLate
      ? undefined
      : await readInTime(parts.table, place, pageSize, {
          signal,
          stopSignal: reads === 0 ? undefined : stopSignal,
        });
    if (read === undefined) return { events: found, searched, unreadable, next: textOf(place) };
    for (const row of read.rows) {
      const event = await eventOf(parts, row, signal);
      searched += 1;
      if (event === undefined) unreadable += 1;
      else if (isWanted(event, query)) found.push(event);
    }
    const { continuation } = read;
    place = continuation === undefined ? { day: place.day - 1 } : { day: place.day, continuation };
    if (asked !== undefined && place.day !== asked) break;
    const isEnd = place.day < oldest;
    if (found.length >= limit || isEnd) {
      return { events: found, searched, unreadable, next: isEnd ? undefined : textOf(place) };
    }
  }
  return { events: found, searched, unreadable, next: undefined };
}

/** One page of the table; `undefined` when `stopSignal` aborted before it was there. */
async function readInTime(
  table: Table,
  place: Place,
  pageSize: number,
  {
    signal,
    stopSignal,
  }: { readonly signal: AbortSignal; readonly stopSignal: AbortSignal | undefined },
): Promise<RowPage | undefined> {
  const { continuation } = place;
  const rows = { partitionKey: partitionOf(place.day * day), pageSize, continuation };
  const query = { ...rows, select: ['data', 'kid'] };
  if (stopSignal === undefined) return readPage(table, query, signal);
  try {
    return await readPage(table, query, AbortSignal.any([signal, stopSignal]));
  } catch (error) {
    if (stopSignal.aborted && !signal.aborted) return undefined;
    throw error;
  }
}

async function eventOf(
  { table, keyRing }: { readonly table: Table; readonly keyRing: KeyRing },
  row: Row,
  signal: AbortSignal,
): Promise<ActivityContent | undefined> {
  const { kid } = row.properties;
  const ringKey = typeof kid === 'string' ? await keyRing.find(kid, signal) : undefined;
  return ringKey && parseActivityRow(row, ringKey, table);
}

function isWanted(
  event: ActivityContent,
  { person, kind }: Pick<ActivityQuery, 'person' | 'kind'>,
): boolean {
  if (kind !== undefined && kindOf(event.event) !== kind) return false;
  if (person === undefined) return true;
  // The log has only the beginning of a key. A whole key is found by it too.
  const keys = [event.by, event.of].filter((key) => key !== undefined && key !== '');
  if (keys.some((key) => key === person.slice(0, key?.length) && person.length >= 8)) return true;
  const wanted = person.toLocaleLowerCase('en');
  const names = [event.name, event.username];
  return names.some((name) => name?.toLocaleLowerCase('en').includes(wanted) === true);
}

/** Where a list goes on: in a day, counted from 1970. */
interface Place {
  readonly day: number;
  readonly continuation?: string | undefined;
}

function textOf(place: Place): string {
  return Buffer.from(JSON.stringify(place), 'utf8').toString('base64url');
}

const placeSchema = v.object({
  day: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(99_999)),
  continuation: v.optional(v.string()),
});

/** @param asked the only day that is listed. The place of another day would show events of that one under its name. */
function parsePlace(text: string, asked: number | undefined): Place {
  const read = v.safeParse(placeSchema, parseJson(Buffer.from(text, 'base64url')));
  if (!read.success || read.output.day !== (asked ?? read.output.day)) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'no continuation of a list' });
  }
  return read.output;
}

/** Days since 1970 of a date as `2026-11-28`. */
function dayNumberOf(date: string): number {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : NaN;
  // `Date.parse` takes 30 February for 2 March.
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== date) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'day must be a date such as 2026-11-28' });
  }
  return time / 1000 / day;
}
