import { TableClient } from '@azure/data-tables';

const partitionKey = 'express-openid-connect';

/** A session store for express-openid-connect: one row a session, read and written whole. */
export function createTableStore(connectionString, tableName) {
  const table = TableClient.fromConnectionString(connectionString, tableName, {
    allowInsecureConnection: true,
  });
  return {
    get(id, done) {
      table.getEntity(partitionKey, id).then(
        ({ content }) => done(null, JSON.parse(content)),
        (error) => (error.statusCode === 404 ? done(null, null) : done(error)),
      );
    },
    set(id, session, done) {
      const row = { partitionKey, rowKey: id, content: JSON.stringify(session) };
      table.upsertEntity(row, 'Replace').then(() => done?.(), done);
    },
    destroy(id, done) {
      table.deleteEntity(partitionKey, id).then(() => done?.(), done);
    },
  };
}
