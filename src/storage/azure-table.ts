import type {
  TableClient,
  TableEntity,
  TransactionAction as ClientAction,
} from '@azure/data-tables';
import { AppError } from '../errors';
import type { AskStorage } from './ask-storage';
import { createAskStorage } from './ask-storage';
import { listRows, readFirstRow, withKeys } from './list-rows';
import { etagsIfDone, isAsWritten } from './lost-answers';
import { parseRow } from './parse-row';
import { assertWithinLimits } from './row-limits';
import type {
  NewRow,
  RewriteOutcome,
  Row,
  RowAddress,
  Table,
  TransactionAction,
  TransactionOutcome,
} from './table';

interface Parts extends Pick<Table, 'read' | 'list'> {
  readonly client: TableClient;
  readonly ask: AskStorage;
}

/** The table behind `client`. It must exist: the app never creates tables. */
export function createAzureTable(client: TableClient): Table {
  const findTable = (signal: AbortSignal): Promise<void> => readFirstRow(client, signal);
  const ask = createAskStorage(client.tableName, findTable);
  const parts: Parts = {
    client,
    ask,
    read: (address, options) => read(client, ask, address, options),
    list: (query, signal) => listRows(client, ask, query, signal),
  };
  return {
    name: client.tableName,
    check: (signal) => ask(signal, () => findTable(signal)),
    read: parts.read,
    list: parts.list,
    insert: (row, signal) => insert(parts, row, signal),
    replace: (row, etag, signal) => rewrite(parts, row, { mode: 'Replace', etag, signal }),
    merge: (row, etag, signal) => rewrite(parts, row, { mode: 'Merge', etag, signal }),
    delete: async ({ partitionKey, rowKey }, signal) => {
      await ask(
        signal,
        async () => {
          await client.deleteEntity(partitionKey, rowKey, { abortSignal: signal });
          return true;
        },
        (failure) => (failure === 'missing' ? true : undefined),
      );
    },
    transact: (partitionKey, actions, signal) => transact(parts, partitionKey, actions, signal),
  };
}

async function read(
  client: TableClient,
  ask: AskStorage,
  { partitionKey, rowKey }: RowAddress,
  { select, signal }: { readonly select?: readonly string[]; readonly signal: AbortSignal },
): Promise<Row | undefined> {
  const { row } = await ask<{ row: Row | undefined }>(
    signal,
    async () => {
      const entity = await client.getEntity(partitionKey, rowKey, {
        abortSignal: signal,
        ...(select !== undefined && { queryOptions: { select: withKeys(select) } }),
      });
      return { row: parseRow(entity, { partitionKey, rowKey }) };
    },
    (failure) => (failure === 'missing' ? { row: undefined } : undefined),
  );
  return row;
}

async function insert(
  { client, ask, read: readRow }: Parts,
  row: NewRow,
  signal: AbortSignal,
): Promise<boolean> {
  assertWithinLimits(row);
  return ask(
    signal,
    async () => {
      await client.createEntity(entityOf(row), { abortSignal: signal });
      return true;
    },
    async (failure, isLate) => {
      if (failure !== 'exists') return undefined;
      return isLate && isAsWritten(await readRow(row, { signal }), row.properties);
    },
  );
}

async function rewrite(
  { client, ask, read: readRow }: Parts,
  row: NewRow,
  { mode, etag, signal }: { mode: 'Replace' | 'Merge'; etag: string; signal: AbortSignal },
): Promise<RewriteOutcome> {
  assertWithinLimits(row);
  return ask<RewriteOutcome>(
    signal,
    async () => {
      const options = { etag, abortSignal: signal };
      const written = await client.updateEntity(entityOf(row), mode, options);
      return { outcome: 'written', etag: etagOf(written.etag) };
    },
    async (failure, isLate) => {
      if (failure === 'exists') return undefined;
      const stored = isLate ? await readRow(row, { signal }) : undefined;
      return isAsWritten(stored, row.properties)
        ? { outcome: 'written', etag: stored.etag }
        : { outcome: failure };
    },
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
    signal,
    async () => {
      const answer = await client.submitTransaction(clientActions, { abortSignal: signal });
      const etags = actions.map(({ action }, index) =>
        action === 'delete' ? undefined : etagOf(answer.subResponses[index]?.etag),
      );
      return { outcome: 'done', etags };
    },
    async (failure, isLate) => {
      const etags = isLate ? await etagsIfDone(reads, partitionKey, actions, signal) : undefined;
      return etags === undefined ? { outcome: failure } : { outcome: 'done', etags };
    },
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
