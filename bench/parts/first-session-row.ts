import { TableClient } from '@azure/data-tables';
import type { StackFacts } from '../../local/stack/options';

/** Keys of a session's row: what the control reads at each request, as the app does. */
export async function firstSessionRow({
  tablesConnectionString,
  tableName,
}: StackFacts): Promise<{ readonly partitionKey: string; readonly rowKey: string }> {
  const table = TableClient.fromConnectionString(tablesConnectionString, tableName, {
    allowInsecureConnection: true,
  });
  const filter = "RowKey ge 'session:' and RowKey lt 'session;'";
  for await (const { partitionKey, rowKey } of table.listEntities({ queryOptions: { filter } })) {
    if (partitionKey !== undefined && rowKey !== undefined) return { partitionKey, rowKey };
  }
  throw new Error('there is no session in the table');
}
