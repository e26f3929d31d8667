import { TableClient } from '@azure/data-tables';
import fc from 'fast-check';
import { isObject, parseJson } from '../../src/bodies';
import { createAzureTable } from '../../src/storage/azure-table';
import type { Row } from '../../src/storage/table';
import type { TableConnector } from '../../src/storage/table-client';
import { readStorageFailure } from '../../src/storage/table-failures';
import { parseRow } from '../../src/storage/table-queries';
import { longEnough } from '../support/auth-fixture';
import { anything, type Fuzzed, jsonOf, text, withMembers } from '../support/hostile-values';
import { tablesConnectionString } from '../support/test-table';

const signal = longEnough();

// What the table service answers, whole requests at a time.

/** What the table service answers to everything. */
interface TableAnswer {
  readonly status: number;
  readonly body: string;
}

let answered: TableAnswer = { status: 204, body: '' };
const httpClient = {
  sendRequest: (request: Parameters<TableConnector['http']['sendRequest']>[0]) =>
    Promise.resolve({
      request,
      status: answered.status,
      headers: noHeaders,
      bodyAsText: answered.body,
    }),
};
const noHeaders = {
  get: () => undefined,
  has: () => false,
  set: () => undefined,
  delete: () => undefined,
  toJSON: () => ({}),
  [Symbol.iterator]: () => new Map<string, string>()[Symbol.iterator](),
};
const azureTable = createAzureTable(
  Object.assign(
    TableClient.fromConnectionString(tablesConnectionString(1), 'sessions', {
      ...{ allowInsecureConnection: true, retryOptions: { maxRetries: 0 }, httpClient },
    }),
    { http: httpClient },
  ),
);
/** A table whose service gives this answer to everything. */
const tableThat = (given: TableAnswer) => {
  answered = given;
  return azureTable;
};

const rowIsPlain = ({ etag, properties }: Row, body?: unknown) => {
  if (isObject(body)) expect(etag).toBe(body['odata.etag']);
  expect(typeof etag).toBe('string');
  for (const value of Object.values(properties)) {
    if (value instanceof Date) expect(value.getTime()).not.toBeNaN();
    expect(value instanceof Uint8Array || value instanceof Date || Object(value) !== value).toBe(
      true,
    );
  }
};

const typeOf = (name: string) => `${name}@odata.type`;
/** A row of the service with some members that are wrong. */
const entity = withMembers(
  [
    ...['PartitionKey', 'RowKey', 'odata.etag', 'etag', 'partitionKey', '__proto__'],
    ...['data', typeOf('data'), 'createdAt', typeOf('createdAt'), typeOf('__proto__')],
  ],
  ...['p', 'W/"2"', 7, 1e308, null, 'Edm.DateTime', 'Edm.Binary', 'Edm.Int64', 'Edm.Double'],
  ...['2026-11-28T00:00:00Z', '9999-99-99T00:00:00Z', {}, [], { 'odata.error': {} }],
).map((wrong) => ({
  ...{ PartitionKey: 'p', RowKey: 'r', 'odata.etag': 'W/"1"', data: 'AA==' },
  ...{ [typeOf('data')]: 'Edm.Binary', createdAt: '2026-11-28T00:00:00Z' },
  ...{ [typeOf('createdAt')]: 'Edm.DateTime', ...wrong },
}));

/** One of these bodies, whole or cut off, or an error of the service, with a status that is not tried again. */
function tableAnswer(bodies: fc.Arbitrary<string>): fc.Arbitrary<TableAnswer> {
  const codes = [
    'ResourceNotFound',
    'EntityAlreadyExists',
    'ConditionNotMet',
    'constructor',
    '',
    7,
  ];
  const errors = fc.constantFrom(...codes).map((code) => jsonOf({ 'odata.error': { code } }));
  const cut = fc
    .tuple(bodies, fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([body, part]) => body.slice(0, body.length * part));
  return fc.record({
    status: fc.constantFrom(...[200, 200, 200, 202, 202, 204, 302, 400, 403, 404, 409, 412]),
    body: fc.oneof({ weight: 4, arbitrary: bodies }, cut, errors, text),
  });
}

/** The answer to a transaction of three, with more or fewer parts, each good or bad. */
function batchAnswer(): fc.Arbitrary<string> {
  const etag = 'ETag: W/"1"';
  const good = `HTTP/1.1 204 No Content\r\n${etag}`;
  const part = fc.oneof(
    { weight: 9, arbitrary: fc.constant(good) },
    fc.constantFrom(
      ...['HTTP/1.1 204 No Content', `${good}\r\n${etag}`, 'HTTP/1.1 99', etag],
      ...['HTTP/1.1 409 Conflict\r\n\r\n{"odata.error":{"code":"EntityAlreadyExists"}}'],
      ...['HTTP/1.1 412 No\r\n\r\n{"odata.error":{"code":"UpdateConditionNotSatisfied"}}'],
      ...['HTTP/1.1 404 No\r\n\r\n{"odata.error":{"code":"constructor"}}'],
    ),
    text,
  );
  const boundary = fc.constantFrom(
    ...['changesetresponse_1', 'changesetresponse_1', 'changeset_1'],
  );
  return fc
    .tuple(boundary, fc.array(part, { minLength: 2, maxLength: 4 }))
    .map(([name, parts]) => [...parts.map((one) => `--${name}\r\n\r\n${one}\r\n`), `--${name}--`])
    .map((lines) => ['--batchresponse_1', ...lines, '--batchresponse_1--'].join('\r\n'));
}

/** Parsers of what the table service answers, by name. */
export const tableParsers: Record<string, Fuzzed> = {
  parseRow: {
    input: withMembers(['partitionKey', 'rowKey', 'etag', 'data', '__proto__'], 'k', 7, null),
    mayThrow: 'AppError 502 or 503',
    run: (entity: Record<string, unknown>) => {
      const { partitionKey, rowKey, etag } = parseRow(entity);
      for (const key of [partitionKey, rowKey, etag]) expect(typeof key).toBe('string');
    },
  },
  readStorageFailure: {
    input: fc.oneof(
      anything,
      text.map((code) => ({ code })),
    ),
    run: (error: unknown) => {
      expect(readStorageFailure(error, 'sessions').expected).toBeUndefined();
    },
  },
  'Table.read': {
    input: tableAnswer(entity.map((body) => jsonOf(body))),
    mayThrow: 'AppError 502 or 503',
    run: async (given: TableAnswer) => {
      const found = await tableThat(given).read({ partitionKey: 'p', rowKey: 'r' }, signal);
      // Nobody is signed out because an answer was spoilt.
      if (found === undefined) expect(given.body).toMatch(/ResourceNotFound|EntityNotFound/);
      else rowIsPlain(found, parseJson(given.body));
    },
  },
  'Table.list': {
    input: tableAnswer(
      fc.oneof(
        fc.array(entity).map((value) => jsonOf({ value })),
        withMembers(['value'], [null], [7], {}).map((body) => jsonOf(body)),
      ),
    ),
    mayThrow: 'AppError 502 or 503',
    run: async (given: TableAnswer) => {
      for await (const { rows } of tableThat(given).list({ partitionKey: 'p' }, signal)) {
        // What is no list must not look like a table without rows.
        const body = parseJson(given.body);
        expect(isObject(body) && Array.isArray(body['value'])).toBe(true);
        for (const found of rows) rowIsPlain(found);
        break;
      }
    },
  },
  'Table.transact': {
    input: tableAnswer(batchAnswer()),
    mayThrow: 'AppError 502 or 503',
    run: async (given: TableAnswer) => {
      const result = await tableThat(given).transact(
        'p',
        [
          { action: 'insert', rowKey: 'a', properties: {} },
          { action: 'replace', rowKey: 'b', etag: '"1"', properties: {} },
          { action: 'delete', rowKey: 'c' },
        ],
        signal,
      );
      if (result.outcome !== 'done') {
        expect(given.body).toMatch(/EntityAlreadyExists|NotSatisfied|ConditionNotMet/);
        return;
      }
      expect(given.body.match(/HTTP\/1\.1 \d+/g)).toEqual(Array(3).fill('HTTP/1.1 204'));
      expect(result.etags.map((etag) => typeof etag)).toEqual(['string', 'string', 'undefined']);
    },
  },
};
