import { changeSessionData, parseSessionData } from '../../src/sessions/session-data';
import { createSessionStore, type FoundSession } from '../../src/sessions/session-store';
import type { Row, Table } from '../../src/storage/table';
import { failureOf, longEnough } from '../support/auth-fixture';
import { limits, newSession, ringSecret, start } from '../support/session-fixture';
import { createStaticKeyRing } from '../support/static-key-ring';
import { createTestTable } from '../support/test-table';

describe('parseSessionData', () => {
  it('keeps what JSON keeps', () => {
    const given = {
      plan: 'pro',
      since: new Date(0),
      none: undefined,
      list: [1, null, { a: true }],
    };
    const kept = { plan: 'pro', since: '1970-01-01T00:00:00.000Z', list: [1, null, { a: true }] };
    expect(parseSessionData(given)).toStrictEqual(kept);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'pro'],
    ['a list', ['pro']],
    ['a function', () => ({})],
    ['a promise, which a function without await gives', Promise.resolve({})],
    ['a map, of which JSON keeps nothing', new Map([['plan', 'pro']])],
    ['an object that JSON writes as a text', { toJSON: () => 'pro' }],
    ['an object that JSON leaves out', { toJSON: () => undefined }],
    ['a number that JSON has not', { count: 1n }],
  ])('refuses %s', (_name, value) => {
    expect(() => parseSessionData(value)).toThrow(TypeError);
  });

  it('refuses a circle', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(() => parseSessionData(circle)).toThrow(TypeError);
  });

  it('takes 8,192 bytes of UTF-8 and no more', () => {
    const around = JSON.stringify({ text: '' }).length;
    const text = `${'ä'.repeat((8192 - around - 1) / 2)}b`;
    expect(parseSessionData({ text })).toEqual({ text });
    expect(() => parseSessionData({ text: `${text}a` })).toThrow(
      new RangeError('session data has 8193 bytes as JSON, more than 8192'),
    );
  });
});

async function rowsOf(table: Table): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const page of table.list({}, longEnough())) rows.push(...page.rows);
  return rows;
}

describe('changeSessionData', () => {
  const half = start + limits.idleSeconds / 2 + 1;

  async function open() {
    const { table } = await createTestTable();
    const store = createSessionStore({ table, keyRing: createStaticKeyRing(ringSecret), limits });
    const { ticket } = await store.open(newSession({ data: { plan: 'pro' }, addedRoles: ['vip'] }));
    const read = async (now = start): Promise<FoundSession> => {
      const found = await store.read(ticket, now, longEnough());
      if (found === undefined) throw new Error('the session has ended');
      return found;
    };
    const change = (
      found: FoundSession,
      given: Parameters<typeof changeSessionData>[3],
      now = start,
    ) => changeSessionData(store, ticket, found, given, { now, signal: longEnough() });
    return { table, store, ticket, read, change };
  }

  it('replaces the data and nothing else', async () => {
    const { read, change } = await open();
    const before = await read();
    expect(before.session).toMatchObject({ data: { plan: 'pro' }, addedRoles: ['vip'] });
    const changed = await change(before, { theme: 'dark' });
    const session = { ...before.session, data: { theme: 'dark' } };
    expect(changed).toEqual({ ...before, session, etag: changed.etag });
    expect(await read()).toEqual(changed);
  });

  it('stands in the table encrypted only', async () => {
    const { table, read, change } = await open();
    await change(await read(), { secret: 'a-secret-of-the-app' });
    for (const { properties } of await rowsOf(table)) {
      const values = Object.values(properties).map((value) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value),
      );
      expect(values.join()).not.toContain('a-secret-of-the-app');
    }
  });

  it('goes on after a request that only extended the session', async () => {
    const { store, ticket, read, change } = await open();
    const found = await read(half);
    await store.renew(ticket, found, half, longEnough());
    await change(found, { theme: 'dark' }, half);
    expect((await read(half)).session).toMatchObject({
      data: { theme: 'dark' },
      idleExpiresAt: half + limits.idleSeconds,
    });
  });

  it('refuses new data when another request changed the data, and keeps the other', async () => {
    const { read, change } = await open();
    const found = await read();
    await change(found, { theme: 'dark' });
    const failure = await failureOf(change(found, { theme: 'light' }));
    expect([failure.code, failure.status]).toEqual(['ERR_SESSION_CHANGED', 409]);
    expect((await read()).session.data).toEqual({ theme: 'dark' });
  });

  it('calls a function again with what is stored now, so that no count is lost', async () => {
    const { read, change } = await open();
    const found = await read();
    const count = (data: FoundSession['session']['data']) => ({
      ...data,
      count: Number(data['count'] ?? 0) + 1,
    });
    await Promise.all([change(found, count), change(found, count), change(found, count)]);
    expect((await read()).session.data).toEqual({ plan: 'pro', count: 3 });
  });

  it('never brings an ended session back', async () => {
    const { table, store, ticket, read, change } = await open();
    const found = await read();
    await store.end(ticket, found.session, longEnough());
    expect((await failureOf(change(found, { theme: 'dark' }))).code).toBe('ERR_SIGNED_OUT');
    expect(await rowsOf(table)).toEqual([]);
  });

  it('writes nothing when the function fails', async () => {
    const { read, change } = await open();
    const found = await read();
    const failing = () => {
      throw new Error('no');
    };
    await expect(change(found, failing)).rejects.toThrow('no');
    expect((await read()).etag).toBe(found.etag);
  });

  it('gives up when the row is rewritten all the time', async () => {
    const { read } = await open();
    const found = await read();
    const busy = {
      writeData: () => Promise.resolve('conflict' as const),
      read: () => Promise.resolve(found),
    };
    const ticket = { userKey: 'u', sessionId: 's', issuedAt: start, expiresAt: start + 1 };
    const options = { now: start, signal: longEnough() };
    const failure = await failureOf(changeSessionData(busy, ticket, found, {}, options));
    expect(failure.code).toBe('ERR_STORAGE_UNAVAILABLE');
  });
});
