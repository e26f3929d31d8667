import { randomBytes } from 'node:crypto';
import { TableClient } from '@azure/data-tables';
import { createAzureTable } from '../../src/storage/azure-table';
import { createTableClient } from '../../src/storage/create-table-client';
import type { Table } from '../../src/storage/table';

/** Azurite's connection string; with `port`, through a proxy that listens there. */
export function tablesConnectionString(port?: number): string {
  const text = process.env['TEST_TABLES_CONNECTION_STRING'];
  if (text === undefined) throw new Error('jest.config.mjs must name test/support/start-azurite');
  return port === undefined ? text : text.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`);
}

export interface TestTable {
  readonly table: Table;
  /** For what the app itself never does: making tables, writing rubbish. */
  readonly client: TableClient;
  readonly tableName: string;
}

/** A table of its own on Azurite, gone with it. */
export async function createTestTable(): Promise<TestTable> {
  const tableName = `t${randomBytes(8).toString('hex')}`;
  const connectionString = tablesConnectionString();
  const client = TableClient.fromConnectionString(connectionString, tableName, {
    allowInsecureConnection: true,
  });
  await client.createTable();
  const table = createAzureTable(createTableClient({ connectionString, tableName }));
  return { table, client, tableName };
}
