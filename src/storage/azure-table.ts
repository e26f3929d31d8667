import {
  odata,
  RestError,
  type TableClient,
  type TableEntity,
  type TransactionAction as ClientAction,
} from '@azure/data-tables';
import { AppError } from '../errors';
import { isObject, parseJson } from '../bodies';
import {
  etagsIfDone,
  isAsWritten,
  type NewRow,
  type PropertyValue,
  type RewriteOutcome,
  type Row,
  type RowAddress,
  type RowPage,
  type RowQuery,
  type Table,
  type TimeCondition,
  type TransactionAction,
  type TransactionOutcome,
} from './table';
import { type AskStorage, createAskStorage } from './table-requests';

/** The table behind `client`. It must exist: the app never creates tables. */
export function createAzureTable(client: TableClient): Table {
  const findTable = (signal: AbortSignal): Promise<void> => readFirstRow(client, signal);
  const ask = createAskStorage(client.tableName, findTable);
  const parts: Parts = {
    client,
    ask,
    read: (row, signal) => readRow(client, ask, row, signal),
    list: (query, signal) => listRows(client, ask, query, signal),
  };
  return {
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
  };
}

/** What the functions that write need. They read to find out whether an earlier try was done. */
interface Parts extends Pick<Table, 'read' | 'list'> {
  readonly client: TableClient;
  readonly ask: AskStorage;
}

/** See Table.read. */
async function readRow(
  client: TableClient,
  ask: AskStorage,
  { partitionKey, rowKey, select }: RowAddress & Pick<RowQuery, 'select'>,
  signal: AbortSignal,
): Promise<Row | undefined> {
  return ask<Row | undefined>(
    {
      work: async () => {
        const entity = await client.getEntity(partitionKey, rowKey, {
          abortSignal: signal,
          ...(select !== undefined && { queryOptions: { select: withKeys(select) } }),
        });
        return parseRow(entity, { partitionKey, rowKey });
      },
      onExpected: (failure) => (failure === 'missing' ? { answer: undefined } : undefined),
    },
    signal,
  );
}

/** Asks for the first row of the table, whether or not there is one: 404 says that there is no table. */
async function readFirstRow(client: TableClient, signal: AbortSignal): Promise<void> {
  await readPage(client, { select: [], pageSize: 1 }, signal);
}

/** See Table.list. */
async function* listRows(
  client: TableClient,
  ask: AskStorage,
  query: RowQuery,
  signal: AbortSignal,
): AsyncGenerator<RowPage, void, undefined> {
  if (query.continuation !== undefined) assertContinuation(query.continuation);
  let next = query.continuation;
  do {
    const from = next;
    const work = async (): Promise<RowPage> => {
      try {
        return await readPage(client, { ...query, continuation: from }, signal);
      } catch (error) {
        throw from === undefined ? error : refusedContinuation(error);
      }
    };
    const page = await ask({ work }, signal);
    yield page;
    next = page.continuation;
  } while (next !== undefined);
}

/** Our query is correct, so the service refuses the continuation. */
function refusedContinuation(error: unknown): unknown {
  const isRefused = error instanceof RestError && error.statusCode === 400;
  return isRefused
    ? new AppError('ERR_BAD_REQUEST', { cause: error, note: 'no continuation of a list' })
    : error;
}

/** The library's list of pages ends with its first failure, so each page is asked for as a list of its own. */
async function readPage(
  client: TableClient,
  query: RowQuery,
  signal: AbortSignal,
): Promise<RowPage> {
  const filter = rowFilter(query);
  const pages = client
    .listEntities({
      abortSignal: signal,
      queryOptions: {
        ...(filter !== undefined && { filter }),
        ...(query.select !== undefined && { select: withKeys(query.select) }),
      },
    })
    .byPage({
      ...(query.pageSize !== undefined && { maxPageSize: query.pageSize }),
      ...(query.continuation !== undefined && { continuationToken: query.continuation }),
    });
  const next = await pages.next();
  if (next.done === true) {
    throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'a list without a page' });
  }
  const rows = next.value.map((entity) => parseRow(entity));
  return { rows, continuation: next.value.continuationToken };
}

/** The library would let any JSON through into the query, and fail oddly on the rest. */
function assertContinuation(continuation: string): void {
  const position = parseJson(Buffer.from(continuation, 'base64'));
  const isContinuation =
    isObject(position) &&
    'nextPartitionKey' in position &&
    Object.entries(position).every(
      ([name, value]) => /^next(?:Partition|Row)Key$/.test(name) && typeof value === 'string',
    );
  if (!isContinuation) throw new AppError('ERR_BAD_REQUEST', { note: 'no continuation of a list' });
}

/** Without the keys in a selection, the service would leave them out. */
function withKeys(select: readonly string[]): string[] {
  return ['partitionKey', 'rowKey', ...select];
}

/**
 * The OData filter of a query, `undefined` when everything is meant. Values are escaped; property
 * names are ours. Microsoft Learn, "Querying tables and entities".
 */
function rowFilter(query: Omit<RowQuery, 'continuation'>): string | undefined {
  const parts: string[] = [];
  if (query.partitionKey !== undefined) parts.push(odata`PartitionKey eq ${query.partitionKey}`);
  if (query.rowKeyPrefix !== undefined && query.rowKeyPrefix !== '') {
    parts.push(
      odata`RowKey ge ${query.rowKeyPrefix} and RowKey lt ${firstKeyAfter(query.rowKeyPrefix)}`,
    );
  }
  for (const condition of query.conditions ?? []) parts.push(timeFilter(condition));
  if (query.anyOf !== undefined && query.anyOf.length > 0) {
    parts.push(`(${query.anyOf.map(timeFilter).join(' or ')})`);
  }
  return parts.length === 0 ? undefined : parts.join(' and ');
}

function timeFilter({ property, is, time }: TimeCondition): string {
  return `${property} ${is === 'after' ? 'gt' : 'le'} ${odata`${time}`}`;
}

/** Row keys compare by character: `session;` is the first key behind all that begin `session:`. */
function firstKeyAfter(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}

const notProperties = new Set(['partitionKey', 'rowKey', 'etag', 'timestamp', 'odata.metadata']);

/**
 * What the service answered, as a row. `address` stands in for keys that were not selected.
 * @throws ERR_STORAGE_UNAVAILABLE when it is no row
 */
function parseRow(entity: Readonly<Record<string, unknown>>, address?: RowAddress): Row {
  const partitionKey = address?.partitionKey ?? entity['partitionKey'];
  const rowKey = address?.rowKey ?? entity['rowKey'];
  const etag = entity['etag'];
  if (typeof partitionKey !== 'string' || typeof rowKey !== 'string' || typeof etag !== 'string') {
    throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'the tables answered something else' });
  }
  const properties: Record<string, PropertyValue> = {};
  for (const [name, value] of Object.entries(entity)) {
    // The service answers `null` for a selected property that a row does not have.
    if (!notProperties.has(name) && isPropertyValue(value)) properties[name] = value;
  }
  return { partitionKey, rowKey, etag, properties };
}

function isPropertyValue(value: unknown): value is PropertyValue {
  return (
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    value instanceof Date ||
    value instanceof Uint8Array
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
        await client.createEntity(entityOf(row), { abortSignal: signal });
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
  const clientActions = actions.map((action) => clientActionOf(partitionKey, action));
  return ask<TransactionOutcome>(
    {
      work: async () => {
        const answer = await client.submitTransaction(clientActions, { abortSignal: signal });
        const etags = actions.map(({ action }, index) =>
          action === 'delete' ? undefined : etagOf(answer.subResponses[index]?.etag),
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

function clientActionOf(partitionKey: string, action: TransactionAction): ClientAction {
  if (action.action === 'delete') return ['delete', { partitionKey, rowKey: action.rowKey }];
  const row: NewRow = { partitionKey, rowKey: action.rowKey, properties: action.properties };
  assertWithinLimits(row);
  if (action.action === 'insert') return ['create', entityOf(row)];
  return ['update', entityOf(row), 'Replace', { etag: action.etag }];
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
