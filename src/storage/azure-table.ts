import {
  TableClient,
  type TableEntity,
  type TransactionAction as ClientAction,
} from '@azure/data-tables';
import { AppError } from '../errors';
import { isHttpLoopback, proxyAgent } from '../proxy';
import { type AskStorage, createAskStorage, etagsIfDone, isAsWritten } from './ask-storage';
import { listRows, readFirstRow, readRow } from './read-rows';
import {
  assertWithinLimits,
  type NewRow,
  type RewriteOutcome,
  type Table,
  type TransactionAction,
  type TransactionOutcome,
} from './table';

/** What `@azure/data-tables` asks of a TokenCredential. */
export interface TableCredential {
  getToken(
    scopes: string | string[],
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

/** Where the table is, and what gives access to it. */
export type TableConnection = { readonly tableName: string } & (
  | { readonly connectionString: string }
  | {
      /** `https://<account>.table.core.windows.net` */
      readonly endpoint: string;
      readonly credential: TableCredential;
    }
);

// ask-storage.ts tries again: it knows what an earlier try may have done.
const retryOptions = { maxRetries: 0 };

/**
 * The client of one table. It connects when it is first used. Plain http is allowed on loopback only, for the emulator.
 * @throws ERR_SETTINGS when the address cannot be understood, or would send data over plain http
 */
export function createTableClient(connection: TableConnection): TableClient {
  const client = connect(connection, false);
  const url = URL.parse(client.url);
  if (url?.protocol === 'https:') return client;
  if (url === null || !isHttpLoopback(url)) {
    throw new AppError('ERR_SETTINGS', { note: 'the tables must be reached over https' });
  }
  return connect(connection, true);
}

function connect(connection: TableConnection, allowInsecureConnection: boolean): TableClient {
  const { tableName } = connection;
  const options = { retryOptions, allowInsecureConnection };
  try {
    return followProxy(
      'endpoint' in connection
        ? new TableClient(connection.endpoint, tableName, connection.credential, options)
        : TableClient.fromConnectionString(connection.connectionString, tableName, options),
    );
  } catch {
    // No cause: the library's message may repeat a part of the connection string.
    throw new AppError('ERR_SETTINGS', { note: 'the address of the tables cannot be understood' });
  }
}

/** The library has a rule of its own for proxies, by which calls to the emulator would go through them, too. */
function followProxy(client: TableClient): TableClient {
  client.pipeline.removePolicy({ name: 'proxyPolicy' });
  const agent = proxyAgent();
  const isRemote = URL.parse(client.url)?.protocol === 'https:';
  if (agent !== undefined && isRemote) {
    client.pipeline.addPolicy({
      name: 'proxy of the environment',
      sendRequest: (request, next) => {
        request.agent = agent;
        return next(request);
      },
    });
  }
  return client;
}

/** What the functions that write need. They read to find out whether an earlier try was done. */
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
