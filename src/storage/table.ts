import { AppError } from '../errors';

/**
 * One table of Azure Table Storage, as the rest of the app sees it. There is no upsert: a row is inserted, or rewritten
 * under its ETag, so that a deleted row never comes back by accident.
 *
 * Every method throws ERR_STORAGE_UNAVAILABLE when the table does not answer as expected, is not there, or `signal`
 * aborts, and ERR_STORAGE_LIMIT before it writes a row that the service would refuse for its size. After busy answers
 * and broken connections it tries again, three times in all. When the service asks for a longer wait, the error says so
 * at once (`retryAfterSeconds`). A lost answer changes no outcome: what is stored then decides.
 * https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
 */
export interface Table {
  /** Part of what row encryption binds a value to. */
  readonly name: string;
  /** Asks for the first row: returns when the table is there, answers, and has not refused the last write for want of rights. */
  check(signal: AbortSignal): Promise<void>;
  /**
   * The row; `undefined` when there is none, which costs one query more: the service does not always tell a missing row
   * from a missing table. `select` as in RowQuery.
   */
  read(row: RowAddress & Pick<RowQuery, 'select'>, signal: AbortSignal): Promise<Row | undefined>;
  /** Pages in key order, each fetched when it is asked for. */
  list(query: RowQuery, signal: AbortSignal): AsyncGenerator<RowPage, void, undefined>;
  /** `false` when a row with these keys exists already; it is left as it is. */
  insert(row: NewRow, signal: AbortSignal): Promise<boolean>;
  /** Puts `row` in the place of the one that has `etag`; properties not named are gone. */
  replace(row: NewRow, etag: string, signal: AbortSignal): Promise<RewriteOutcome>;
  /** Rewrites only the named properties of the row that has `etag`. */
  merge(row: NewRow, etag: string, signal: AbortSignal): Promise<RewriteOutcome>;
  /** Also fine when there is no such row. */
  delete(address: RowAddress, signal: AbortSignal): Promise<void>;
  /** One entity group transaction: 1 to 100 actions on different rows of one partition. */
  transact(
    partitionKey: string,
    actions: readonly TransactionAction[],
    signal: AbortSignal,
  ): Promise<TransactionOutcome>;
}

/** One page of a list: the first, or the one after `query.continuation`. */
export async function readPage(
  table: Pick<Table, 'list'>,
  query: RowQuery,
  signal: AbortSignal,
): Promise<RowPage> {
  const { value } = await table.list(query, signal).next();
  return value ?? { rows: [], continuation: undefined };
}

/** The same; `undefined` when `stopSignal` aborted before the page was there. What was read before can still be used. */
export async function readPageInTime(
  table: Pick<Table, 'list'>,
  query: RowQuery,
  signal: AbortSignal,
  stopSignal: AbortSignal | undefined,
): Promise<RowPage | undefined> {
  if (stopSignal === undefined) return readPage(table, query, signal);
  try {
    stopSignal.throwIfAborted();
    return await readPage(table, query, AbortSignal.any([signal, stopSignal]));
  } catch (error) {
    if (stopSignal.aborted && !signal.aborted) return undefined;
    throw error;
  }
}

/** What a property may hold. A `number` that is a whole number of 32 bits is stored as Int32. */
export type PropertyValue = string | number | boolean | Date | Uint8Array;

export type Properties = Readonly<Record<string, PropertyValue>>;

export interface RowAddress {
  readonly partitionKey: string;
  readonly rowKey: string;
}

/** A row to be written. */
export interface NewRow extends RowAddress {
  readonly properties: Properties;
}

/** A row as stored. A property that was not selected, or has another type, is absent. */
export interface Row extends RowAddress {
  readonly properties: Readonly<Record<string, PropertyValue | undefined>>;
  readonly etag: string;
}

/** `property` is a time and stands in that relation to `time`. */
export interface TimeCondition {
  readonly property: string;
  readonly is: 'after' | 'not-after';
  readonly time: Date;
}

export interface RowQuery {
  /** Without it, all partitions are scanned. */
  readonly partitionKey?: string;
  readonly rowKeyPrefix?: string;
  /** All must hold. */
  readonly conditions?: readonly TimeCondition[];
  /** At least one must hold. */
  readonly anyOf?: readonly TimeCondition[];
  /** Properties wanted beside the keys; `[]` for keys only. Without it, all. */
  readonly select?: readonly string[];
  /** At most this many rows a page, 1 to 1000. A page may hold fewer, or none, and not be the last. */
  readonly pageSize?: number;
  /** Where an earlier page ended. Any other text is ERR_BAD_REQUEST. */
  readonly continuation?: string | undefined;
}

export interface RowPage {
  readonly rows: readonly Row[];
  /** Goes on after this page; `undefined` after the last. */
  readonly continuation: string | undefined;
}

/** `missing`: there is no such row (any more). `conflict`: somebody else rewrote it since. */
export type RewriteOutcome =
  | { readonly outcome: 'written'; readonly etag: string }
  | { readonly outcome: 'missing' | 'conflict' };

export type TransactionAction =
  | ({ readonly action: 'insert'; readonly rowKey: string } & Pick<NewRow, 'properties'>)
  | ({ readonly action: 'replace'; readonly rowKey: string; readonly etag: string } & Pick<
      NewRow,
      'properties'
    >)
  | { readonly action: 'delete'; readonly rowKey: string };

/**
 * All or nothing. `etags` stand in the order of the actions, `undefined` for a delete. Otherwise the
 * outcome of the first action that failed: `exists` of an insert, the others of a replace or delete.
 */
export type TransactionOutcome =
  | { readonly outcome: 'done'; readonly etags: readonly (string | undefined)[] }
  | { readonly outcome: 'exists' | 'missing' | 'conflict' };

/**
 * Whether a row is as `written` would leave it. A connection may break after the service has done its work and before its
 * answer arrives. The next try then finds that the row exists already, has another ETag, or is gone. What is stored now
 * tells whether the first try did that.
 */
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
 * The same for a transaction.
 * @returns the ETags that it would have answered, `undefined` for a delete; `undefined` when it was not done
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
      const row = await table.read({ partitionKey, rowKey: action.rowKey }, signal);
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

/** How many rows one transaction may change at most. */
export const maxTransactionRows = 100;

const maxTries = 3;

/** Row keys that go together: both rows of a session, or one row alone. */
export type RowGroup = readonly string[];

/**
 * Deletes rows of one partition. A group is never split: its rows go in one transaction. A transaction fails as a whole
 * when one of its rows is gone already. Then what is still there is listed, and tried again.
 * @returns the groups of which something was there; all are gone now
 * @throws ERR_STORAGE_UNAVAILABLE also when rows kept changing under all three tries
 */
export async function deleteRows(
  table: Table,
  partitionKey: string,
  groups: readonly RowGroup[],
  signal: AbortSignal,
): Promise<readonly RowGroup[]> {
  const found: RowGroup[] = [];
  let left = groups;
  for (let tries = 0; tries < maxTries; tries += 1) {
    const failed: RowGroup[] = [];
    for (const part of transactionsOf(left)) {
      const deletes = part.flat().map((rowKey) => ({ action: 'delete' as const, rowKey }));
      const { outcome } = await table.transact(partitionKey, deletes, signal);
      (outcome === 'done' ? found : failed).push(...part);
    }
    if (failed.length === 0) return found;
    left = await stillThere(table, partitionKey, failed, signal);
    if (left.length === 0) return found;
  }
  throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'rows kept changing while deleted' });
}

function transactionsOf(groups: readonly RowGroup[]): readonly (readonly RowGroup[])[] {
  const transactions: RowGroup[][] = [];
  let size = maxTransactionRows;
  for (const group of groups) {
    size += group.length;
    if (size > maxTransactionRows) {
      transactions.push([]);
      size = group.length;
    }
    transactions.at(-1)?.push(group);
  }
  return transactions;
}

async function stillThere(
  table: Table,
  partitionKey: string,
  groups: readonly RowGroup[],
  signal: AbortSignal,
): Promise<readonly RowGroup[]> {
  const there = new Set<string>();
  for await (const { rows } of table.list({ partitionKey, select: [] }, signal)) {
    for (const { rowKey } of rows) there.add(rowKey);
  }
  return groups
    .map((group) => group.filter((rowKey) => there.has(rowKey)))
    .filter((group) => group.length > 0);
}
