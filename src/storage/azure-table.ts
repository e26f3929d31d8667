import type {
  TableClient,
  TableEntity,
  TransactionAction as ClientAction,
} from '@azure/data-tables';
import { AppError } from '../errors';
import { listRows, withKeys } from './list-rows';
import { parseRow } from './parse-row';
import { assertWithinLimits } from './row-limits';
import { askStorage } from './storage-failure';
import type {
  NewRow,
  RewriteOutcome,
  Row,
  RowAddress,
  Table,
  TransactionAction,
  TransactionOutcome,
} from './table';

/** The table behind `client`. It must exist: the app never creates tables. */
export function createAzureTable(client: TableClient): Table {
  return {
    name: client.tableName,
    check: async (signal) => {
      await read(client, { partitionKey: 'check', rowKey: 'check' }, { select: [], signal });
    },
    read: (address, options) => read(client, address, options),
    list: (query, signal) => listRows(client, query, signal),
    insert: async (row, signal) => {
      assertWithinLimits(row);
      return askStorage(
        signal,
        async () => {
          await client.createEntity(entityOf(row), { abortSignal: signal });
          return true;
        },
        (failure) => (failure === 'exists' ? false : undefined),
      );
    },
    replace: (row, etag, signal) => rewrite(client, row, { mode: 'Replace', etag, signal }),
    merge: (row, etag, signal) => rewrite(client, row, { mode: 'Merge', etag, signal }),
    delete: async ({ partitionKey, rowKey }, signal) => {
      await askStorage(
        signal,
        async () => {
          await client.deleteEntity(partitionKey, rowKey, { abortSignal: signal });
          return true;
        },
        (failure) => (failure === 'missing' ? true : undefined),
      );
    },
    transact: (partitionKey, actions, signal) => transact(client, partitionKey, actions, signal),
  };
}

async function read(
  client: TableClient,
  { partitionKey, rowKey }: RowAddress,
  { select, signal }: { readonly select?: readonly string[]; readonly signal: AbortSignal },
): Promise<Row | undefined> {
  const { row } = await askStorage<{ row: Row | undefined }>(
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

async function rewrite(
  client: TableClient,
  row: NewRow,
  { mode, etag, signal }: { mode: 'Replace' | 'Merge'; etag: string; signal: AbortSignal },
): Promise<RewriteOutcome> {
  assertWithinLimits(row);
  return askStorage<RewriteOutcome>(
    signal,
    async () => {
      const options = { etag, abortSignal: signal };
      const written = await client.updateEntity(entityOf(row), mode, options);
      return { outcome: 'written', etag: etagOf(written.etag) };
    },
    (failure) => (failure === 'exists' ? undefined : { outcome: failure }),
  );
}

async function transact(
  client: TableClient,
  partitionKey: string,
  actions: readonly TransactionAction[],
  signal: AbortSignal,
): Promise<TransactionOutcome> {
  const clientActions = actions.map((action) => clientActionOf(partitionKey, action));
  return askStorage<TransactionOutcome>(
    signal,
    async () => {
      const answer = await client.submitTransaction(clientActions, { abortSignal: signal });
      const etags = actions.map(({ action }, index) =>
        action === 'delete' ? undefined : etagOf(answer.subResponses[index]?.etag),
      );
      return { outcome: 'done', etags };
    },
    (failure) => ({ outcome: failure }),
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
