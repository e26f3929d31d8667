import type { RequestListener } from 'node:http';
import { AppError } from '../../src/errors';
import { createAzureTable } from '../../src/storage/azure-table';
import { createTableClient } from '../../src/storage/table-client';
import type { Table } from '../../src/storage/table';
import { whileAnswering } from '../support/answering-server';
import {
  createTestTable,
  type OwnTables,
  startOwnTables,
  tablesConnectionString,
} from '../support/test-table';

const signal = new AbortController().signal;
const address = { partitionKey: 'a', rowKey: 'b' };
const row = { ...address, properties: { one: 1 } };
let tables: OwnTables;
let table: Table;
let count = 0;

beforeAll(async () => {
  tables = await startOwnTables();
  ({ table } = await createTestTable(tables.connectionString));
});
afterEach(() => {
  tables.misbehave();
});
afterAll(() => tables.stop());

/** A row that no other test has. */
const fresh = () => ({ partitionKey: `p${(count += 1)}`, rowKey: 'r' });
const tableAt = (connectionString: string, tableName = 'nothere') =>
  createAzureTable(createTableClient({ connectionString, tableName }));

async function failureOf(work: Promise<unknown>): Promise<AppError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it should have failed');
}

const operations: [string, (table: Table) => Promise<unknown>][] = [
  ['check', (on) => on.check(signal)],
  ['read', (on) => on.read(address, signal)],
  ['list', (on) => on.list({ partitionKey: 'a' }, signal).next()],
  ['insert', (on) => on.insert(row, signal)],
  ['replace', (on) => on.replace(row, '*', signal)],
  ['merge', (on) => on.merge(row, '*', signal)],
  ['delete', (on) => on.delete(address, signal)],
  ['transact', (on) => on.transact('a', [{ action: 'delete', rowKey: 'b' }], signal)],
];

describe('the code of an error', () => {
  const codeIn = (code: string) => JSON.stringify({ 'odata.error': { code } });
  const answers: [string, RequestListener][] = [
    [
      'in the body alone, as Table Storage sends it',
      (_, response) => {
        const type = 'application/json;odata=minimalmetadata;streaming=true;charset=utf-8';
        response.writeHead(409, { 'Content-Type': type }).end(codeIn('EntityAlreadyExists'));
      },
    ],
    [
      'in the header alone',
      (_, response) => {
        response.writeHead(409, { 'x-ms-error-code': 'EntityAlreadyExists' }).end();
      },
    ],
    [
      'in the body, where the header says something else',
      (_, response) => {
        const headers = { 'Content-Type': 'application/json', 'x-ms-error-code': 'TableNotFound' };
        response.writeHead(409, headers).end(codeIn('EntityAlreadyExists'));
      },
    ],
  ];

  it.each(answers)('is found %s', async (_, listener) => {
    await whileAnswering(listener, async (port) => {
      const there = tableAt(tablesConnectionString(port));
      expect(await there.insert(row, signal)).toBe(false);
      const inserts = [{ action: 'insert', ...row }] as const;
      expect(await there.transact(row.partitionKey, inserts, signal)).toEqual({
        outcome: 'exists',
      });
    });
  });

  it('is told only if it cannot be something that the service quotes', async () => {
    const quote: RequestListener = (request, response) => {
      const code = `Quoted ${request.headers.authorization ?? ''}`;
      const headers = { 'Content-Type': 'application/json', 'x-ms-error-code': code };
      response.writeHead(403, headers).end(codeIn(code));
    };
    await whileAnswering(quote, async (port) => {
      for (const [, work] of operations) {
        const { note } = await failureOf(work(tableAt(tablesConnectionString(port))));
        expect(note).toBe('the tables answered nothing that can be used');
      }
    });
  });

  it.each(operations)('%s: a missing permission is told with the role', async (_, work) => {
    tables.misbehave({ fault: 'no-permission' });
    const { code, note } = await failureOf(work(tableAt(tables.connectionString, table.name)));
    expect(code).toBe('ERR_STORAGE_UNAVAILABLE');
    expect(note).toMatch(/AuthorizationPermissionMismatch.*Storage Table Data Contributor/);
  });

  it('of a write makes the check fail, until a write is done or ten minutes are over', async () => {
    const own = tableAt(tables.connectionString, table.name);
    const insert = () => own.insert({ ...fresh(), properties: {} }, signal);
    tables.misbehave({ fault: 'busy', on: 'writes' });
    await failureOf(insert());
    tables.misbehave({ fault: 'no-permission', on: 'writes' });
    // A busy service says nothing about rights.
    await own.check(signal);
    await failureOf(insert());
    expect((await failureOf(own.check(signal))).note).toContain('Data Contributor');
    const later = performance.now() + 600_001;
    const time = jest.spyOn(performance, 'now').mockReturnValue(later);
    await own.check(signal);
    time.mockRestore();
    expect((await failureOf(own.check(signal))).note).toContain('Data Contributor');
    tables.misbehave();
    await insert();
    await own.check(signal);
  });

  it.each(['JSON', 'XML'])('is found in the header of a 403 with a body in %s', async (form) => {
    const body = form === 'XML' ? '<?xml version="1.0"?><error><code>x</code></error>' : '{"x":1}';
    const refuse: RequestListener = (_, response) => {
      const type = form === 'XML' ? 'application/xml' : 'application/json';
      const headers = { 'Content-Type': type, 'x-ms-error-code': 'AuthenticationFailed' };
      response.writeHead(403, headers).end(body);
    };
    await whileAnswering(refuse, async (port) => {
      for (const [, work] of operations) {
        const { note } = await failureOf(work(tableAt(tablesConnectionString(port))));
        expect(note).toBe('the tables answered AuthenticationFailed');
      }
    });
  });
});

/** What proxies, caches and wrong addresses answer. None of it is an answer of the service to what was asked. */
const lies: readonly (readonly [what: string, status: number, type: string, body: string])[] = [
  ...[200, 202, 302, 400, 404, 409, 412].map(
    (status) => [`a page with ${status}`, status, 'text/html', '<html>Sign in to Wi-Fi'] as const,
  ),
  ['a page that says it is JSON', 200, 'application/json', '<html>'],
  ['an object', 200, 'application/json', '{}'],
  ['null', 200, 'application/json', 'null'],
  ['a list', 200, 'application/json', '[{"PartitionKey":"a","RowKey":"b","odata.etag":"1"}]'],
  ['a text for a list', 200, 'application/json', '{"value":"rows"}'],
  ['a list of nothing that is a row', 200, 'application/json', '{"value":[null,7,{}]}'],
  [
    'half of a row',
    200,
    'application/json',
    '{"odata.etag":"1","PartitionKey":"a","RowKey":"b","one":',
  ],
  [
    'another row',
    200,
    'application/json',
    '{"odata.etag":"1","PartitionKey":"a","RowKey":"c","one":1}',
  ],
  [
    'a row of another partition',
    200,
    'application/json',
    '{"odata.etag":"1","PartitionKey":"A","RowKey":"b","one":1}',
  ],
  ['a row without a version', 200, 'application/json', '{"PartitionKey":"a","RowKey":"b"}'],
  [
    'rows of another partition',
    200,
    'application/json',
    '{"value":[{"odata.etag":"1","PartitionKey":"b","RowKey":"b","one":1}]}',
  ],
  ['an error without a code', 404, 'application/json', '{"odata.error":{}}'],
  ['an error with a list for a code', 409, 'application/json', '{"odata.error":{"code":["x"]}}'],
];

describe('an answer that is a lie', () => {
  it.each(lies)('is an outage: %s', async (_what, status, type, body) => {
    const lie: RequestListener = (request, response) => {
      request.resume();
      response.writeHead(status, { 'Content-Type': type, ETag: '"1"' }).end(body);
    };
    const outcomes = await whileAnswering(lie, async (port) => {
      const wrong = tableAt(tablesConnectionString(port));
      const outcome = (work: (on: Table) => Promise<unknown>) =>
        work(wrong).then(
          (answer) => (answer === undefined ? 'done' : JSON.stringify(answer)),
          (error: unknown) => (error instanceof AppError ? error.code : String(error)),
        );
      return Promise.all(operations.map(async ([name, work]) => [name, await outcome(work)]));
    });
    // For a list, all rows of another partition are an outage. The check of the table looks at no row.
    const expected = operations.map(([name]) => [name, 'ERR_STORAGE_UNAVAILABLE']);
    if (body.startsWith('{"value":[{')) expected[0] = ['check', 'done'];
    expect(outcomes).toEqual(expected);
  });
});

describe('a missing table', () => {
  it.each(operations)('%s: is an outage that is named, not a missing row', async (_, work) => {
    const { code, note } = await failureOf(work(tableAt(tables.connectionString)));
    expect(code).toBe('ERR_STORAGE_UNAVAILABLE');
    expect(note).toContain('no table nothere');
  });

  it('is told from a missing row by one query more', async () => {
    const place = fresh();
    expect(await table.read(place, signal)).toBeUndefined();
    tables.takeRequests();
    expect(await table.read(place, signal)).toBeUndefined();
    const [, ...more] = tables.takeRequests();
    expect(more).toHaveLength(1);
    expect(more[0]).toMatch(/top=1/);
  });
});

describe('a busy service', () => {
  it.each([
    ['ServerBusy', { fault: 'busy' }],
    ['ServerBusy with a short Retry-After', { fault: 'busy', retryAfter: '1' }],
    [
      'ServerBusy with a date that has passed',
      { fault: 'busy', retryAfter: 'Fri, 01 Jan 2016 00:00:00 GMT' },
    ],
    ['OperationTimedOut', { fault: 'timed-out' }],
    ['a cut connection', { fault: 'cut' }],
  ])('%s: the next try helps, with every operation', async (_, fault) => {
    for (const [, work] of operations) {
      tables.misbehave({ ...fault, times: 1 });
      await work(table);
    }
    await table.delete(address, signal);
  });

  it.each(operations)('%s: three tries in all', async (_, work) => {
    tables.misbehave({ fault: 'busy' });
    tables.takeRequests();
    expect(await failureOf(work(table))).toMatchObject({
      code: 'ERR_STORAGE_UNAVAILABLE',
      retryAfterSeconds: 10,
      note: 'the tables answered ServerBusy',
    });
    expect(tables.takeRequests()).toHaveLength(3);
  });

  it.each(operations)('%s: a long Retry-After is passed on after one try', async (_, work) => {
    // Longer than the time that is told where the service names none.
    for (const retryAfter of ['20', inSeconds(600)]) {
      tables.misbehave({ fault: 'busy', retryAfter });
      tables.takeRequests();
      const { code, retryAfterSeconds } = await failureOf(work(table));
      expect(code).toBe('ERR_STORAGE_UNAVAILABLE');
      expect(tables.takeRequests()).toHaveLength(1);
      expect(retryAfterSeconds).toBeGreaterThanOrEqual(20);
      expect(retryAfterSeconds).toBeLessThanOrEqual(600);
    }
  });

  it('ends waiting with the request', async () => {
    const request = new AbortController();
    tables.misbehave({ fault: 'busy', retryAfter: '3' });
    tables.takeRequests();
    const failure = failureOf(table.read(address, request.signal));
    while (tables.takeRequests().length === 0) await new Promise(setImmediate);
    request.abort();
    expect(await failure).toMatchObject({ code: 'ERR_STORAGE_UNAVAILABLE' });
    expect(tables.takeRequests()).toEqual([]);
  });

  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();
});

describe('an answer lost after the work was done', () => {
  const lose = (on: string) => {
    tables.misbehave({ fault: 'lost-answer', on, times: 1 });
  };
  const etagOf = async (place: typeof address) => {
    const etag = (await table.read(place, signal))?.etag;
    if (etag === undefined) throw new Error('the row is missing');
    return etag;
  };
  const properties = {
    text: 'a',
    whole: 2,
    time: new Date('2031-02-03T04:05:06.789Z'),
    bytes: Uint8Array.of(1, 2, 255),
    yes: true,
  };

  it('insert: the row is ours', async () => {
    lose('insert');
    expect(await table.insert({ ...fresh(), properties }, signal)).toBe(true);
  });

  it("insert: another's row is another's", async () => {
    const place = fresh();
    await table.insert({ ...place, properties: { ...properties, whole: 3 } }, signal);
    tables.misbehave({ fault: 'cut', on: 'insert', times: 1 });
    expect(await table.insert({ ...place, properties }, signal)).toBe(false);
  });

  it.each(['replace', 'merge'] as const)('%s: written, with the new ETag', async (method) => {
    const place = fresh();
    await table.insert({ ...place, properties: { one: 1 } }, signal);
    const etag = await etagOf(place);
    lose('rewrite');
    const written = await table[method]({ ...place, properties }, etag, signal);
    expect(written).toEqual({ outcome: 'written', etag: await etagOf(place) });
  });

  it.each(['replace', 'merge'] as const)("%s: another's is a conflict", async (method) => {
    const place = fresh();
    await table.insert({ ...place, properties: { one: 1 } }, signal);
    const etag = await etagOf(place);
    await table.merge({ ...place, properties: { whole: 9 } }, etag, signal);
    tables.misbehave({ fault: 'cut', on: 'rewrite', times: 1 });
    const written = await table[method]({ ...place, properties }, etag, signal);
    expect(written).toEqual({ outcome: 'conflict' });
  });

  it('delete: gone', async () => {
    const place = fresh();
    await table.insert({ ...place, properties }, signal);
    lose('delete');
    await table.delete(place, signal);
    expect(await table.read(place, signal)).toBeUndefined();
  });

  it('read and list: read again', async () => {
    const place = fresh();
    await table.insert({ ...place, properties }, signal);
    lose('point-read');
    expect((await table.read(place, signal))?.properties['whole']).toBe(2);
    lose('list');
    const rows = [];
    for await (const page of table.list({ partitionKey: place.partitionKey }, signal)) {
      rows.push(...page.rows);
    }
    expect(rows).toHaveLength(1);
  });

  it('a transaction of inserts, rewrites and deletes: done, with all ETags', async () => {
    const { partitionKey } = fresh();
    for (const rowKey of ['old', 'gone']) {
      await table.insert({ partitionKey, rowKey, properties: { one: 1 } }, signal);
    }
    const etag = await etagOf({ partitionKey, rowKey: 'old' });
    lose('transaction');
    const outcome = await table.transact(
      partitionKey,
      [
        { action: 'insert', rowKey: 'new', properties },
        { action: 'delete', rowKey: 'gone' },
        { action: 'replace', rowKey: 'old', properties, etag },
      ],
      signal,
    );
    expect(outcome).toEqual({
      outcome: 'done',
      etags: [
        await etagOf({ partitionKey, rowKey: 'new' }),
        undefined,
        await etagOf({ partitionKey, rowKey: 'old' }),
      ],
    });
  });

  it('a transaction of deletes: done', async () => {
    const { partitionKey } = fresh();
    const rowKeys = ['one', 'two'];
    for (const rowKey of rowKeys) await table.insert({ partitionKey, rowKey, properties }, signal);
    lose('transaction');
    const deletes = rowKeys.map((rowKey) => ({ action: 'delete' as const, rowKey }));
    expect(await table.transact(partitionKey, deletes, signal)).toMatchObject({ outcome: 'done' });
  });

  it('a transaction that was not done, after a cut connection: as ever', async () => {
    const { partitionKey } = fresh();
    await table.insert({ partitionKey, rowKey: 'there', properties }, signal);
    tables.misbehave({ fault: 'cut', on: 'transaction', times: 1 });
    const outcome = await table.transact(
      partitionKey,
      [
        { action: 'delete', rowKey: 'there' },
        { action: 'delete', rowKey: 'never' },
      ],
      signal,
    );
    expect(outcome).toEqual({ outcome: 'missing' });
    expect(await table.read({ partitionKey, rowKey: 'there' }, signal)).toBeDefined();
  });
});

it('a page that fails does not end the list', async () => {
  const { partitionKey } = fresh();
  for (const rowKey of ['a', 'b', 'c']) {
    await table.insert({ partitionKey, rowKey, properties: {} }, signal);
  }
  const keys: string[] = [];
  for await (const page of table.list({ partitionKey, pageSize: 1 }, signal)) {
    keys.push(...page.rows.map(({ rowKey }) => rowKey));
    tables.misbehave({ fault: 'busy', on: 'list', times: 1 });
  }
  expect(keys).toEqual(['a', 'b', 'c']);
});
