import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { parseJson } from '../bodies';
import { AppError } from '../errors';
import { isKept, type NewEvent, shownEvent, type ToldEvent } from '../events';
import {
  decryptValue,
  deriveKey,
  encryptValue,
  type KeyRing,
  type RingKey,
} from '../keys/encryption';
import { maxTransactionRows, type Row, type Table, type TransactionAction } from '../storage/table';
import type { Clock } from '../waiting';
import { toRowTime } from './session-rows';

/** Keeps what happened lately in the table, so that the console can show it. */
export interface ActivityLog {
  /** Takes an event. It never throws and never waits: the event is written later. */
  readonly record: (told: ToldEvent) => void;
  /**
   * Starts to write what waits, soon and in the background. Called when an answer has been decided, so that no answer waits for it.
   * At most one write a second, with up to a hundred events.
   */
  flushSoon(): void;
  /** Writes what waits, and comes back when that is done. It never rejects. */
  flush(): Promise<void>;
}

interface ActivityParts {
  readonly table: Table;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  /** Called once when events can no longer be written, until they can again. */
  readonly report: (error: unknown) => void;
}

const day = 86_400;

/** How long an event is kept. A key of the ring is kept for a day more. */
export const keptDays = 30;

/** Events that may wait for the table. What comes then is counted and dropped, because memory is for requests. */
const maxWaiting = 1_000;
const pauseMs = 1_000;
const pauseAfterFailureMs = 30_000;
const writeMs = 8_000;

/**
 * An activity log in the table. An instance keeps what it cannot write, and tries again. What it still has when the process is
 * killed is lost here, and stands in the log.
 *
 * Azure does not track work that goes on after an answer. It goes on as long as the process, which ends when the instance is idle for
 * minutes or is taken away. So a write begins at once, a hook of the host writes the rest at an orderly end, and the log has everything.
 * @see https://learn.microsoft.com/azure/azure-functions/performance-reliability
 */
export function createActivityLog(parts: ActivityParts): ActivityLog {
  const { clock, report } = parts;
  const flood = createFloodCounter(clock);
  const queue = createQueue();
  let nextWriteAt = 0;
  let hasFailed = false;

  const write = async (): Promise<void> => {
    flood.closed().forEach(queue.add);
    queue.addLost(clock());
    for (let batch = queue.nextBatch(); batch.length > 0; batch = queue.nextBatch()) {
      await insertEvents(parts, batch, AbortSignal.timeout(writeMs));
      queue.removeBatch();
      hasFailed = false;
    }
  };

  const flush = once(async () => {
    try {
      await write();
      nextWriteAt = performance.now() + pauseMs;
    } catch (error) {
      nextWriteAt = performance.now() + pauseAfterFailureMs;
      if (!hasFailed) report(error);
      hasFailed = true;
    }
  });
  const soon = createTimer(() => void flush());

  return {
    record: (told) => {
      if (!isKept(told.event.event)) return;
      const kind = flood.count(told);
      if (kind === 'written') queue.add(told);
      // Perhaps no other event comes, and the count must not wait for one.
      if (kind === 'first-counted') setTimeout(() => void flush(), floodSeconds * 1_000).unref();
    },
    flushSoon: () => {
      if (queue.size() > 0) soon.start(Math.max(nextWriteAt - performance.now(), 0));
    },
    flush,
  };
}

/** The same run for all who ask while it runs. */
function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work().finally(() => {
      running = undefined;
    });
    return running;
  };
}

/** A timer that keeps no process alive. While it runs, it is not started again. */
function createTimer(work: () => void): { start(ms: number): void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    start: (ms) => {
      timer ??= setTimeout(() => {
        timer = undefined;
        work();
      }, ms).unref();
    },
  };
}

interface WaitingEvent {
  /** Epoch seconds. */
  readonly at: number;
  readonly content: ActivityContent;
  /** The same at each try, so that nothing is written twice. */
  readonly rowKey: string;
}

/** Events that wait for the table, oldest first. */
function createQueue() {
  let waiting: WaitingEvent[] = [];
  let batch: readonly WaitingEvent[] = [];
  let lost = 0;
  let sequence = 0;
  const add = (event: ToldEvent): void => {
    const content = contentOf(event);
    if (content === undefined || waiting.length >= maxWaiting) {
      lost += 1;
      return;
    }
    const { at } = event;
    sequence += 1;
    waiting.push({ at, content, rowKey: rowKeyOf(at, sequence) });
  };
  return {
    add,
    size: () => waiting.length,
    /** Adds an event about those for which there was no room. */
    addLost: (at: number) => {
      if (lost === 0 || waiting.length >= maxWaiting) return;
      const event = { event: 'events lost', outcome: 'failed', count: lost } as const;
      lost = 0;
      add({ event, at });
    },
    /**
     * The events of the first day, as many as one transaction takes. It gives the same ones until they are removed: if the
     * answer to a write got lost, the table may have them, and with others among them nobody could tell.
     */
    nextBatch: (): readonly WaitingEvent[] => {
      const [first] = waiting;
      if (batch.length > 0 || first === undefined) return batch;
      const partition = partitionOf(first.at);
      const other = waiting.findIndex(({ at }) => partitionOf(at) !== partition);
      batch = waiting.slice(0, Math.min(other < 0 ? waiting.length : other, maxTransactionRows));
      return batch;
    },
    removeBatch: () => {
      waiting = waiting.slice(batch.length);
      batch = [];
    },
  };
}

/** In so many seconds so many events of one kind are written. The others of that time are counted, and become one event. */
const floodSeconds = 600;
const maxRefusals = 30;
const maxOthers = 2_000;

interface FloodCounter {
  /** Whether the event is to be written, or is only counted. */
  count(event: ToldEvent): 'written' | 'first-counted' | 'counted';
  /** One event for each kind whose time is over and of which events were only counted. */
  closed(): readonly ToldEvent[];
}

/** Strangers can cause refusals, as many as they like. Kinds come from our own table, so their number has a limit. */
function createFloodCounter(clock: Clock): FloodCounter {
  const counts = new Map<string, { readonly until: number; count: number; last: ToldEvent }>();
  let ended: ToldEvent[] = [];
  const end = (key: string): void => {
    const { count, last } = counts.get(key) ?? {};
    counts.delete(key);
    if (count === undefined || last === undefined) return;
    const more = count - limitOf(last);
    if (more > 0) ended.push({ event: summaryOf(last.event, more), at: last.at });
  };
  return {
    count: (told) => {
      const { event, outcome, code = '' } = told.event;
      // The codes of a team's own have no limit.
      const key = `${event} ${outcome} ${code.startsWith('ERR_') ? code : ''}`;
      const now = clock();
      if (isOver(counts.get(key), now)) end(key);
      const kind = counts.get(key) ?? { until: now + floodSeconds, count: 0, last: told };
      counts.set(key, kind);
      kind.count += 1;
      kind.last = told;
      const more = kind.count - limitOf(told);
      return more <= 0 ? 'written' : more === 1 ? 'first-counted' : 'counted';
    },
    closed: () => {
      const now = clock();
      for (const [key, kind] of counts) {
        if (isOver(kind, now)) end(key);
      }
      const all = ended;
      ended = [];
      return all;
    },
  };
}

/** Also when the clock was set back. Otherwise events would only be counted until the old time comes again. */
function isOver(kind: { readonly until: number } | undefined, now: number): boolean {
  return kind !== undefined && (now >= kind.until || now < kind.until - floodSeconds);
}

function limitOf({ event: { outcome } }: ToldEvent): number {
  return outcome === 'refused' || outcome === 'failed' ? maxRefusals : maxOthers;
}

function summaryOf(last: NewEvent, count: number): NewEvent {
  const { event, outcome } = last;
  const code = last.code?.startsWith('ERR_') === true ? last.code : undefined;
  // The pair comes from an event.
  return { event, outcome, code, count, what: 'more of this kind' } as NewEvent;
}

async function insertEvents(
  { table, keyRing }: ActivityParts,
  events: readonly WaitingEvent[],
  signal: AbortSignal,
): Promise<void> {
  const [first] = events;
  if (first === undefined) return;
  const partitionKey = partitionOf(first.at);
  const ringKey = await keyRing.current(signal);
  const inserts = events.map((event): TransactionAction => ({
    action: 'insert',
    ...rowOf(event, ringKey, table),
  }));
  const { outcome } = await table.transact(partitionKey, inserts, signal);
  // `exists`: an earlier try was done and its answer got lost. A transaction is done as a whole or not at all.
  if (outcome !== 'done' && outcome !== 'exists') {
    throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: `an insert was answered ${outcome}` });
  }
}

/** `activity:2026-11-28`, in UTC. */
export function partitionOf(epochSeconds: number): string {
  return `activity:${new Date(epochSeconds * 1000).toISOString().slice(0, 10)}`;
}

/** Greater than the seconds of the next 200 years. */
const endOfTime = 9_999_999_999;

/** The newest key comes first. Within a second the later event of an instance does. */
function rowKeyOf(at: number, sequence: number): string {
  const seconds = String(endOfTime - Math.floor(at)).padStart(10, '0');
  const order = String(999_999 - (sequence % 1_000_000)).padStart(6, '0');
  return `${seconds}-${order}-${randomBytes(6).toString('base64url')}`;
}

/** A text that is too long for a row would hold up all others that wait. The log has the whole text. */
const maxTextLength = 300;

/** `undefined` when the page could not show it: code in JavaScript can give anything as the note of its error. */
function contentOf({ event, at, person, ...where }: ToldEvent): ActivityContent | undefined {
  // What the log has of causes is for developers.
  const shown = shownEvent({ ...event, causes: undefined });
  const isTheirs = person !== undefined && person.userKey === event.by;
  const named = isTheirs && { name: person.name, username: person.username };
  const content = { ...shown, ...where, at, ...named };
  return v.is(contentSchema, content) ? content : undefined;
}

function rowOf({ at, content, rowKey }: WaitingEvent, ringKey: RingKey, { name: table }: Table) {
  const data = encryptValue(
    deriveKey(ringKey, 'activity'),
    { table, partitionKey: partitionOf(at), rowKey, property: 'data' },
    Buffer.from(JSON.stringify(content, cutText), 'utf8'),
  );
  const expiresAt = toRowTime(at + keptDays * day);
  return { rowKey, properties: { data, kid: ringKey.kid, expiresAt } };
}

const cutText = (_name: string, value: unknown): unknown =>
  typeof value === 'string' ? value.slice(0, maxTextLength) : value;

const text = v.optional(v.string());

const contentSchema = v.object({
  event: v.string(),
  outcome: v.string(),
  /** Epoch seconds. */
  at: v.number(),
  by: text,
  of: text,
  session: text,
  /** Of the person who acts. */
  name: text,
  username: text,
  why: text,
  what: text,
  count: v.optional(v.number()),
  code: text,
  note: text,
  kind: text,
  where: text,
  error: text,
  suberror: text,
  number: text,
  correlation: text,
  tenant: text,
  api: text,
  setting: text,
  fault: text,
  request: text,
  operation: text,
});

/** An event as the table keeps it. A newer version may have events that this one does not know. */
export type ActivityContent = Readonly<v.InferOutput<typeof contentSchema>>;

/** The event in a row; `undefined` when this key does not open it. */
export function parseActivityRow(
  { partitionKey, rowKey, properties }: Row,
  ringKey: RingKey,
  { name: table }: Pick<Table, 'name'>,
): ActivityContent | undefined {
  const address = { table, partitionKey, rowKey, property: 'data' };
  const content = decryptValue(deriveKey(ringKey, 'activity'), address, properties['data']);
  const read = v.safeParse(contentSchema, content && parseJson(content));
  return read.success ? read.output : undefined;
}
