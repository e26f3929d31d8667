import type { TableClient } from '@azure/data-tables';
import { AppError } from '../errors';
import { parseRow } from './parse-row';
import { rowFilter } from './row-filter';
import { askStorage } from './storage-failure';
import type { RowPage, RowQuery } from './table';

/** See Table.list. */
export async function* listRows(
  client: TableClient,
  query: RowQuery,
  signal: AbortSignal,
): AsyncGenerator<RowPage, void, undefined> {
  const filter = rowFilter(query);
  if (query.continuation !== undefined) assertContinuation(query.continuation);
  const pages = client
    .listEntities({
      abortSignal: signal,
      queryOptions: {
        ...(filter !== undefined && { filter }),
        ...(query.select !== undefined && { select: withKeys(query.select) }),
      },
    })
    .byPage({
      ...(query.pageSize !== undefined && { maxPageSize: query.pageSize }),
      ...(query.continuation !== undefined && { continuationToken: query.continuation }),
    });
  for (;;) {
    const next = await askStorage(signal, () => pages.next());
    if (next.done === true) return;
    const rows = next.value.map((entity) => parseRow(entity));
    yield { rows, continuation: next.value.continuationToken };
  }
}

/** The library would let any JSON through into the query, and fail oddly on the rest. */
function assertContinuation(continuation: string): void {
  let place: unknown;
  try {
    place = JSON.parse(Buffer.from(continuation, 'base64').toString('utf8'));
  } catch (cause) {
    throw new AppError('ERR_BAD_REQUEST', { cause, note: 'no continuation of a list' });
  }
  const isPlace =
    typeof place === 'object' &&
    place !== null &&
    'nextPartitionKey' in place &&
    Object.entries(place).every(
      ([name, value]) => /^next(?:Partition|Row)Key$/.test(name) && typeof value === 'string',
    );
  if (!isPlace) throw new AppError('ERR_BAD_REQUEST', { note: 'no continuation of a list' });
}

/** Without the keys in a selection, the service would leave them out. */
export function withKeys(select: readonly string[]): string[] {
  return ['partitionKey', 'rowKey', ...select];
}
