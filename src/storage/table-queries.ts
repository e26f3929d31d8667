import { odata, RestError, type TableClient } from '@azure/data-tables';
import { isObject, parseJson } from '../bodies';
import { AppError } from '../errors';
import type { PropertyValue, Row, RowAddress, RowPage, RowQuery, TimeCondition } from './table';
import { type AskStorage, refusal, send, type TableConnector } from './table-client';

/**
 * Reads one row, with its members under the names of the library.
 * @see https://learn.microsoft.com/rest/api/storageservices/query-entities
 */
export async function readEntity(
  connector: TableConnector,
  { partitionKey, rowKey }: RowAddress,
  select: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const query =
    select === undefined
      ? ''
      : `?$select=${encodeURIComponent(['PartitionKey', ...select].join(','))}`;
  const path = entityPath(connector.tableName, partitionKey, rowKey) + query;
  const headers = { accept: 'application/json;odata=minimalmetadata', dataserviceversion: '3.0' };
  const answer = await send(connector, { method: 'GET', path, headers }, signal);
  const text = answer.bodyAsText ?? '';
  if (answer.status !== 200) throw refusal(answer, text);
  const body = parseJson(text);
  return isObject(body) ? entityIn(body) : {};
}

export function entityPath(tableName: string, partitionKey: string, rowKey: string): string {
  return `${tableName}(PartitionKey='${keyText(partitionKey)}',RowKey='${keyText(rowKey)}')`;
}

function keyText(key: string): string {
  return encodeURIComponent(key.replaceAll("'", "''"));
}

/** A column of the row may have any name, `etag` and `__proto__` too. */
function entityIn(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const members = Object.entries(body)
    .filter(([name]) => !name.endsWith('@odata.type'))
    .map(([name, value]) => [name, typedValue(value, body[`${name}@odata.type`])] as const);
  return { ...Object.fromEntries(members), etag: body['odata.etag'] };
}

/** `undefined` for a type that we never write, and for a time that is none. */
function typedValue(value: unknown, type: unknown): unknown {
  if (type === 'Edm.Int64' || type === 'Edm.Guid') return undefined;
  if (typeof value !== 'string') return value;
  if (type === 'Edm.Binary') return Buffer.from(value, 'base64');
  if (type !== 'Edm.DateTime') return value;
  const time = new Date(value);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

const notProperties = new Set(
  'partitionKey rowKey etag timestamp PartitionKey RowKey Timestamp odata.etag odata.metadata'.split(
    ' ',
  ),
);

/**
 * What the service answered, as a row. `address` is the row that was asked for. It stands in for keys that were not selected.
 * @throws ERR_STORAGE_UNAVAILABLE when it is no row, or another row
 */
export function parseRow(entity: Readonly<Record<string, unknown>>, address?: RowAddress): Row {
  const partitionKey = address?.partitionKey ?? entity['partitionKey'];
  const rowKey = address?.rowKey ?? entity['rowKey'];
  const etag = entity['etag'];
  const { PartitionKey: partition = partitionKey, RowKey: key = rowKey } = entity;
  const isOther = partition !== partitionKey || key !== rowKey;
  const isRow = typeof partitionKey === 'string' && typeof rowKey === 'string';
  if (!isRow || isOther || typeof etag !== 'string') {
    throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'the tables answered something else' });
  }
  const properties = Object.entries(entity).filter(
    // The service answers `null` for a selected property that a row does not have.
    (member): member is [string, PropertyValue] =>
      !notProperties.has(member[0]) && isPropertyValue(member[1]),
  );
  return { partitionKey, rowKey, etag, properties: Object.fromEntries(properties) };
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

/** See Table.list. */
export async function* listRows(
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
    if (!page.rows.every((row) => isOf(row, query))) {
      // It could be a row of somebody else.
      const note = 'the tables answered rows that nobody asked for';
      throw new AppError('ERR_STORAGE_UNAVAILABLE', { note });
    }
    yield page;
    next = page.continuation;
  } while (next !== undefined);
}

function isOf(row: Row, { partitionKey = row.partitionKey, rowKeyPrefix = '' }: RowQuery): boolean {
  return row.partitionKey === partitionKey && row.rowKey.startsWith(rowKeyPrefix);
}

/** Asks for the first row of the table, whether or not there is one: 404 says that there is no table. */
export async function readFirstRow(client: TableClient, signal: AbortSignal): Promise<void> {
  await readPage(client, { select: [], pageSize: 1 }, signal);
}

/** Our query is correct, so the service refuses the continuation. */
function refusedContinuation(error: unknown): unknown {
  const isRefused = error instanceof RestError && error.statusCode === 400;
  return isRefused
    ? new AppError('ERR_BAD_REQUEST', { cause: error, note: 'no continuation of a list' })
    : error;
}

/**
 * The library's list of pages ends with its first failure, so each page is asked for as a list of its own. The library takes
 * every answer with status 200 that is no list, such as the page of a proxy, for a list without rows. Then nobody would have a
 * session any more, and the ring no key.
 */
async function readPage(
  client: TableClient,
  query: RowQuery,
  signal: AbortSignal,
): Promise<RowPage> {
  const filter = rowFilter(query);
  const answer = { isList: false };
  const pages = client
    .listEntities({
      abortSignal: signal,
      onResponse: ({ parsedBody }: { readonly parsedBody?: unknown }) => {
        answer.isList = isObject(parsedBody) && Array.isArray(parsedBody['value']);
      },
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
  if (next.done === true || !answer.isList) {
    throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'the tables answered no list' });
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
