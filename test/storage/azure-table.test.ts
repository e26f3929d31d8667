import { randomBytes } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createAzureTable } from '../../src/storage/azure-table';
import { createTableClient } from '../../src/storage/table-client';
import type { NewRow, Row, RowQuery, Table } from '../../src/storage/table';
import { whileAnswering } from '../support/answering-server';
import { createTestTable, tablesConnectionString } from '../support/test-table';

const signal = new AbortController().signal;
let table: Table;
let count = 0;

beforeAll(async () => {
  ({ table } = await createTestTable());
});

/** A partition that no other test uses. */
const fresh = () => `p${(count += 1)}`;
const rowAt = (partitionKey: string, rowKey: string, properties: NewRow['properties'] = {}) => ({
  partitionKey,
  rowKey,
  properties,
});

async function etagOf(address: { partitionKey: string; rowKey: string }): Promise<string> {
  const row = await table.read(address, signal);
  if (row === undefined) throw new Error('the row is missing');
  return row.etag;
}

async function listAll(query: RowQuery): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const page of table.list(query, signal)) rows.push(...page.rows);
  return rows;
}

const keysOf = (rows: readonly Row[]) => rows.map(({ rowKey }) => rowKey);

describe('createAzureTable', () => {
  describe('read', () => {
    it('gives back every kind of property as it was written', async () => {
      const properties = {
        text: `it's "quoted" ü \u{1F600}`,
        whole: 42,
        fraction: 1.5,
        large: 5_000_000_000,
        yes: true,
        no: false,
        time: new Date('2031-02-03T04:05:06.789Z'),
        bytes: Uint8Array.of(0, 1, 254, 255),
      };
      const row = rowAt(fresh(), 'session:a', properties);
      await table.insert(row, signal);

      const read = await table.read(row, signal);

      expect(read?.properties).toEqual({ ...properties, bytes: Buffer.from(properties.bytes) });
      expect(read?.rowKey).toBe('session:a');
      expect(read?.etag).toMatch(/^W\/"datetime/);
    });

    it('writes only the part of a buffer that a Uint8Array shows', async () => {
      const whole = Uint8Array.from([1, 2, 3, 4, 5, 6]);
      const row = rowAt(fresh(), 'a', { bytes: whole.subarray(2, 4) });
      await table.insert(row, signal);

      const read = await table.read(row, signal);

      expect(read?.properties['bytes']).toEqual(Buffer.from([3, 4]));
    });

    it('is undefined for a row that is not there', async () => {
      await expect(table.read({ partitionKey: fresh(), rowKey: 'a' }, signal)).resolves.toBe(
        undefined,
      );
    });

    it('fetches the selected properties only, absent ones left out', async () => {
      const row = rowAt(fresh(), 'a', { one: 1, two: 2 });
      await table.insert(row, signal);

      const read = await table.read({ ...row, select: ['one', 'three'] }, signal);

      expect(read?.properties).toEqual({ one: 1 });
    });

    it('finds keys with quotes in them and no others', async () => {
      const row = rowAt(fresh(), `a' or RowKey ne '`, { one: 1 });
      await table.insert(row, signal);

      expect((await table.read(row, signal))?.properties).toEqual({ one: 1 });
      expect(await table.read({ ...row, rowKey: `b' or RowKey ne '` }, signal)).toBeUndefined();
    });
  });

  describe('insert', () => {
    it('is false when the row exists, and leaves it alone', async () => {
      const row = rowAt(fresh(), 'a', { one: 1 });

      expect(await table.insert(row, signal)).toBe(true);
      expect(await table.insert({ ...row, properties: { one: 2 } }, signal)).toBe(false);
      expect((await table.read(row, signal))?.properties).toEqual({ one: 1 });
    });
  });

  describe('replace and merge', () => {
    it('replace removes what is not named, merge keeps it', async () => {
      const row = rowAt(fresh(), 'a', { one: 1, two: 2 });
      await table.insert(row, signal);

      const replaced = await table.replace(
        { ...row, properties: { one: 3, four: 4 } },
        await etagOf(row),
        signal,
      );
      expect((await table.read(row, signal))?.properties).toEqual({ one: 3, four: 4 });

      const merged = await table.merge(
        { ...row, properties: { one: 5 } },
        await etagOf(row),
        signal,
      );
      expect((await table.read(row, signal))?.properties).toEqual({ one: 5, four: 4 });
      expect([replaced.outcome, merged.outcome]).toEqual(['written', 'written']);
    });

    it('tell the new ETag, good for the next rewrite', async () => {
      const row = rowAt(fresh(), 'a', { one: 1 });
      await table.insert(row, signal);

      const first = await table.replace(row, await etagOf(row), signal);
      if (first.outcome !== 'written') throw new Error(first.outcome);
      expect(first.etag).toBe(await etagOf(row));
      const second = await table.merge(row, first.etag, signal);

      expect(second.outcome).toBe('written');
    });

    it.each(['replace', 'merge'] as const)('%s: conflict when rewritten since', async (method) => {
      const row = rowAt(fresh(), 'a', { one: 1 });
      await table.insert(row, signal);
      const etag = await etagOf(row);
      await table.merge({ ...row, properties: { one: 2 } }, etag, signal);

      const late = await table[method]({ ...row, properties: { one: 3 } }, etag, signal);

      expect(late).toEqual({ outcome: 'conflict' });
      expect((await table.read(row, signal))?.properties).toEqual({ one: 2 });
    });

    it.each(['replace', 'merge'] as const)('%s never brings a row back', async (method) => {
      const row = rowAt(fresh(), 'a', { one: 1 });
      await table.insert(row, signal);
      const etag = await etagOf(row);
      await table.delete(row, signal);

      expect(await table[method](row, etag, signal)).toEqual({ outcome: 'missing' });
      expect(await table[method](row, '*', signal)).toEqual({ outcome: 'missing' });
      expect(await table.read(row, signal)).toBeUndefined();
    });
  });

  describe('delete', () => {
    it('is done when the row is gone, also when it was before', async () => {
      const row = rowAt(fresh(), 'a');
      await table.insert(row, signal);

      await table.delete(row, signal);
      await table.delete(row, signal);

      expect(await table.read(row, signal)).toBeUndefined();
    });
  });

  describe('transact', () => {
    it('does all actions at once and tells the ETags in their order', async () => {
      const p = fresh();
      await table.insert(rowAt(p, 'old', { one: 1 }), signal);
      await table.insert(rowAt(p, 'gone'), signal);
      const etag = await etagOf(rowAt(p, 'old'));

      const outcome = await table.transact(
        p,
        [
          { action: 'insert', rowKey: 'new', properties: { two: 2 } },
          { action: 'delete', rowKey: 'gone' },
          { action: 'replace', rowKey: 'old', properties: { three: 3 }, etag },
        ],
        signal,
      );

      const rows = await listAll({ partitionKey: p });
      expect(rows.map(({ rowKey, properties }) => [rowKey, properties])).toEqual([
        ['new', { two: 2 }],
        ['old', { three: 3 }],
      ]);
      expect(outcome).toEqual({
        outcome: 'done',
        etags: [await etagOf(rowAt(p, 'new')), undefined, await etagOf(rowAt(p, 'old'))],
      });
    });

    const stale = `W/"datetime'2020-01-01T00%3A00%3A00.0000000Z'"`;
    it.each([
      ['exists', { action: 'insert', rowKey: 'there', properties: { two: 2 } }],
      ['conflict', { action: 'replace', rowKey: 'there', properties: { two: 2 }, etag: stale }],
      ['missing', { action: 'replace', rowKey: 'never', properties: { two: 2 }, etag: stale }],
      ['missing', { action: 'delete', rowKey: 'never' }],
    ] as const)('%s: nothing at all is done (%j)', async (expected, action) => {
      const p = fresh();
      await table.insert(rowAt(p, 'there', { one: 1 }), signal);

      const outcome = await table.transact(
        p,
        [{ action: 'insert', rowKey: 'before', properties: {} }, action],
        signal,
      );

      const rows = await listAll({ partitionKey: p });
      expect(outcome).toEqual({ outcome: expected });
      expect(rows.map(({ rowKey, properties }) => [rowKey, properties])).toEqual([
        ['there', { one: 1 }],
      ]);
    });
  });

  describe('list', () => {
    it('gives the rows of a partition whose key has the prefix', async () => {
      const p = fresh();
      for (const key of ['session', 'session:a', 'session:b', 'session;', 'tokens:a']) {
        await table.insert(rowAt(p, key, { one: 1 }), signal);
      }
      await table.insert(rowAt(`${p}x`, 'session:c'), signal);

      const rows = await listAll({ partitionKey: p, rowKeyPrefix: 'session:' });

      expect(keysOf(rows)).toEqual(['session:a', 'session:b']);
      expect(rows[0]?.properties).toEqual({ one: 1 });
    });

    it('selects keys only, or keys and the named properties', async () => {
      const p = fresh();
      await table.insert(rowAt(p, 'a', { one: 1, two: 2 }), signal);

      const keysOnly = await listAll({ partitionKey: p, select: [] });
      const one = await listAll({ partitionKey: p, select: ['one'] });

      expect(keysOnly[0]).toMatchObject({ partitionKey: p, rowKey: 'a', properties: {} });
      expect(keysOnly[0]?.properties).toEqual({});
      expect(one[0]?.properties).toEqual({ one: 1 });
    });

    it('compares times to the millisecond', async () => {
      const p = fresh();
      const time = new Date('2030-01-01T00:00:00.500Z');
      await table.insert(rowAt(p, 'a', { at: new Date(time.getTime() - 1) }), signal);
      await table.insert(rowAt(p, 'b', { at: time }), signal);
      await table.insert(rowAt(p, 'c', { at: new Date(time.getTime() + 1) }), signal);
      const where = (is: 'after' | 'not-after') =>
        listAll({ partitionKey: p, conditions: [{ property: 'at', is, time }] });

      expect(keysOf(await where('after'))).toEqual(['c']);
      expect(keysOf(await where('not-after'))).toEqual(['a', 'b']);
    });

    it('goes over all partitions page by page, and on from a continuation', async () => {
      const prefix = `x${randomBytes(4).toString('hex')}:`;
      for (const key of ['1', '2', '3', '4', '5']) {
        await table.insert(rowAt(fresh(), prefix + key), signal);
      }
      const sizes: number[] = [];
      const first: Row[] = [];
      let continuation: string | undefined;
      for await (const page of table.list({ rowKeyPrefix: prefix, pageSize: 2 }, signal)) {
        // Any page may be empty and not be the last.
        if (page.rows.length === 0) continue;
        sizes.push(page.rows.length);
        if (continuation === undefined) {
          first.push(...page.rows);
          ({ continuation } = page);
        }
      }
      if (continuation === undefined) throw new Error('the first page should not be the last');
      const rest = await listAll({ rowKeyPrefix: prefix, pageSize: 2, continuation });

      expect(sizes).toEqual([2, 2, 1]);
      expect(keysOf([...first, ...rest]).sort()).toEqual(
        ['1', '2', '3', '4', '5'].map((k) => prefix + k),
      );
    });

    it.each([
      ['no base64', '!!'],
      ['no JSON', Buffer.from('hello').toString('base64')],
      ['no place', Buffer.from('{}').toString('base64')],
      ['a number', Buffer.from('{"nextPartitionKey":1}').toString('base64')],
      ['more', Buffer.from('{"nextPartitionKey":"a","$filter":"b"}').toString('base64')],
      ['null', Buffer.from('null').toString('base64')],
      ['made up', Buffer.from('{"nextPartitionKey":"1!4!MQ"}').toString('base64')],
    ])('refuses a continuation that is %s', async (_, continuation) => {
      await expect(listAll({ continuation })).rejects.toMatchObject({ code: 'ERR_BAD_REQUEST' });
    });
  });

  describe('limits of the service', () => {
    const kib = (count: number) => new Uint8Array(count * 1024);
    const chunks = (count: number, size: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`data${i}`, kib(size)]));
    const tooLarge: [string, NewRow['properties']][] = [
      ['a row over 1 MiB', chunks(18, 60)],
      ['a binary property over 64 KiB', { data: kib(65) }],
      ['a text over 64 KiB', { data: 'x'.repeat(32 * 1024 + 1) }],
      [
        'over 252 properties',
        Object.fromEntries(Array.from({ length: 253 }, (_, i) => [`p${i}`, 1])),
      ],
    ];

    it.each(tooLarge)('refuses %s in every kind of write', async (_, properties) => {
      const p = fresh();
      const row = rowAt(p, 'a', properties);
      const refused = { code: 'ERR_STORAGE_LIMIT', status: 502 };

      await expect(table.insert(row, signal)).rejects.toMatchObject(refused);
      await expect(table.replace(row, '*', signal)).rejects.toMatchObject(refused);
      await expect(table.merge(row, '*', signal)).rejects.toMatchObject(refused);
      await expect(
        table.transact(p, [{ action: 'insert', rowKey: 'a', properties }], signal),
      ).rejects.toMatchObject(refused);
      expect(await listAll({ partitionKey: p })).toEqual([]);
    });

    it('says so when it is the service that refuses the size', async () => {
      const row = rowAt(fresh(), 'a', chunks(17, 60));
      await table.insert(row, signal);

      // On a rewrite, the emulator counts base64 and so refuses earlier than we do.
      await expect(table.replace(row, '*', signal)).rejects.toMatchObject({
        code: 'ERR_STORAGE_LIMIT',
      });
    });

    it('takes a row just below 1 MiB', async () => {
      const row = rowAt(fresh(), 'a', chunks(17, 60));

      expect(await table.insert(row, signal)).toBe(true);
    });
  });

  describe('failures', () => {
    const unavailable = { code: 'ERR_STORAGE_UNAVAILABLE', status: 503 };
    const address = { partitionKey: 'a', rowKey: 'b' };
    const row = rowAt('a', 'b');
    const operations: [string, (table: Table, signal: AbortSignal) => Promise<unknown>][] = [
      ['check', (on, s) => on.check(s)],
      ['read', (on, s) => on.read(address, s)],
      ['list', (on, s) => on.list({ partitionKey: 'a' }, s).next()],
      ['insert', (on, s) => on.insert(row, s)],
      ['replace', (on, s) => on.replace(row, '*', s)],
      ['merge', (on, s) => on.merge(row, '*', s)],
      ['delete', (on, s) => on.delete(address, s)],
      ['transact', (on, s) => on.transact('a', [{ action: 'delete', rowKey: 'b' }], s)],
    ];
    const tableAt = (connectionString: string, tableName = 'nothere') =>
      createAzureTable(createTableClient({ connectionString, tableName }));

    it.each(operations)('%s: a missing table is an outage, not a missing row', async (_, work) => {
      await expect(work(tableAt(tablesConnectionString()), signal)).rejects.toMatchObject(
        unavailable,
      );
    });

    it.each(operations)('%s: nobody listens', async (_, work) => {
      await expect(work(tableAt(tablesConnectionString(1)), signal)).rejects.toMatchObject(
        unavailable,
      );
    });

    const waitBriefly = () => AbortSignal.timeout(50);

    it.each(operations)('%s: the deadline ends it when nobody answers', async (_, work) => {
      const silent = () => undefined;
      await whileAnswering(silent, async (port) => {
        const slow = tableAt(tablesConnectionString(port));
        const note = 'the tables did not answer before the deadline';
        await expect(work(slow, waitBriefly())).rejects.toMatchObject({ ...unavailable, note });
      });
    });

    it('the deadline also ends a compressed answer that stops halfway', async () => {
      const halfway: RequestListener = (_, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' });
        response.write(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]));
      };
      await whileAnswering(halfway, async (port) => {
        const slow = tableAt(tablesConnectionString(port));
        await expect(slow.read(address, waitBriefly())).rejects.toMatchObject(unavailable);
      });
    });

    it('a deadline that has passed already sends nothing', async () => {
      await expect(table.read(address, AbortSignal.abort())).rejects.toMatchObject(unavailable);
    });

    it('an answer that is no row is an outage', async () => {
      const other: RequestListener = (_, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"hello":"world"}');
      };
      await whileAnswering(other, async (port) => {
        const wrong = tableAt(tablesConnectionString(port));
        await expect(wrong.read(address, signal)).rejects.toMatchObject(unavailable);
      });
    });
  });

  it('check is fine when the table is there', async () => {
    await expect(table.check(signal)).resolves.toBeUndefined();
  });

  it('knows no upsert', () => {
    const source = globSync('src/**/*.{ts,tsx}').map((file) => readFileSync(file, 'utf8'));

    expect(source.length).toBeGreaterThan(40);
    expect(source.filter((text) => /upsertEntity|['"`]upsert['"`]/.test(text))).toEqual([]);
  });
});
