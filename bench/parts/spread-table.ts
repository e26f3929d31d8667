import { createHash } from 'node:crypto';
import { readPage, type RowQuery, type Table } from '../../src/storage/table';

/**
 * Rows spread over several storage accounts, by a hash of the partition. Each method but `list` and `check` names its
 * partition, and a transaction has one, so no call needs two accounts. The number of accounts must not change while there
 * are sessions: a row would be looked for in another account, and its person would be signed out.
 */
export function createSpreadTable(tables: readonly [Table, ...Table[]]): Table {
  const [first] = tables;
  const tableOf = (partitionKey: string): Table =>
    tables[accountOf(partitionKey, tables.length)] ?? first;
  return {
    name: first.name,
    check: async (signal) => {
      await Promise.all(tables.map((table) => table.check(signal)));
    },
    read: (row, signal) => tableOf(row.partitionKey).read(row, signal),
    list: (query, signal) =>
      query.partitionKey === undefined
        ? listAll(tables, query, signal)
        : tableOf(query.partitionKey).list(query, signal),
    insert: (row, signal) => tableOf(row.partitionKey).insert(row, signal),
    replace: (row, etag, signal) => tableOf(row.partitionKey).replace(row, etag, signal),
    merge: (row, etag, signal) => tableOf(row.partitionKey).merge(row, etag, signal),
    delete: (address, signal) => tableOf(address.partitionKey).delete(address, signal),
    transact: (partitionKey, actions, signal) =>
      tableOf(partitionKey).transact(partitionKey, actions, signal),
  };
}

/** User keys are hashes already, but the `sid` index and the key ring have partitions of other forms. */
function accountOf(partitionKey: string, count: number): number {
  return createHash('sha256').update(partitionKey).digest().readUInt32BE() % count;
}

/** One account after the other. A continuation begins with the number of its account. */
async function* listAll(
  tables: readonly Table[],
  { continuation = '0:', ...query }: RowQuery,
  signal: AbortSignal,
): ReturnType<Table['list']> {
  let account = Number.parseInt(continuation, 10);
  let next: string | undefined = continuation.slice(continuation.indexOf(':') + 1);
  for (;;) {
    const table = tables[account];
    if (table === undefined) return;
    const from = next === '' ? undefined : next;
    const page = await readPage(table, { ...query, continuation: from }, signal);
    next = page.continuation ?? '';
    if (page.continuation === undefined) account += 1;
    const isLast = account >= tables.length;
    yield { rows: page.rows, continuation: isLast ? undefined : `${account}:${next}` };
  }
}

/** What one account was asked. */
export interface AccountCounts {
  /** The target of an account is in requests. */
  requests: number;
  /** The target of a partition is in entities, by partition here. */
  readonly entities: Map<string, number>;
}

export function newCounts(): AccountCounts {
  return { requests: 0, entities: new Map() };
}

/** The same table. Each call is counted, as the service would. */
export function createCountingTable(table: Table, counts: AccountCounts): Table {
  const count = (partitionKey: string, entities = 1): void => {
    counts.requests += 1;
    counts.entities.set(partitionKey, (counts.entities.get(partitionKey) ?? 0) + entities);
  };
  const counted = <Row extends { readonly partitionKey: string }, Rest extends unknown[], Result>(
    call: (row: Row, ...rest: Rest) => Result,
  ) => {
    return (row: Row, ...rest: Rest): Result => {
      count(row.partitionKey);
      return call(row, ...rest);
    };
  };
  return {
    ...table,
    read: counted(table.read.bind(table)),
    insert: counted(table.insert.bind(table)),
    replace: counted(table.replace.bind(table)),
    merge: counted(table.merge.bind(table)),
    delete: counted(table.delete.bind(table)),
    list: (query, signal) => {
      count(query.partitionKey ?? '');
      return table.list(query, signal);
    },
    transact: (partitionKey, actions, signal) => {
      count(partitionKey, actions.length);
      return table.transact(partitionKey, actions, signal);
    },
  };
}
