import { AppError } from '../../src/errors';
import type { SearchOptions } from '../../src/sessions/find-sessions';
import { sessionKeyOf } from '../../src/sessions/session';
import { createSessionStore, type SessionStore } from '../../src/sessions/session-store';
import type { Table } from '../../src/storage/table';
import { createMemoryTable, type MemoryTable } from '../support/memory-table';
import { limits, newSession, ringSecret, start, userOf } from '../support/session-fixture';
import { createStaticKeyRing } from '../support/static-key-ring';

const signal = AbortSignal.timeout(600_000);
let table: MemoryTable;
let store: SessionStore;
let lists: number;

beforeEach(() => {
  table = createMemoryTable();
  lists = 0;
  const counted = {
    ...table,
    list: (...query: Parameters<typeof table.list>) => {
      lists += 1;
      return table.list(...query);
    },
  };
  store = createSessionStore({ table: counted, keyRing: createStaticKeyRing(ringSecret), limits });
});

async function openFor(subject: string, name: string, username = `${subject}@contoso.example`) {
  const user = { ...userOf(subject), name, username };
  return store.open(newSession({ user, sid: undefined }));
}

const search = (text: string, options: Partial<SearchOptions> = {}) =>
  store.search({ text, now: start, limit: 100, signal, ...options });
const namesFor = async (text: string) =>
  (await search(text)).sessions.map(({ name }) => name).sort();

describe('lists of sessions, when a key of the ring cannot be unwrapped now', () => {
  it('show its sessions without a name, and those of other keys as ever', async () => {
    const lost = createStaticKeyRing(Buffer.alloc(32, 9));
    const lostKid = (await lost.current(signal)).kid;
    const old = createSessionStore({ table, keyRing: lost, limits });
    await old.open(newSession({ user: userOf('grace'), sid: undefined }));
    await openFor('ada', 'Ada Lovelace');
    const ours = createStaticKeyRing(ringSecret);
    const fault = new AppError('ERR_KEYS_UNAVAILABLE');
    const keyRing = {
      ...ours,
      find: (kid: string) => (kid === lostKid ? Promise.reject(fault) : ours.find(kid, signal)),
    };
    store = createSessionStore({ table, keyRing, limits });
    expect(await namesFor('')).toEqual(['Ada Lovelace', 'unknown']);
    const page = await store.listLive({ now: start, limit: 10, signal });
    expect(page.sessions.map(({ name }) => name).sort()).toEqual(['Ada Lovelace', 'unknown']);
    // The deadline of the request is another matter.
    const late = store.listLive({ now: start, limit: 10, signal: AbortSignal.abort() });
    await expect(late).rejects.toBe(fault);
  });
});

describe('SessionStore.findOverLimit', () => {
  const openAt = async (now: number, subject = 'ada') => {
    const { ticket } = await store.open(newSession({ user: userOf(subject), sid: undefined, now }));
    return sessionKeyOf(ticket.sessionId);
  };
  const overLimit = (limit: number, now = start + 9, exceptSessionKey?: string) =>
    store.findOverLimit({ userKey: userOf().userKey, limit, exceptSessionKey }, now, signal);

  it('names the oldest sessions of the user, by one list', async () => {
    const [second, first] = [await openAt(start + 1), await openAt(start)];
    await openAt(start + 2);
    await openAt(start, 'grace');
    lists = 0;
    expect([await overLimit(1), lists]).toEqual([[second, first], 1]);
    expect(await overLimit(2)).toEqual([first]);
    expect(await overLimit(3)).toEqual([]);
  });

  it('counts no session that has expired, and none that ends in any case', async () => {
    await openAt(start);
    const now = start + limits.idleSeconds;
    const [second, third] = [await openAt(now), await openAt(now + 1)];
    expect(await overLimit(1, now + 1)).toEqual([second]);
    expect(await overLimit(1, now + 1, third)).toEqual([]);
  });

  it('gives sign-ins of one second the same order, whoever asks', async () => {
    const keys = [await openAt(start), await openAt(start), await openAt(start)];
    const over = await overLimit(1);
    expect([...over].sort()).toEqual(keys.sort().slice(1));
    expect(await overLimit(1)).toEqual(over);
  });
});

describe('SessionStore.search', () => {
  beforeEach(async () => {
    await openFor('ada', 'Ada Lovelace');
    await openFor('grace', 'Grace Hopper');
    await openFor('jose', 'José Ångström', 'j.angstrom@fabrikam.example');
  });

  it.each([
    ['a part of a name', 'lovel', ['Ada Lovelace']],
    ['another case', 'GRACE', ['Grace Hopper']],
    ['a part of an address', '@contoso', ['Ada Lovelace', 'Grace Hopper']],
    ['words in any order', 'hopper grace', ['Grace Hopper']],
    ['a word of the name and one of the address', 'grace contoso', ['Grace Hopper']],
    ['letters without their accents', 'jose angstrom', ['José Ångström']],
    ['letters with them', 'José', ['José Ångström']],
    ['space around', '  ada  ', ['Ada Lovelace']],
    [
      'the beginning of a user key, as logs have it',
      userOf('ada').userKey.slice(0, 8),
      ['Ada Lovelace'],
    ],
    ['too little of a user key', userOf('ada').userKey.slice(0, 5), []],
    ['nobody', 'linus', []],
    ['what would be a pattern', '.*', []],
  ])('finds by %s', async (_name, text, expected) => {
    expect(await namesFor(text)).toEqual(expected);
  });

  it('leaves out what has expired', async () => {
    expect((await search('ada', { now: start + limits.idleSeconds })).sessions).toEqual([]);
  });

  it.each(['rubbish', 'e30', Buffer.from('{"p":5,"a":""}').toString('base64url')])(
    'refuses a continuation that it did not give: %s',
    async (continuation) => {
      await expect(search('ada', { continuation })).rejects.toMatchObject({
        code: 'ERR_BAD_REQUEST',
      });
    },
  );
});

describe('SessionStore.search among many', () => {
  it('gives full pages in order, each session once, even where a page of the table holds more', async () => {
    for (let count = 0; count < 25; count += 1) await openFor(`a${count}`, `Ada ${count}`);
    for (let count = 0; count < 25; count += 1) await openFor(`b${count}`, `Bob ${count}`);
    const names: string[] = [];
    const sizes: number[] = [];
    let continuation: string | undefined;
    do {
      const page = await search('ada', { limit: 10, continuation });
      names.push(...page.sessions.map(({ name }) => name));
      sizes.push(page.sessions.length);
      continuation = page.continuation;
    } while (continuation !== undefined);
    expect(sizes).toEqual([10, 10, 5]);
    expect(new Set(names).size).toBe(25);
  });

  /** Pages of the table with three sessions each. In page `stopsAt`, the time of the search is over. */
  function slowTable(stopsAt: number) {
    const time = new AbortController();
    let pages = 0;
    const slow: Table = {
      ...table,
      list: async function* list(query, ofRequest) {
        const first = await table.list({ ...query, pageSize: 3 }, ofRequest).next();
        pages += 1;
        if (pages === stopsAt) time.abort();
        if (first.done === true) return;
        if (ofRequest.aborted) throw new AppError('ERR_STORAGE_UNAVAILABLE');
        yield first.value;
      },
    };
    const keyRing = createStaticKeyRing(ringSecret);
    const slowStore = createSessionStore({ table: slow, keyRing, limits });
    return { slowStore, stopSignal: time.signal };
  }

  it.each(['search', 'listLive'] as const)(
    '%s ends when its time is over with what it found, and misses nobody afterwards',
    async (method) => {
      for (let count = 0; count < 12; count += 1) await openFor(`a${count}`, `Ada ${count}`);
      const names: string[] = [];
      const sizes: number[] = [];
      let continuation: string | undefined;
      do {
        // The third page comes too late. A first page is waited for.
        const { slowStore, stopSignal } = slowTable(continuation === undefined ? 3 : 1);
        const options = { text: 'ada', now: start, limit: 100, continuation, signal, stopSignal };
        const page = await slowStore[method](options);
        names.push(...page.sessions.map(({ name }) => name));
        sizes.push(page.sessions.length);
        continuation = page.continuation;
      } while (continuation !== undefined);
      expect(sizes).toEqual([6, 3, 3]);
      expect(new Set(names).size).toBe(12);
    },
  );

  it('fails when the request itself is over', async () => {
    await openFor('ada', 'Ada');
    const { slowStore, stopSignal } = slowTable(1);
    const options = { text: 'ada', now: start, limit: 100, stopSignal };
    await expect(
      slowStore.search({ ...options, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'ERR_STORAGE_UNAVAILABLE' });
  });

  it('stops after ten pages of the table, and goes on from there', async () => {
    const row = [...(await rowsOfOne()).values()].find(({ rowKey }) =>
      rowKey.startsWith('session:'),
    );
    if (row === undefined) throw new Error('no session');
    // 10,001 sessions whose summaries do not open: the search sees them all the same.
    for (let count = 0; count < 10_001; count += 1) {
      const partitionKey = `user-${String(count).padStart(5, '0')}`;
      const { rowKey, properties } = row;
      await table.insert({ partitionKey, rowKey, properties: definedOf(properties) }, signal);
    }
    lists = 0;
    const first = await search('nobody');
    expect(lists).toBe(10);
    expect(first).toMatchObject({ sessions: [], searched: 10_000 });
    const rest = await search('unknown', { continuation: first.continuation });
    expect(rest.searched).toBe(2);
    expect(rest.sessions.length).toBeGreaterThan(0);
    expect(rest.continuation).toBeUndefined();
  });

  async function rowsOfOne() {
    await openFor('zoe', 'Zoe');
    return table.rows;
  }

  const definedOf = (properties: object) =>
    Object.fromEntries(
      Object.entries(properties).filter(([, value]) => value !== undefined),
    ) as Record<string, string | Date | Uint8Array>;
});
