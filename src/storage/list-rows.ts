import type { TableClient } from '@azure/data-tables';
import { RestError } from '@azure/data-tables';
import { AppError } from '../errors';
import type { AskStorage } from './ask-storage';
import { parseRow } from './parse-row';
import { rowFilter } from './row-filter';
import type { RowPage, RowQuery } from './table';

/** See Table.list. */
export async function* listRows(
  client: TableClient,
  ask: AskStorage,
  query: RowQuery,
  signal: AbortSignal,
): AsyncGenerator<RowPage, void, undefined> {
  if (query.continuation !== undefined) assertContinuation(query.continuation);
  let next = query.continuation;
  do {
    const from = next;
    const page = await ask(signal, async () => {
      try {
        return await readPage(client, { ...query, continuation: from }, signal);
      } catch (error) {
        throw from === undefined ? error : refusedPlace(error);
      }
    });
    yield page;
    next = page.continuation;
  } while (next !== undefined);
}

/** Our query is correct, so the service refuses the continuation. */
function refusedPlace(error: unknown): unknown {
  const isRefused = error instanceof RestError && error.statusCode === 400;
  return isRefused
    ? new AppError('ERR_BAD_REQUEST', { cause: error, note: 'no continuation of a list' })
    : error;
}

/** The first row of the table, if it has any: 404 says that there is no table. */
export async function readFirstRow(client: TableClient, signal: AbortSignal): Promise<void> {
  await readPage(client, { select: [], pageSize: 1 }, signal);
}

type PageQuery = Omit<RowQuery, 'continuation'> & { readonly continuation?: string | undefined };

/** The library's list of pages ends with its first failure, so each page is asked for as a list of its own. */
async function readPage(
  client: TableClient,
  query: PageQuery,
  signal: AbortSignal,
): Promise<RowPage> {
  const filter = rowFilter(query);
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
  const next = await pages.next();
  if (next.done === true)
    throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'a list without a page' });
  const rows = next.value.map((entity) => parseRow(entity));
  return { rows, continuation: next.value.continuationToken };
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
