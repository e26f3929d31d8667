// Control: the least that a server with its sessions in a table does, one point read for each request. With CLIENT=lean
// it reads as `src/storage` does, otherwise by the library's client. With TABLES_ENDPOINT it uses TLS and a bearer token.
import { createServer } from 'node:http';
import { TableClient } from '@azure/data-tables';
import { createAzureTable } from '../src/storage/azure-table';
import { createTableClient } from '../src/storage/table-client';

const setting = (name: string): string => process.env[name] ?? '';
const tableName = setting('TABLES_NAME');
const endpoint = setting('TABLES_ENDPOINT');
const connectionString = setting('TABLES_CONNECTION_STRING');
const credential = {
  getToken: () =>
    Promise.resolve({ token: setting('TOKEN'), expiresOnTimestamp: Date.now() + 3_600_000 }),
};

const row = { partitionKey: setting('PARTITION_KEY'), rowKey: setting('ROW_KEY') };

/** The members of the row. */
type Read = () => Promise<Readonly<Record<string, unknown>>>;

function stockRead(): Read {
  const client =
    endpoint === ''
      ? TableClient.fromConnectionString(connectionString, tableName, {
          allowInsecureConnection: true,
        })
      : new TableClient(endpoint, tableName, credential);
  return () => client.getEntity(row.partitionKey, row.rowKey);
}

function leanRead(): Read {
  const connection =
    endpoint === '' ? { connectionString, tableName } : { endpoint, credential, tableName };
  const table = createAzureTable(createTableClient(connection));
  // As long as this process lives.
  const { signal } = new AbortController();
  return async () => (await table.read(row, signal))?.properties ?? {};
}

const read = setting('CLIENT') === 'lean' ? leanRead() : stockRead();

const server = createServer((_request, response) => {
  read().then(
    ({ createdAt, idleExpiresAt, expiresAt }) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ createdAt, idleExpiresAt, expiresAt }));
    },
    (error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    },
  );
});

// As the others': longer than a pause between rounds, after which a connection is used again.
server.keepAliveTimeout = 130_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  process.send?.({ type: 'ready', url: `http://127.0.0.1:${address.port}` });
});
process.once('disconnect', () => process.exit());
