import { createHash } from 'node:crypto';
import type { TableClient, TransactionAction } from '@azure/data-tables';
import { InvocationContext, type Timer } from '@azure/functions';
import { AppError } from '../../src/errors';
import { countLiveSessions, createSweep, sweepExpiredRows } from '../../src/functions/sweep';
import type { Services } from '../../src/http/context';
import { createSessionStore, type SessionStore } from '../../src/sessions/session-store';
import type { Table } from '../../src/storage/table';
import { keepEvents, type ToldEvent } from '../support/context-fixture';
import { limits, newSession, ringSecret, start, userOf } from '../support/session-fixture';
import { createStaticKeyRing } from '../support/static-key-ring';
import { createTestTable } from '../support/test-table';

const signal = AbortSignal.timeout(600_000);
const past = { stopSignal: signal, signal };
let table: Table;
let client: TableClient;
let store: SessionStore;

beforeEach(async () => {
  ({ table, client } = await createTestTable());
  store = createSessionStore({ table, keyRing: createStaticKeyRing(ringSecret), limits });
});

async function keys(): Promise<string[]> {
  const found: string[] = [];
  for await (const { partitionKey, rowKey } of client.listEntities()) {
    if (partitionKey !== 'sweep') found.push(`${partitionKey ?? ''}/${rowKey ?? ''}`);
  }
  return found;
}

/** Rows that expired at `start`, many of them in few transactions: `count` users with both rows of a session. */
async function insertExpired(count: number): Promise<void> {
  for (let index = 0; index < count; index += 50) {
    const actions: TransactionAction[] = [];
    const partitionKey = `user-${index}`;
    for (let session = index; session < Math.min(count, index + 50); session += 1) {
      const times = { expiresAt: new Date(start * 1000) };
      actions.push(['create', { partitionKey, rowKey: `session:${session}`, ...times }]);
      actions.push(['create', { partitionKey, rowKey: `tokens:${session}`, ...times }]);
    }
    await client.submitTransaction(actions);
  }
}

describe('sweepExpiredRows', () => {
  it('leaves what lives alone', async () => {
    await store.open(newSession());
    const before = await keys();
    const counts = await sweepExpiredRows(table, { now: start + 1, ...past });
    expect(counts).toMatchObject({ rows: 0, isFinished: true });
    expect(await keys()).toEqual(before);
    expect(before).toHaveLength(3);
  });

  it('removes a session past its lifetime with tokens and sid index', async () => {
    await store.open(newSession());
    await sweepExpiredRows(table, { now: start + limits.lifetimeSeconds + 60, ...past });
    expect(await keys()).toEqual([]);
  });

  it('removes an idle session with its tokens, though those could have lived on', async () => {
    const { ticket } = await store.open(newSession({ sid: undefined }));
    await store.open(newSession({ sid: undefined, user: userOf('bob'), now: start + 1800 }));
    await sweepExpiredRows(table, { now: start + limits.idleSeconds + 60, ...past });
    const left = await keys();
    expect(left).toHaveLength(2);
    expect(left.join()).not.toContain(ticket.userKey);
  });

  it('waits a minute past expiry: clocks differ', async () => {
    await store.open(newSession({ sid: undefined }));
    await sweepExpiredRows(table, { now: start + limits.idleSeconds + 59, ...past });
    expect(await keys()).toHaveLength(2);
  });

  it('removes the other half of a session that lost one row', async () => {
    const { ticket } = await store.open(newSession({ sid: undefined }));
    const [session = ''] = (await keys()).filter((key) => key.includes('/session:'));
    await client.deleteEntity(ticket.userKey, session.split('/')[1] ?? '');
    await sweepExpiredRows(table, { now: start + limits.lifetimeSeconds + 60, ...past });
    expect(await keys()).toEqual([]);
  });

  it('ends behind its page when its time is used up, and goes on there in the next run', async () => {
    await insertExpired(1_300);
    const runs = [];
    for (let run = 0; run < 9; run += 1) {
      const time = new AbortController();
      const watched: Table = {
        ...table,
        // The time is over when the first page has been removed.
        replace: (...row) => {
          time.abort();
          return table.replace(...row);
        },
      };
      const options = { now: start + 60, stopSignal: time.signal, signal };
      const counts = await sweepExpiredRows(watched, options);
      runs.push(counts.rows);
      if (counts.isFinished) break;
    }
    expect(runs.reduce((sum, rows) => sum + rows, 0)).toBe(2_600);
    expect(Math.max(...runs)).toBeLessThanOrEqual(2_000);
    expect(await keys()).toEqual([]);
  });

  it('clears many partitions side by side, but never more than 32', async () => {
    await insertExpired(500);
    let running = 0;
    let most = 0;
    const watched: Table = {
      ...table,
      transact: async (...asked) => {
        running += 1;
        most = Math.max(most, running);
        return table.transact(...asked).finally(() => {
          running -= 1;
        });
      },
    };
    await sweepExpiredRows(watched, { now: start + 60, ...past });
    expect(most).toBe(10);
    for (let user = 0; user < 40; user += 1) {
      await store.open(newSession({ sid: undefined, user: userOf(`user ${user}`) }));
    }
    await sweepExpiredRows(watched, { now: start + limits.lifetimeSeconds + 60, ...past });
    expect(most).toBe(32);
    expect(await keys()).toEqual([]);
  });

  it('waits and clears fewer at once when storage is busy, and gives up at the third time', async () => {
    await insertExpired(500);
    const busy = new AppError('ERR_STORAGE_UNAVAILABLE', { retryAfterSeconds: 1 });
    let faults = 10;
    let running = 0;
    let mostAfterFault = 0;
    const watched: Table = {
      ...table,
      transact: async (...asked) => {
        if (faults > 0) {
          faults -= 1;
          throw busy;
        }
        running += 1;
        mostAfterFault = Math.max(mostAfterFault, running);
        return table.transact(...asked).finally(() => {
          running -= 1;
        });
      },
    };
    const counts = await sweepExpiredRows(watched, { now: start + 60, ...past });
    expect(counts).toMatchObject({ rows: 1_000, isFinished: true });
    expect(mostAfterFault).toBe(8);
    expect(await keys()).toEqual([]);
    await insertExpired(50);
    faults = Infinity;
    const sweep = sweepExpiredRows(watched, { now: start + 60, ...past });
    await expect(sweep).rejects.toBe(busy);
    expect(await keys()).toHaveLength(100);
  });

  it('removes a lone row without a transaction', async () => {
    await store.open(newSession({ sid: 'one' }));
    const transactions: string[] = [];
    const watched: Table = {
      ...table,
      transact: (partitionKey, ...asked) => {
        transactions.push(partitionKey);
        return table.transact(partitionKey, ...asked);
      },
    };
    await sweepExpiredRows(watched, { now: start + limits.lifetimeSeconds + 60, ...past });
    expect(transactions).toHaveLength(1);
    expect(transactions[0]).not.toContain('sid:');
    expect(await keys()).toEqual([]);
  });

  it('may run twice at once', async () => {
    await insertExpired(500);
    await store.open(newSession({ now: start + 100 }));
    const now = start + 160;
    await Promise.all([
      sweepExpiredRows(table, { now, ...past }),
      sweepExpiredRows(table, { now, ...past }),
    ]);
    expect(await keys()).toHaveLength(3);
  });

  it('leaves the rest to another run that has moved the cursor', async () => {
    let lists = 0;
    const moved: Table = {
      ...table,
      list: async function* list() {
        lists += 1;
        const continuation = lists < 5 ? String(lists) : undefined;
        yield await Promise.resolve({ rows: [], continuation });
      },
      insert: () => Promise.resolve(false),
    };
    const counts = await sweepExpiredRows(moved, { now: start, ...past });
    expect(counts).toEqual({ pages: 1, rows: 0, isFinished: false });
  });

  it('goes on behind the last whole page when a run breaks off', async () => {
    await insertExpired(1_500);
    let pagesWithRows = 0;
    const breaking: Table = {
      ...table,
      list: async function* list(query, ofRequest) {
        if (pagesWithRows === 2) throw new Error('the instance was taken away');
        for await (const page of table.list(query, ofRequest)) {
          if (page.rows.length > 0) pagesWithRows += 1;
          yield page;
        }
      },
    };
    await expect(sweepExpiredRows(breaking, { now: start + 60, ...past })).rejects.toThrow('away');
    const left = await keys();
    expect(left).toHaveLength(1_000);
    const asked: (string | undefined)[] = [];
    const watched: Table = {
      ...table,
      list: (query, ofRequest) => {
        asked.push(query.continuation);
        return table.list(query, ofRequest);
      },
    };
    await sweepExpiredRows(watched, { now: start + 60, ...past });
    expect(asked[0]).toBeDefined();
    expect(await keys()).toEqual([]);
  });

  it('begins anew when its place cannot be read', async () => {
    await insertExpired(10);
    const place = { partitionKey: 'sweep', rowKey: 'cursor', properties: { continuation: 'x' } };
    await table.insert(place, signal);
    await sweepExpiredRows(table, { now: start + 60, ...past });
    expect(await keys()).toEqual([]);
  });

  it('needs no key and reads no value', async () => {
    await store.open(newSession());
    const asked: string[] = [];
    const watched: Table = {
      ...table,
      list: (query, ofRequest) => {
        asked.push(...(query.select ?? ['everything']));
        return table.list(query, ofRequest);
      },
    };
    await sweepExpiredRows(watched, { now: start + limits.lifetimeSeconds + 60, ...past });
    expect(new Set(asked)).toEqual(new Set(['expiresAt']));
    expect(await keys()).toEqual([]);
  });
});

describe('countLiveSessions', () => {
  it('counts what lives, and nothing else in the table', async () => {
    for (const [index, name] of ['ada', 'ada', 'bob', 'cyd'].entries()) {
      await store.open(newSession({ user: userOf(name), now: start + index * 1_800 }));
    }
    const now = start + limits.idleSeconds;
    expect(await countLiveSessions(table, { now, signal })).toEqual({ live: 3 });
  });

  /** A table that has this many sessions, of people with two each. */
  const crowd = (sessions: number, pages: number[]): Pick<Table, 'list'> => {
    const keys = Array.from({ length: sessions }, (_one, index) =>
      createHash('sha256')
        .update(String(Math.floor(index / 2)))
        .digest('base64url'),
    ).sort();
    return {
      list: async function* list({ continuation, pageSize = 1 }) {
        const from = Number(continuation ?? 0);
        pages.push(from);
        const next = from + pageSize;
        const rows = keys.slice(from, next).map((partitionKey) => ({
          ...{ partitionKey, rowKey: 'session:a', etag: '', properties: {} },
        }));
        yield await Promise.resolve({
          rows,
          continuation: next < keys.length ? String(next) : undefined,
        });
      },
    };
  };

  it.each([
    [20_000, true],
    [70_000, false],
  ])('of %d sessions reads twenty pages at most', async (sessions, isExact) => {
    const pages: number[] = [];
    const counted = await countLiveSessions(crowd(sessions, pages), { now: start, signal });
    expect(pages).toHaveLength(20);
    if (isExact) expect(counted).toEqual({ live: sessions });
    else expect(counted?.estimated).toBe(true);
    expect(Math.abs((counted?.live ?? 0) / sessions - 1)).toBeLessThan(0.03);
  });

  it('calculates from what it has read when its time is over', async () => {
    const time = new AbortController();
    const timeout = jest.spyOn(AbortSignal, 'timeout').mockReturnValue(time.signal);
    try {
      const pages: number[] = [];
      const { list } = crowd(8_000, pages);
      const slow: Pick<Table, 'list'> = {
        list: (...asked) => {
          if (pages.length === 4) time.abort();
          return list(...asked);
        },
      };
      const counted = await countLiveSessions(slow, { now: start, signal });
      expect([pages.length, counted?.estimated]).toEqual([5, true]);
      expect(Math.abs((counted?.live ?? 0) / 8_000 - 1)).toBeLessThan(0.05);
    } finally {
      timeout.mockRestore();
    }
  });

  it('says nothing of what it cannot know', async () => {
    const empty = { rows: [], continuation: 'more' };
    const list: Table['list'] = async function* list() {
      yield await Promise.resolve(empty);
    };
    expect(await countLiveSessions({ list }, { now: start, signal })).toBeUndefined();
  });
});

describe('the timer', () => {
  it('sweeps also when sessions cannot be counted', async () => {
    const told: ToldEvent[] = [];
    const fault = new AppError('ERR_STORAGE_UNAVAILABLE');
    const list: Table['list'] = (query, ofRequest) => {
      if (query.rowKeyPrefix !== undefined) throw fault;
      return table.list(query, ofRequest);
    };
    const activity = { flush: () => Promise.resolve() };
    const parts = { table: { ...table, list }, activity, clock: () => start };
    const services = { ...parts, events: keepEvents(told) } as unknown as Services;
    const invocation = new InvocationContext({ functionName: 'sweep' });
    await createSweep(() => services, Infinity)({} as Timer, invocation);
    expect(told).toMatchObject([{ event: 'sweep', outcome: 'done' }]);
    expect(told[0]).not.toHaveProperty('live');
  });

  it.each([
    ['five minutes at most', Infinity, [285_000, 240_000, 20_000]],
    ['less where the host would restart the worker before', 60, [57_000, 48_000, 20_000]],
  ])('gives a run %s', async (_name, timeoutSeconds, expected) => {
    const timeout = jest.spyOn(AbortSignal, 'timeout');
    const told: ToldEvent[] = [];
    try {
      const events = keepEvents(told);
      const activity = { flush: jest.fn(() => Promise.resolve()) };
      const services = { table, events, activity, clock: () => start } as unknown as Services;
      const invocation = new InvocationContext({ functionName: 'sweep' });
      await createSweep(() => services, timeoutSeconds)({} as Timer, invocation);
      expect(timeout.mock.calls.flat()).toEqual(expected);
      // What requests left behind.
      expect(activity.flush).toHaveBeenCalledTimes(1);
    } finally {
      timeout.mockRestore();
    }
    const swept = { level: 'info', event: 'sweep', outcome: 'done', count: 0, live: 0 };
    expect(told).toEqual([{ ...swept, pages: expect.any(Number) as number }]);
  });
});
