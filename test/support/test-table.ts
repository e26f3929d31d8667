import { randomBytes } from 'node:crypto';
import { TableClient } from '@azure/data-tables';
import {
  type LiveTables,
  type LiveTablesOptions,
  startLiveTables,
} from '../../local/tables/live-tables';
import { createAzureTable } from '../../src/storage/azure-table';
import { createTableClient } from '../../src/storage/table-client';
import type { Table } from '../../src/storage/table';

/** The connection string of the tables that all tests share; with `port`, through what listens there. */
export function tablesConnectionString(port?: number): string {
  const text = process.env['TEST_TABLES_CONNECTION_STRING'];
  if (text === undefined) throw new Error('jest.config.mjs must name test/support/prepare-tests');
  return port === undefined ? text : text.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`);
}

export interface OwnTables extends LiveTables {
  readonly connectionString: string;
}

/** A way of one's own to the tables that all tests share: it can be made to fail, and counts what passes. */
export async function startOwnTables(
  options: Omit<LiveTablesOptions, 'azuritePort'> = {},
): Promise<OwnTables> {
  const azuritePort = Number(process.env['TEST_AZURITE_PORT']);
  const tables = await startLiveTables({ ...options, azuritePort });
  return { ...tables, connectionString: tablesConnectionString(tables.port) };
}

export interface TestTable {
  readonly table: Table;
  /** For what the app itself never does: making tables, writing rubbish. */
  readonly client: TableClient;
  readonly tableName: string;
}

/** A table of its own on Azurite, gone with it. */
export async function createTestTable(
  connectionString = tablesConnectionString(),
): Promise<TestTable> {
  const tableName = `t${randomBytes(8).toString('hex')}`;
  const client = TableClient.fromConnectionString(connectionString, tableName, {
    allowInsecureConnection: true,
  });
  await client.createTable();
  const table = createAzureTable(createTableClient({ connectionString, tableName }));
  return { table, client, tableName };
}
