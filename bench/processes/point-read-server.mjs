// Control: the least that a server with its sessions in a table does, one point read a request.
import { createServer } from 'node:http';
import { TableClient } from '@azure/data-tables';

const { TABLES_CONNECTION_STRING, TABLES_NAME, PARTITION_KEY, ROW_KEY } = process.env;
const table = TableClient.fromConnectionString(TABLES_CONNECTION_STRING, TABLES_NAME, {
  allowInsecureConnection: true,
});

const server = createServer((_request, response) => {
  table.getEntity(PARTITION_KEY, ROW_KEY).then(
    ({ createdAt, idleExpiresAt, expiresAt }) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ createdAt, idleExpiresAt, expiresAt }));
    },
    (error) => {
      response.statusCode = 500;
      response.end(String(error));
    },
  );
});

// As the others': longer than a pause between rounds, after which a connection is used again.
server.keepAliveTimeout = 130_000;
server.listen(0, '127.0.0.1', () => {
  process.send({ type: 'ready', url: `http://127.0.0.1:${server.address().port}` });
});
process.once('disconnect', () => process.exit());
