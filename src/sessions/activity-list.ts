import * as v from 'valibot';
import { parseJson } from '../bodies';
import { AppError } from '../errors';
import { type EventKind, kindOf } from '../events';
import type { KeyRing, RingKey } from '../keys/encryption';
import { readPageInTime, type Row, type Table } from '../storage/table';
import { type ActivityContent, keptDays, parseActivityRow, partitionOf } from './activity';
import { findListKey, nameMatcherOf } from './find-sessions';

/** Which events to list. */
export interface ActivityQuery {
  /** The beginning of a user key, or words of a name or user name; the person may act, or be the one whom it is about. */
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
  /** By the beginning of a user key: names that these events have, for those that have only the key. */
  readonly names: ReadonlyMap<string, string>;
  /** How many events were looked at. */
  readonly searched: number;
  /** Rows that no key of the app opens: the keys were deleted or cannot be unwrapped now, or somebody changed the rows. */
  readonly unreadable: number;
  /** Where the next page begins; `undefined` when there is nothing more. */
  readonly next: string | undefined;
}

const day = 86_400;

/** A filter looks at many rows for few events. The most that one query of the table gives is 1,000. */
const filteredPageSize = 250;
const maxPageSize = 1_000;

interface ActivityParts {
  readonly table: Table;
  readonly keyRing: KeyRing;
  /** Called once for each key that is there and cannot be unwrapped now. Its events count as unreadable. */
  readonly onKeyUnavailable?: (error: AppError) => void;
}

/**
 * What happened lately, newest first. Each day is a partition of its own. Without a filter a page of a busy day is one
 * query. A quiet day ends soon, and the list goes on with the day before.
 * @throws ERR_BAD_REQUEST for a place that no page ended with; ERR_STORAGE_UNAVAILABLE; ERR_KEYS_UNAVAILABLE when the
 *   deadline passed
 */
export async function listActivity(
  parts: ActivityParts,
  query: ActivityQuery,
): Promise<ActivityPage> {
  const { now, limit, signal, stopSignal } = query;
  const isFiltered = query.person !== undefined || query.kind !== undefined;
  const oldest = Math.floor(now / day) - keptDays;
  const newest = Math.floor(now / day);
  const asked = query.day === undefined ? undefined : dayNumberOf(query.day);
  const from: Place =
    query.from === undefined ? { day: asked ?? newest } : parsePlace(query.from, asked);
  const filter = createFilter(query, from.keys);
  const eventOf = createOpener(parts, signal);
  let place: Omit<Place, 'keys'> = { day: from.day, continuation: from.continuation };
  let unreadable = 0;
  const pageUntil = (next: Omit<Place, 'keys'> | undefined): ActivityPage => ({
    ...filter.result(),
    unreadable,
    next: next && textOf({ ...next, keys: filter.keys() }),
  });
  for (let reads = 0; place.day >= oldest && place.day <= newest; reads += 1) {
    const pageSize = isFiltered ? filteredPageSize : Math.min(limit - filter.count(), maxPageSize);
    const rows = { partitionKey: partitionOf(place.day * day), pageSize };
    const page = { ...rows, continuation: place.continuation, select: ['data', 'kid'] };
    const stop = reads === 0 ? undefined : stopSignal;
    const read = await readPageInTime(parts.table, page, signal, stop);
    if (read === undefined) return pageUntil(place);
    for (const row of read.rows) {
      const event = await eventOf(row);
      if (event === undefined) unreadable += 1;
      filter.take(event);
    }
    const { continuation } = read;
    place = continuation === undefined ? { day: place.day - 1 } : { day: place.day, continuation };
    if (asked !== undefined && place.day !== asked) break;
    const isEnd = place.day < oldest;
    if (filter.count() >= limit || isEnd) return pageUntil(isEnd ? undefined : place);
  }
  return pageUntil(undefined);
}

/** Chooses events while they come, newest first. */
interface ActivityFilter {
  /** `undefined`: an event that cannot be read. It counts as looked at. */
  take(event: ActivityContent | undefined): void;
  /** How many were chosen. */
  count(): number;
  result(): Pick<ActivityPage, 'events' | 'names' | 'searched'>;
  /** The beginnings of the user keys of people who were found by name. */
  keys(): readonly string[] | undefined;
}

/** A name may be that of many people. So many are found by key too: their keys stand in the address of the next page. */
const maxKeys = 30;

/**
 * An event has the name of the person who acts, and only the key of the one whom it is about. So a search by name learns
 * the keys of the people with this name, and finds what others did to them too, also when that comes before in the list.
 * @param known keys that an earlier page has learned
 */
function createFilter(
  { person, kind }: Pick<ActivityQuery, 'person' | 'kind'>,
  known: readonly string[] = [],
): ActivityFilter {
  const keys = new Set(known);
  const isNamed = nameMatcherOf(person ?? '');
  const names = new Map<string, string>();
  /** With their places in the list. An event that has only a key waits until the name of that person is known. */
  const events = new Map<number, ActivityContent>();
  let waiting = new Map<number, ActivityContent>();
  let searched = 0;

  const learn = (key: string): void => {
    if (keys.has(key) || keys.size >= maxKeys) return;
    keys.add(key);
    const left = new Map<number, ActivityContent>();
    for (const [at, event] of waiting) (isAbout(event, keys) ? events : left).set(at, event);
    waiting = left;
  };

  return {
    take: (event) => {
      searched += 1;
      if (event === undefined) return;
      const { by, name, username = '' } = event;
      if (by !== undefined && name !== undefined) {
        if (!names.has(by)) names.set(by, name);
        if (person !== undefined && isNamed({ name, username })) learn(by);
      }
      if (kind !== undefined && kindOf(event.event) !== kind) return;
      if (person === undefined || isOfKey(event, person) || isAbout(event, keys)) {
        events.set(searched, event);
      } else if (name === undefined || (event.of ?? by) !== by) {
        waiting.set(searched, event);
      }
    },
    count: () => events.size,
    result: () => ({
      events: [...events].sort(([one], [other]) => one - other).map(([, event]) => event),
      names,
      searched,
    }),
    keys: () => (keys.size === 0 ? undefined : [...keys]),
  };
}

/** The log has only the beginning of a key. A whole key is found by it too. */
function isOfKey({ by, of }: ActivityContent, person: string): boolean {
  const keys = [by, of].filter((key) => key !== undefined && key !== '');
  return keys.some((key) => key === person.slice(0, key?.length));
}

function isAbout({ by, of }: ActivityContent, keys: ReadonlySet<string>): boolean {
  return [by, of].some((key) => key !== undefined && keys.has(key));
}

/** Opens rows. Each key is looked up once: one that cannot be unwrapped would cost a query for each of its rows. */
function createOpener(
  { table, keyRing, onKeyUnavailable }: ActivityParts,
  signal: AbortSignal,
): (row: Row) => Promise<ActivityContent | undefined> {
  const keys = new Map<string, RingKey | undefined>();
  return async (row) => {
    const { kid } = row.properties;
    if (typeof kid !== 'string') return undefined;
    if (!keys.has(kid)) {
      keys.set(kid, await findListKey(keyRing, kid, signal, onKeyUnavailable));
    }
    const ringKey = keys.get(kid);
    return ringKey && parseActivityRow(row, ringKey, table);
  };
}

/** Where a list goes on: in a day, counted from 1970. */
interface Place {
  readonly day: number;
  readonly continuation?: string | undefined;
  /** Of the people with the name that is searched for, as far as earlier pages know them. */
  readonly keys?: readonly string[] | undefined;
}

function textOf(place: Place): string {
  return Buffer.from(JSON.stringify(place), 'utf8').toString('base64url');
}

const placeSchema = v.object({
  day: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(99_999)),
  continuation: v.optional(v.string()),
  keys: v.optional(v.array(v.string())),
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
