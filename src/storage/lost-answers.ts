import type { Properties, PropertyValue, Row, Table, TransactionAction } from './table';

/**
 * A connection may break after the service did what it was asked, and before its answer arrives. The next try then meets
 * the traces of the first: the row exists already, has another ETag, or is gone. Whether they are ours is seen from what
 * is stored now.
 */

/** Whether a row is as `written` would leave it. */
export function isAsWritten(row: Row | undefined, written: Properties): row is Row {
  return (
    row !== undefined &&
    Object.entries(written).every(([name, value]) => isSame(row.properties[name], value))
  );
}

function isSame(stored: PropertyValue | undefined, written: PropertyValue): boolean {
  if (written instanceof Date) {
    return stored instanceof Date && stored.getTime() === written.getTime();
  }
  if (written instanceof Uint8Array) {
    return stored instanceof Uint8Array && Buffer.compare(stored, written) === 0;
  }
  return stored === written;
}

/**
 * The ETags that a transaction would have answered, `undefined` for a delete, when everything is as it would have left
 * it; else `undefined`.
 */
export async function etagsIfDone(
  table: Pick<Table, 'read' | 'list'>,
  partitionKey: string,
  actions: readonly TransactionAction[],
  signal: AbortSignal,
): Promise<readonly (string | undefined)[] | undefined> {
  const deleted = new Set(
    actions.filter(({ action }) => action === 'delete').map(({ rowKey }) => rowKey),
  );
  if (deleted.size > 0 && (await isAnyLeft(table, partitionKey, deleted, signal))) return undefined;
  const etags = await Promise.all(
    actions.map(async (action) => {
      if (action.action === 'delete') return 'gone';
      const row = await table.read({ partitionKey, rowKey: action.rowKey }, { signal });
      return isAsWritten(row, action.properties) ? row.etag : undefined;
    }),
  );
  if (etags.includes(undefined)) return undefined;
  return etags.map((etag, index) => (actions[index]?.action === 'delete' ? undefined : etag));
}

async function isAnyLeft(
  table: Pick<Table, 'list'>,
  partitionKey: string,
  rowKeys: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const { rows } of table.list({ partitionKey, select: [] }, signal)) {
    if (rows.some(({ rowKey }) => rowKeys.has(rowKey))) return true;
  }
  return false;
}
