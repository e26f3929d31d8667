import { randomUUID } from 'node:crypto';
import { RestError, type TableEntity } from '@azure/data-tables';
import { AppError } from '../errors';
import {
  etagsIfDone,
  isAsWritten,
  type NewRow,
  type PropertyValue,
  type RewriteOutcome,
  type Row,
  type RowAddress,
  type RowQuery,
  type Table,
  type TransactionAction,
  type TransactionOutcome,
} from './table';
import {
  type AskStorage,
  createAskStorage,
  readAddress,
  refusal,
  send,
  type TableAnswer,
  type TableConnector,
} from './table-client';
import { entityPath, listRows, parseRow, readEntity, readFirstRow } from './table-queries';

/** The table behind `client`. It must exist: the app never creates tables. */
export function createAzureTable(client: TableConnector): Table {
  const findTable = (signal: AbortSignal): Promise<void> => readFirstRow(client, signal);
  const ask = createAskStorage(client.tableName, findTable);
  const parts: Parts = {
    client,
    ask,
    read: (row, signal) => readRow(client, ask, row, signal),
    list: (query, signal) => listRows(client, ask, query, signal),
  };
  return rememberRefusedWrites({
    name: client.tableName,
    check: (signal) => ask({ work: () => findTable(signal) }, signal),
    read: parts.read,
    list: parts.list,
    insert: (row, signal) => insert(parts, row, signal),
    replace: (row, etag, signal) => rewrite(parts, row, 'Replace', etag, signal),
    merge: (row, etag, signal) => rewrite(parts, row, 'Merge', etag, signal),
    delete: async ({ partitionKey, rowKey }, signal) => {
      await ask<unknown>(
        {
          work: () => client.deleteEntity(partitionKey, rowKey, { abortSignal: signal }),
          onExpected: (failure) => (failure === 'missing' ? { answer: undefined } : undefined),
        },
        signal,
      );
    },
    transact: (partitionKey, actions, signal) => transact(parts, partitionKey, actions, signal),
  });
}

/** As long as a refusal of the app's credential counts. */
const refusedMs = 600_000;

/**
 * The same table, whose check fails too while writes are refused: for ten minutes, or until one is done. With the role of a
 * reader, reads work, but nobody can sign in. A write of its own would show no more, and would cost one each time.
 */
function rememberRefusedWrites(table: Table): Table {
  let last: { readonly error: AppError; readonly until: number } | undefined;
  const watch = async <T>(work: Promise<T>): Promise<T> => {
    try {
      const outcome = await work;
      last = undefined;
      return outcome;
    } catch (error) {
      if (error instanceof AppError && isForbidden(error.cause)) {
        last = { error, until: performance.now() + refusedMs };
      }
      throw error;
    }
  };
  return {
    ...table,
    check: async (signal) => {
      await table.check(signal);
      if (last !== undefined && performance.now() < last.until) throw last.error;
    },
    insert: (...asked) => watch(table.insert(...asked)),
    replace: (...asked) => watch(table.replace(...asked)),
    merge: (...asked) => watch(table.merge(...asked)),
    delete: (...asked) => watch(table.delete(...asked)),
    transact: (...asked) => watch(table.transact(...asked)),
  };
}

const isForbidden = (cause: unknown): boolean =>
  cause instanceof RestError && cause.statusCode === 403;

/** What the functions that write need. They read to find out whether an earlier try was done. */
interface Parts extends Pick<Table, 'read' | 'list'> {
  readonly client: TableConnector;
  readonly ask: AskStorage;
}

/** See Table.read. */
async function readRow(
  client: TableConnector,
  ask: AskStorage,
  { partitionKey, rowKey, select }: RowAddress & Pick<RowQuery, 'select'>,
  signal: AbortSignal,
): Promise<Row | undefined> {
  return ask<Row | undefined>(
    {
      work: async () => {
        const row = { partitionKey, rowKey };
        return parseRow(await readEntity(client, row, select, signal), row);
      },
      onExpected: (failure) => (failure === 'missing' ? { answer: undefined } : undefined),
    },
    signal,
  );
}

async function insert(
  { client, ask, read }: Parts,
  row: NewRow,
  signal: AbortSignal,
): Promise<boolean> {
  assertWithinLimits(row);
  return ask<boolean>(
    {
      work: async () => {
        await insertEntity(client, row, signal);
        return true;
      },
      onExpected: async (failure, isLate) => {
        if (failure !== 'exists') return undefined;
        return { answer: isLate && isAsWritten(await read(row, signal), row.properties) };
      },
    },
    signal,
  );
}

/** @see https://learn.microsoft.com/rest/api/storageservices/insert-entity */
async function insertEntity(
  connector: TableConnector,
  row: NewRow,
  signal: AbortSignal,
): Promise<void> {
  const headers = {
    ...{ accept: 'application/json;odata=minimalmetadata', dataserviceversion: '3.0' },
    ...{ 'content-type': 'application/json', prefer: 'return-no-content' },
  };
  const question = { method: 'POST', path: connector.tableName, headers } as const;
  const answer = await send(connector, { ...question, body: entityJson(row) }, signal);
  if (answer.status !== 204) throw refusal(answer, answer.bodyAsText ?? '');
}

async function rewrite(
  { client, ask, read }: Parts,
  row: NewRow,
  mode: 'Replace' | 'Merge',
  etag: string,
  signal: AbortSignal,
): Promise<RewriteOutcome> {
  assertWithinLimits(row);
  return ask<RewriteOutcome>(
    {
      work: async () => {
        const options = { etag, abortSignal: signal };
        const written = await client.updateEntity(entityOf(row), mode, options);
        return { outcome: 'written', etag: etagOf(written.etag) };
      },
      onExpected: async (failure, isLate) => {
        if (failure === 'exists') return undefined;
        const stored = isLate ? await read(row, signal) : undefined;
        return isAsWritten(stored, row.properties)
          ? { answer: { outcome: 'written', etag: stored.etag } }
          : { answer: { outcome: failure } };
      },
    },
    signal,
  );
}

async function transact(
  { client, ask, ...reads }: Parts,
  partitionKey: string,
  actions: readonly TransactionAction[],
  signal: AbortSignal,
): Promise<TransactionOutcome> {
  for (const action of actions) {
    if (action.action !== 'delete') assertWithinLimits({ partitionKey, ...action });
  }
  return ask<TransactionOutcome>(
    {
      work: async () => {
        const answered = await sendTransaction(client, partitionKey, actions, signal);
        const etags = actions.map(({ action }, index) =>
          action === 'delete' ? undefined : etagOf(answered[index]),
        );
        return { outcome: 'done', etags };
      },
      onExpected: async (failure, isLate) => {
        const etags = isLate ? await etagsIfDone(reads, partitionKey, actions, signal) : undefined;
        return { answer: etags === undefined ? { outcome: failure } : { outcome: 'done', etags } };
      },
    },
    signal,
  );
}

/**
 * Sends an entity group transaction.
 * @returns the ETags in the order of the actions
 * @see https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
 */
async function sendTransaction(
  connector: TableConnector,
  partitionKey: string,
  actions: readonly TransactionAction[],
  signal: AbortSignal,
): Promise<readonly (string | undefined)[]> {
  const id = randomUUID();
  const { account } = readAddress(connector.url);
  const parts = actions.map((action) => {
    const { tableName } = connector;
    const isInsert = action.action === 'insert';
    const path = isInsert ? tableName : entityPath(tableName, partitionKey, action.rowKey);
    const lines = [
      ...[`--changeset_${id}`, 'content-type: application/http'],
      ...['content-transfer-encoding: binary', ''],
      `${methods[action.action]} ${account}${path} HTTP/1.1`,
      ...['accept: application/json;odata=minimalmetadata', 'dataserviceversion: 3.0'],
      ...(isInsert ? ['prefer: return-no-content'] : []),
      ...(isInsert ? [] : [`if-match: ${action.action === 'delete' ? '*' : action.etag}`]),
    ];
    if (action.action === 'delete') return [...lines, '', ''].join('\r\n');
    const content = entityJson({ ...action, partitionKey });
    return [...lines, 'content-type: application/json', '', content].join('\r\n');
  });
  const body = [
    ...[`--batch_${id}`, `content-type: multipart/mixed; boundary=changeset_${id}`, ''],
    ...[...parts, `--changeset_${id}--`, `--batch_${id}--`, ''],
  ].join('\r\n');
  const headers = {
    ...{ accept: 'application/json', 'accept-charset': 'UTF-8', dataserviceversion: '3.0;' },
    maxdataserviceversion: '3.0;NetFx',
    'content-type': `multipart/mixed; boundary=batch_${id}`,
  };
  const answer = await send(connector, { method: 'POST', path: '$batch', headers, body }, signal);
  return etagsIn(answer, actions.length);
}

const methods = { insert: 'POST', replace: 'PUT', delete: 'DELETE' } as const;

function entityJson({ partitionKey, rowKey, properties }: Omit<Row, 'etag'>): string {
  const entity: Record<string, unknown> = { PartitionKey: partitionKey, RowKey: rowKey };
  for (const [name, value] of Object.entries(properties)) {
    if (value instanceof Date) entity[`${name}@odata.type`] = 'Edm.DateTime';
    if (!(value instanceof Uint8Array)) {
      entity[name] = value;
      continue;
    }
    entity[`${name}@odata.type`] = 'Edm.Binary';
    const { buffer, byteOffset, byteLength } = value;
    entity[name] = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  }
  return JSON.stringify(entity);
}

/** Of a transaction that failed there is one answer, to the first action that failed. */
function etagsIn(answer: TableAnswer, count: number): readonly (string | undefined)[] {
  const text = answer.bodyAsText ?? '';
  if (answer.status < 200 || answer.status > 299) throw refusal(answer, text);
  const parts = text.split('--changesetresponse_').slice(1, -1);
  for (const part of parts) {
    const status = Number(/HTTP\/1\.1 (\d{3})/.exec(part)?.[1]);
    if (status >= 200 && status <= 299) continue;
    throw refusal(answer, part.slice(part.indexOf('{'), part.lastIndexOf('}') + 1), status);
  }
  if (parts.length === count) return parts.map((part) => /^etag: (.+)$/im.exec(part)?.[1]?.trim());
  throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'the tables answered something else' });
}

function entityOf({ partitionKey, rowKey, properties }: NewRow): TableEntity {
  const entity: TableEntity = { partitionKey, rowKey };
  for (const [name, value] of Object.entries(properties)) {
    // The library encodes the whole buffer behind a Uint8Array, not the part that it shows.
    entity[name] =
      value instanceof Uint8Array
        ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
        : value;
  }
  return entity;
}

function etagOf(etag: string | undefined): string {
  if (etag !== undefined) return etag;
  throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'the tables answered no ETag' });
}

const mebibyte = 1024 * 1024;
const maxPropertyBytes = 64 * 1024;
/** 255, less PartitionKey, RowKey and Timestamp. */
const maxProperties = 252;

/**
 * The emulator takes larger rows than the service does, so the limits are held here.
 * @throws ERR_STORAGE_LIMIT for a row over 1 MiB, a property over 64 KiB, or too many properties
 */
export function assertWithinLimits(row: NewRow): void {
  const bytes = rowSize(row);
  const values = Object.entries(row.properties);
  if (bytes > mebibyte) {
    throw new AppError('ERR_STORAGE_LIMIT', { note: `a row would take ${bytes} bytes` });
  }
  if (values.length > maxProperties) {
    throw new AppError('ERR_STORAGE_LIMIT', {
      note: `a row would have ${values.length} properties`,
    });
  }
  for (const [name, value] of values) {
    if (contentSize(value) > maxPropertyBytes) {
      throw new AppError('ERR_STORAGE_LIMIT', { note: `the property ${name} would exceed 64 KiB` });
    }
  }
}

/**
 * The bytes of a row as the service counts them: names and texts in UTF-16, keys included.
 * https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
 */
export function rowSize({ partitionKey, rowKey, properties }: NewRow): number {
  let bytes = 4 + 2 * (partitionKey.length + rowKey.length);
  for (const [name, value] of Object.entries(properties)) {
    bytes += 8 + 2 * name.length + valueSize(value);
  }
  return bytes;
}

function valueSize(value: PropertyValue): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return 4 + contentSize(value);
  if (typeof value === 'boolean') return 1;
  return 8;
}

function contentSize(value: PropertyValue): number {
  if (typeof value === 'string') return 2 * value.length;
  return value instanceof Uint8Array ? value.byteLength : 0;
}
