import { AppError } from '../../src/errors';
import { sessionKeyOf } from '../../src/sessions/session';
import { sidPartition } from '../../src/sessions/session-rows';
import { createSessionStore, type NewSession } from '../../src/sessions/session-store';
import type { Row, Table } from '../../src/storage/table';
import { createMemoryTable, type MemoryTable } from '../support/memory-table';
import { limits, newSession, ringSecret, start, userOf } from '../support/session-fixture';
import { createStaticKeyRing } from '../support/static-key-ring';

const signal = AbortSignal.timeout(600_000);
let table: MemoryTable;
let asked: string[];

/** The store over a table that notes what it is asked. */
function noted(): Table {
  return {
    ...table,
    list: (query, deadline) => {
      asked.push(`list ${query.partitionKey ?? '*'}`);
      return table.list(query, deadline);
    },
    transact: (partitionKey, actions, deadline) => {
      asked.push(`transaction ${partitionKey} of ${actions.length}`);
      return table.transact(partitionKey, actions, deadline);
    },
    delete: (address, deadline) => {
      asked.push('delete');
      return table.delete(address, deadline);
    },
    read: (address, options) => {
      asked.push('read');
      return table.read(address, options);
    },
  };
}

const storeOver = (tables: Table) =>
  createSessionStore({ table: tables, keyRing: createStaticKeyRing(ringSecret), limits });
const open = (overrides: Partial<NewSession> = {}) => storeOver(table).open(newSession(overrides));
const rows = (): readonly Row[] => [...table.rows.values()];
const endAllOf = (sid: string) => {
  asked = [];
  return storeOver(noted()).endAllOfSid(sid, signal);
};

beforeEach(() => {
  table = createMemoryTable();
  asked = [];
});

describe('SessionStore.endEverybody', () => {
  it('ends the live sessions of all people, with their tokens', async () => {
    const opened = [await open(), await open(), await open({ user: userOf('bob') })];
    await open({ user: userOf('expired'), now: start - limits.idleSeconds });
    const store = storeOver(noted());
    expect(await store.endEverybody(start, signal)).toEqual({ count: 3, fault: undefined });
    expect(asked).toEqual([
      'list *',
      expect.stringMatching(/^transaction .* of [24]$/),
      expect.stringMatching(/^transaction .* of [24]$/),
    ]);
    for (const { ticket } of opened) {
      expect(await store.readWithTokens(ticket, start, signal)).toBeUndefined();
      expect(await store.readTokens(ticket, signal)).toBeUndefined();
    }
    expect(await store.endEverybody(start, signal)).toEqual({ count: 0, fault: undefined });
  });

  it('tells what it could do in its time', async () => {
    await open();
    const late = new AbortController();
    const failing: Table = {
      ...table,
      transact: () => {
        late.abort();
        return Promise.reject(new AppError('ERR_STORAGE_UNAVAILABLE'));
      },
    };
    const ended = await storeOver(failing).endEverybody(start, late.signal);
    expect([ended.count, ended.fault?.code]).toEqual([0, 'ERR_STORAGE_UNAVAILABLE']);
  });
});

describe('SessionStore.endAllOfSid', () => {
  it('ends every session of that sid, whoever’s and in whatever browser, and no other', async () => {
    await open({ sid: 'one' });
    await open({ sid: 'one' });
    await open({ sid: 'one', user: userOf('bob') });
    const other = await open({ sid: 'another' });
    const without = await open({ sid: undefined });

    const ended = await endAllOf('one');

    expect(ended).toEqual(
      new Map([
        [userOf().userKey, 2],
        [userOf('bob').userKey, 1],
      ]),
    );
    const { sessions } = await storeOver(table).listLive({ now: start, limit: 9, signal });
    expect(sessions).toHaveLength(2);
    for (const { ticket } of [other, without]) {
      const found = await storeOver(table).readWithTokens(ticket, start, signal);
      expect(found?.tokens).toBeDefined();
    }
    expect(rows().some(({ partitionKey }) => partitionKey === sidPartition('one'))).toBe(false);
    expect(rows().some(({ partitionKey }) => partitionKey === sidPartition('another'))).toBe(true);
  });

  it('takes one query, one transaction a user, and one of the index', async () => {
    await open({ sid: 'one' });
    await open({ sid: 'one' });
    await endAllOf('one');

    expect(asked).toEqual([
      `list ${sidPartition('one')}`,
      `transaction ${userOf().userKey} of 4`,
      `transaction ${sidPartition('one')} of 2`,
    ]);
  });

  it('takes one query when nobody knows the sid', async () => {
    await open({ sid: 'one' });
    expect(await endAllOf('unknown')).toEqual(new Map());
    expect(asked).toEqual([`list ${sidPartition('unknown')}`]);
    expect(rows()).toHaveLength(3);
  });

  it('ends the others although one ended earlier and left its entry behind', async () => {
    const first = await open({ sid: 'one' });
    const former = await open({ sid: 'one', now: start + 1 });
    await open({ sid: 'one', now: start + 2 });
    const { userKey, sessionId } = former.ticket;
    await storeOver(table).endNamed({ userKey, sessionKey: sessionKeyOf(sessionId) }, signal);

    expect(await endAllOf('one')).toEqual(new Map([[userKey, 2]]));

    expect(await storeOver(table).read(first.ticket, start, signal)).toBeUndefined();
    expect(rows()).toEqual([]);
  });

  /** The table, in which every insert waits: the session is stored by then, and its entry is not. */
  function waitingForEntry() {
    const released = Promise.withResolvers<undefined>();
    const insert: Table['insert'] = async (...row) => {
      await released.promise;
      return table.insert(...row);
    };
    return {
      store: storeOver({ ...table, insert }),
      release: () => {
        released.resolve(undefined);
      },
    };
  }

  it('finds no entry without its session: whoever opens one stores the session first', async () => {
    const { store, release } = waitingForEntry();
    const opened = store.open(newSession({ sid: 'one', signal }));
    while (rows().length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(rows().map(({ partitionKey }) => partitionKey)).toEqual([
      userOf().userKey,
      userOf().userKey,
    ]);
    release();
    await opened;
    expect(await endAllOf('one')).toEqual(new Map([[userOf().userKey, 1]]));
    expect(rows()).toEqual([]);
  });

  it('finds no session that nobody can open: one whose entry cannot be stored is gone again', async () => {
    const insert: Table['insert'] = () => Promise.reject(new Error('the tables are gone'));
    const opened = storeOver({ ...table, insert }).open(newSession({ sid: 'one', signal }));
    await expect(opened).rejects.toThrow('gone');
    expect(rows()).toEqual([]);
  });

  it('is fine to be asked twice at once', async () => {
    await open({ sid: 'one' });
    await Promise.all([endAllOf('one'), endAllOf('one')]);
    expect(rows()).toEqual([]);
  });

  it('ends more than a transaction takes', async () => {
    for (let count = 0; count < 120; count += 1) await open({ sid: 'one' });
    await endAllOf('one');
    expect(rows()).toEqual([]);
    expect(asked.filter((what) => what.startsWith('transaction'))).toHaveLength(5);
  });

  it('leaves the index when the sessions could not be ended, so that they can be found again', async () => {
    await open({ sid: 'one' });
    const failing: Table = {
      ...table,
      transact: () => Promise.reject(new Error('the tables are gone')),
    };
    await expect(storeOver(failing).endAllOfSid('one', signal)).rejects.toThrow('gone');
    expect(rows()).toHaveLength(3);
  });
});
