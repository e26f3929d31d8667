// Control: the least that a server with its sessions in a table does, one point read for each request. With CLIENT=lean
// it uses the client of `src/storage`, otherwise that of the library. With TABLES_ENDPOINT it uses TLS and a bearer token.
import { createServer } from 'node:http';
import { TableClient } from '@azure/data-tables';
import { createTableClient } from '../src/storage/table-client';

const setting = (name: string): string => process.env[name] ?? '';
const tableName = setting('TABLES_NAME');
const endpoint = setting('TABLES_ENDPOINT');
const connectionString = setting('TABLES_CONNECTION_STRING');
const credential = {
  getToken: () =>
    Promise.resolve({ token: setting('TOKEN'), expiresOnTimestamp: Date.now() + 3_600_000 }),
};

function stockClient(): TableClient {
  return endpoint === ''
    ? TableClient.fromConnectionString(connectionString, tableName, {
        allowInsecureConnection: true,
      })
    : new TableClient(endpoint, tableName, credential);
}

function leanClient(): TableClient {
  return createTableClient(
    endpoint === '' ? { connectionString, tableName } : { endpoint, credential, tableName },
  );
}

const table = setting('CLIENT') === 'lean' ? leanClient() : stockClient();

const server = createServer((_request, response) => {
  table.getEntity(setting('PARTITION_KEY'), setting('ROW_KEY')).then(
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
