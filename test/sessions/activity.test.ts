import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../src/errors';
import { eventTable, type NewEvent, type ToldEvent } from '../../src/events';
import { sweepExpiredRows } from '../../src/functions/sweep';
import type { KeyRing } from '../../src/keys/encryption';
import { type ActivityLog, createActivityLog } from '../../src/sessions/activity';
import { type ActivityQuery, listActivity } from '../../src/sessions/activity-list';
import type { Table } from '../../src/storage/table';
import { failureOf, longEnough } from '../support/auth-fixture';
import { createMemoryTable, type MemoryTable } from '../support/memory-table';
import { ringSecret, start, userOf } from '../support/session-fixture';
import { createStaticKeyRing } from '../support/static-key-ring';
import { createTestTable } from '../support/test-table';

const day = 86_400;
const ada = userOf();
const never = new AbortController().signal;

let memory: MemoryTable;
let table: Table;
let keyRing: KeyRing;
let activity: ActivityLog;
let reported: unknown[];
let failure: Error | undefined;
let queries: number;
let now: number;

beforeEach(() => {
  memory = createMemoryTable();
  table = {
    ...memory,
    transact: (...asked) =>
      failure === undefined ? memory.transact(...asked) : Promise.reject(failure),
    list: (...asked) => {
      queries += 1;
      return memory.list(...asked);
    },
  };
  keyRing = createStaticKeyRing(ringSecret);
  reported = [];
  failure = undefined;
  queries = 0;
  now = start;
  activity = createActivityLog({
    table,
    keyRing,
    clock: () => now,
    report: (error) => reported.push(error),
  });
});

const signIn = { event: 'sign-in', outcome: 'done', by: ada.userKey } as const;
const refusal = { event: 'sign-in refused', outcome: 'refused', code: 'ERR_A' } as const;

const told = (event: NewEvent, more: Partial<ToldEvent> = {}): ToldEvent => ({
  event,
  at: now,
  ...more,
});

async function list(query: Partial<ActivityQuery> = {}) {
  const usual = { now, limit: 100, signal: longEnough(), stopSignal: never };
  return listActivity({ table, keyRing }, { ...usual, ...query });
}

describe('the activity', () => {
  it('keeps events for thirty days, under the key of the ring, and lists the newest first', async () => {
    activity.record(told(signIn, { person: ada, request: 'one', operation: 'two' }));
    activity.record(told({ event: 'console viewed', outcome: 'done', by: ada.userKey, what: 'a' }));
    now += 60;
    activity.record(told(refusal));
    await activity.flush();
    const by = ada.userKey.slice(0, 8);
    expect((await list()).events).toEqual([
      { event: 'sign-in refused', outcome: 'refused', code: 'ERR_A', at: start + 60 },
      { event: 'console viewed', outcome: 'done', by, what: 'a', at: start },
      {
        ...{ event: 'sign-in', outcome: 'done', by, at: start },
        ...{ name: ada.name, username: ada.username, request: 'one', operation: 'two' },
      },
    ]);
    const stored = JSON.stringify([...memory.rows.values()].map(({ properties }) => properties));
    for (const secret of [ada.name, ada.username, ada.userKey.slice(0, 8), 'sign-in']) {
      expect(Buffer.from(stored).includes(secret)).toBe(false);
    }
    const rows = [...memory.rows.values()];
    expect(rows.map(({ partitionKey }) => partitionKey)).toEqual(
      Array(3).fill(`activity:${new Date(start * 1000).toISOString().slice(0, 10)}`),
    );
    expect(rows[0]?.properties['expiresAt']).toEqual(new Date((start + 30 * day) * 1000));
  });

  it('has the name of the person who acts, and of nobody else', async () => {
    activity.record(told({ ...signIn, by: 'somebodyElse' }, { person: ada }));
    await activity.flush();
    expect((await list()).events[0]).not.toHaveProperty('name');
  });

  it('cuts texts that would not fit into a row and hold up all others', async () => {
    const long = 'x'.repeat(100_000);
    const person = { ...ada, name: long, username: long };
    activity.record(told({ ...signIn, note: long, what: long, tenant: long }, { person }));
    activity.record(told(refusal));
    await activity.flush();
    expect(reported).toEqual([]);
    const [, cut] = (await list()).events;
    expect([cut?.name?.length, cut?.note?.length, cut?.what?.length]).toEqual([300, 300, 300]);
  });

  it('leaves out what would only fill the list', async () => {
    activity.record(told({ event: 'refresh', outcome: 'done', by: ada.userKey, ms: 7 }));
    activity.record(told({ event: 'request refused', outcome: 'refused' }));
    await activity.flush();
    expect(memory.rows.size).toBe(0);
  });

  it('opens in one query of the table, however many events there were', async () => {
    for (let count = 0; count < 10_000; count += 1) {
      if (count % 20 === 0) now += 1;
      activity.record(told({ ...signIn, session: `session-${count}` }));
      if (count % 1_000 === 999) {
        await activity.flush();
        now += 600;
      }
    }
    expect(memory.rows.size).toBe(10_000);
    const first = await list();
    expect([first.events.length, queries]).toEqual([100, 1]);
    const second = await list({ from: first.next });
    expect([second.events.length, queries]).toEqual([100, 2]);
    expect(first.events.at(-1)?.at).toBeGreaterThanOrEqual(second.events[0]?.at ?? Infinity);
    const all = await list({ limit: 10_000 });
    expect([all.events.length, queries]).toEqual([10_000, 2 + 10]);
  });

  it('goes on with earlier days, also over days without any', async () => {
    now = start - 9 * day;
    activity.record(told({ ...signIn, what: 'earlier' }));
    await activity.flush();
    now = start;
    activity.record(told({ ...signIn, what: 'later' }));
    await activity.flush();
    const all = await list();
    expect(all.events.map(({ what }) => what)).toEqual(['later', 'earlier']);
    expect(all.next).toBeUndefined();
    const first = await list({ limit: 1 });
    expect(first.events.map(({ what }) => what)).toEqual(['later']);
    const rest = await list({ limit: 1, from: first.next });
    expect(rest.events.map(({ what }) => what)).toEqual(['earlier']);
  });

  it('can be asked for one day', async () => {
    for (const days of [2, 1, 0]) {
      now = start - days * day;
      activity.record(told({ ...signIn, what: `${days}` }));
      await activity.flush();
    }
    const date = new Date((start - day) * 1000).toISOString().slice(0, 10);
    const found = await list({ day: date });
    expect([found.events.map(({ what }) => what), found.next]).toEqual([['1'], undefined]);
    for (const wrong of ['2026-02-31x', '2026-02-30', 'yesterday', '2026-13-01', '0000-00-00']) {
      expect((await failureOf(list({ day: wrong }))).code).toBe('ERR_BAD_REQUEST');
    }
  });

  it('goes on only in the day that is asked for', async () => {
    for (let count = 0; count < 2; count += 1) activity.record(told(signIn));
    await activity.flush();
    const { next: from } = await list({ limit: 1 });
    const date = (at: number) => new Date(at * 1000).toISOString().slice(0, 10);
    expect((await list({ from, day: date(start) })).events).toHaveLength(1);
    const other = list({ from, day: date(start - day) });
    expect((await failureOf(other)).code).toBe('ERR_BAD_REQUEST');
  });

  it('can be asked for a person, by name, user name or key, and for a kind', async () => {
    const { userKey } = ada;
    activity.record(told(signIn, { person: ada }));
    activity.record(
      told({ event: 'session ended', outcome: 'done', by: 'x'.repeat(43), of: userKey }),
    );
    activity.record(told({ ...signIn, by: 'y'.repeat(43) }));
    await activity.flush();
    const namesFor = async (query: Partial<ActivityQuery>) =>
      (await list(query)).events.map(({ event }) => event);
    // The event about her has only her key. It is the newer one, so her name comes after it.
    const [first = '', last = ''] = ada.name.split(' ');
    const byName = [ada.name.toUpperCase(), ada.username.slice(0, 5), `${last} ${first}`];
    for (const person of [...byName, userKey, userKey.slice(0, 8)]) {
      expect(await namesFor({ person })).toEqual(['session ended', 'sign-in']);
    }
    expect(await namesFor({ person: userKey.slice(0, 5) })).toEqual([]);
    expect(await namesFor({ kind: 'session' })).toEqual(['session ended']);
    expect(await namesFor({ kind: 'session', person: ada.name })).toEqual(['session ended']);
    expect(await namesFor({ person: 'Ada Byron' })).toEqual([]);
    expect((await list()).names).toEqual(new Map([[userKey.slice(0, 8), ada.name]]));
    expect(Object.keys(eventTable)).toContain('session ended');
  });

  it('ends in time with what it has found, and goes on there', async () => {
    for (let count = 0; count < 600; count += 1) activity.record(told(signIn, { person: ada }));
    await activity.flush();
    const found = await list({ kind: 'session', stopSignal: AbortSignal.abort() });
    expect([found.events, found.searched]).toEqual([[], 250]);
    const rest = await list({ kind: 'session', from: found.next });
    expect([rest.searched, rest.next]).toEqual([350, undefined]);
  });

  it('remembers on later pages whose name is searched for', async () => {
    const about = { event: 'session ended', outcome: 'done', by: 'x'.repeat(43) } as const;
    for (let count = 0; count < 300; count += 1) activity.record(told({ ...signIn, by: 'z' }));
    activity.record(told({ ...about, of: ada.userKey, what: 'earlier' }));
    for (let count = 0; count < 300; count += 1) activity.record(told({ ...signIn, by: 'z' }));
    activity.record(told(signIn, { person: ada }));
    await activity.flush();
    const first = await list({ person: 'ada', limit: 1 });
    expect(first.events).toMatchObject([{ event: 'sign-in', name: ada.name }]);
    const second = await list({ person: 'ada', limit: 1, from: first.next });
    expect([first.searched, second.events]).toMatchObject([250, [{ what: 'earlier' }]]);
  });

  it.each(['', 'a', '{}', Buffer.from('{"day":-1}').toString('base64url')])(
    'refuses a place that no page ended with: %j',
    async (from) => {
      expect((await failureOf(list({ from }))).code).toBe('ERR_BAD_REQUEST');
    },
  );

  it('counts what no key opens: somebody moved it, or the keys were deleted', async () => {
    activity.record(told(signIn));
    await activity.flush();
    const [row] = [...memory.rows.values()];
    if (row === undefined) throw new Error('nothing was written');
    await memory.insert({ ...row, rowKey: `${row.rowKey}x` } as never, longEnough());
    expect(await list()).toMatchObject({ searched: 2, unreadable: 1 });
    keyRing = createStaticKeyRing(Buffer.alloc(32, 9));
    expect(await list()).toMatchObject({ searched: 2, unreadable: 2, events: [] });
  });
});

describe('a key that cannot be unwrapped now', () => {
  const unavailable = new AppError('ERR_KEYS_UNAVAILABLE', { note: 'a key of the ring' });

  it('hides its own events only, is looked up once, and is told', async () => {
    activity.record(told(signIn));
    await activity.flush();
    const lost = createStaticKeyRing(Buffer.alloc(32, 9));
    const ours = createStaticKeyRing(ringSecret);
    keyRing = lost;
    const other = createActivityLog({ table, keyRing, clock: () => now, report: () => undefined });
    for (let count = 0; count < 3; count += 1) other.record(told(refusal));
    await other.flush();
    const lostKid = (await lost.current(longEnough())).kid;
    const asked: string[] = [];
    keyRing = {
      current: (signal) => ours.current(signal),
      find: async (kid, signal) => {
        asked.push(kid);
        if (kid === lostKid) throw unavailable;
        return ours.find(kid, signal);
      },
    };
    const onKeyUnavailable = jest.fn();
    const options = { now, limit: 100, signal: longEnough(), stopSignal: never };
    const found = await listActivity({ table, keyRing, onKeyUnavailable }, options);
    expect(found).toMatchObject({ searched: 4, unreadable: 3, events: [{ event: 'sign-in' }] });
    expect(asked.filter((kid) => kid === lostKid)).toHaveLength(1);
    expect(onKeyUnavailable.mock.calls).toEqual([[unavailable]]);
    // The deadline of the request is another matter.
    const late = listActivity({ table, keyRing }, { ...options, signal: AbortSignal.abort() });
    expect((await failureOf(late)).code).toBe('ERR_KEYS_UNAVAILABLE');
  });

  it('keeps events from being written: the table gets nothing that is not encrypted', async () => {
    keyRing = {
      current: () => Promise.reject(unavailable),
      find: () => Promise.resolve(undefined),
    };
    const clock = () => now;
    const report = (error: unknown) => reported.push(error);
    activity = createActivityLog({ table, keyRing, clock, report });
    activity.record(told(signIn));
    await activity.flush();
    expect([memory.rows.size, reported]).toEqual([0, [unavailable]]);
  });
});

describe('flushSoon', () => {
  /** Asks until so many rows are there. */
  async function untilWritten(rows: number): Promise<void> {
    while (memory.rows.size < rows) {
      activity.flushSoon();
      await delay(20);
    }
  }

  it('writes in the background, again and again, also what comes while it writes', async () => {
    const slow = Promise.withResolvers<undefined>();
    const transact = table.transact.bind(table);
    table.transact = async (...asked) => {
      await slow.promise;
      return transact(...asked);
    };
    activity.record(told(signIn));
    activity.flushSoon();
    await delay(20);
    activity.record(told(signIn));
    activity.flushSoon();
    await delay(20);
    expect(memory.rows.size).toBe(0);
    slow.resolve(undefined);
    await untilWritten(2);
    activity.record(told(signIn));
    await untilWritten(3);
  });
});

describe('a flood of refusals', () => {
  it('is counted and not written one by one', async () => {
    for (let count = 0; count < 5_000; count += 1) activity.record(told(refusal));
    activity.record(told({ ...refusal, code: 'ERR_B' }));
    await activity.flush();
    // A team may have a code for each order.
    for (let count = 0; count < 100; count += 1) {
      activity.record(told({ event: 'request failed', outcome: 'failed', code: `ORDER_${count}` }));
    }
    expect(memory.rows.size).toBe(31);
    await activity.flush();
    expect(memory.rows.size).toBe(61);
    now += 600;
    await activity.flush();
    const summaries = (await list()).events.filter(({ count }) => count !== undefined);
    expect(summaries).toMatchObject([
      { event: 'request failed', count: 70 },
      { event: 'sign-in refused', code: 'ERR_A', count: 4_970 },
    ]);
    expect(memory.rows.size).toBe(63);
    // The time begins anew.
    activity.record(told(refusal));
    await activity.flush();
    expect(memory.rows.size).toBe(64);
  });
});

describe('a clock that jumps back', () => {
  it('counts anew, and does not wait until the old time comes again', async () => {
    for (let count = 0; count < 40; count += 1) activity.record(told(refusal));
    await activity.flush();
    now -= 5 * 3_600;
    activity.record(told(refusal));
    await activity.flush();
    expect(memory.rows.size).toBe(32);
    const { events } = await list({ now: start });
    expect(events.map(({ at, count }) => [at, count]).slice(0, 1)).toEqual([[start, 10]]);
    expect(events.at(-1)?.at).toBe(now);
  });
});

describe('a table that cannot be written', () => {
  it('is told once, fails nobody, and gets its events later', async () => {
    failure = new AppError('ERR_STORAGE_UNAVAILABLE');
    for (let count = 0; count < 3; count += 1) {
      activity.record(told(signIn));
      await activity.flush();
    }
    expect(reported).toEqual([failure]);
    failure = undefined;
    await activity.flush();
    expect(memory.rows.size).toBe(3);
    failure = new AppError('ERR_STORAGE_UNAVAILABLE');
    activity.record(told(signIn));
    await activity.flush();
    expect(reported).toHaveLength(2);
  });

  it('is asked again after half a minute, and one that can be written once a second', async () => {
    jest.useFakeTimers();
    try {
      const times = new Set<number>();
      const transact = table.transact.bind(table);
      table.transact = (...asked) => {
        times.add(performance.now());
        return transact(...asked);
      };
      // As after every answer.
      const answerFor = async (seconds: number): Promise<number> => {
        for (let passed = 0; passed < seconds; passed += 0.5) {
          activity.record(told(signIn));
          activity.flushSoon();
          await jest.advanceTimersByTimeAsync(500);
        }
        return times.size;
      };
      failure = new AppError('ERR_STORAGE_UNAVAILABLE');
      expect(await answerFor(29)).toBe(1);
      failure = undefined;
      expect(await answerFor(2)).toBe(3);
      expect(await answerFor(10)).toBe(13);
    } finally {
      jest.useRealTimers();
    }
  });

  it('gets nothing twice when a write was done and its answer got lost, and loses nothing', async () => {
    const transact = table.transact.bind(table);
    table.transact = async (...asked) => {
      await transact(...asked);
      throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'no answer in time' });
    };
    for (const what of ['1', '2']) activity.record(told({ ...signIn, what }));
    await activity.flush();
    expect(memory.rows.size).toBe(2);
    table.transact = transact;
    // It must not go into the transaction that is sent again.
    activity.record(told({ ...signIn, what: '3' }));
    await activity.flush();
    expect((await list()).events.map(({ what }) => what)).toEqual(['3', '2', '1']);
    expect(memory.rows.size).toBe(3);
  });

  it('does not wait for an event that no row can hold, and counts it', async () => {
    const circle: Record<string, unknown> = {};
    circle['of'] = circle;
    // Code in JavaScript can give anything as the note of its error.
    for (const note of [5n, circle, { a: 1 }, Symbol('a')] as unknown as string[]) {
      activity.record(told({ ...refusal, note }));
    }
    activity.record({ ...told(signIn), at: NaN });
    activity.record(told(signIn));
    await activity.flush();
    expect(reported).toEqual([]);
    const found = await list();
    expect(found.unreadable).toBe(0);
    expect(found.events.map(({ event, count }) => [event, count])).toEqual([
      ['events lost', 5],
      ['sign-in', undefined],
    ]);
  });

  it('leaves no more than a thousand events waiting, and counts the others', async () => {
    failure = new AppError('ERR_STORAGE_UNAVAILABLE');
    for (let count = 0; count < 1_500; count += 1) activity.record(told(signIn));
    await activity.flush();
    failure = undefined;
    await activity.flush();
    await activity.flush();
    const { events } = await list({ limit: 2_000 });
    expect(events.filter(({ event }) => event === 'sign-in')).toHaveLength(1_000);
    expect(events.filter(({ event }) => event === 'events lost')).toMatchObject([{ count: 500 }]);
  });
});

describe('the activity in Table Storage', () => {
  it('is written in transactions, listed in order, and swept after thirty days', async () => {
    const real = await createTestTable();
    ({ table } = real);
    const log = createActivityLog({
      table,
      keyRing,
      clock: () => now,
      report: (error) => reported.push(error),
    });
    for (let count = 0; count < 120; count += 1) {
      log.record(told({ ...signIn, what: String(count) }, { person: ada }));
    }
    await log.flush();
    expect(reported).toEqual([]);
    const first = await list();
    expect(first.events.map(({ what }) => Number(what))).toEqual(
      Array.from({ length: 100 }, (_one, index) => 119 - index),
    );
    const second = await list({ from: first.next });
    expect(second.events).toHaveLength(20);
    const past = { stopSignal: longEnough(), signal: longEnough() };
    await sweepExpiredRows(table, { now: start + 30 * day, ...past });
    expect((await list()).events).toHaveLength(100);
    await sweepExpiredRows(table, { now: start + 30 * day + 61, ...past });
    expect((await list()).events).toEqual([]);
  });
});
