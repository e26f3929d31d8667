import { AppError } from '../../src/errors';
import type {
  NewRow,
  Properties,
  Row,
  RowAddress,
  RowQuery,
  Table,
  TimeCondition,
  TransactionAction,
} from '../../src/storage/table';

/**
 * A table in memory that behaves as the real one does (a property test compares the two), for tests
 * that decide the order of single storage calls.
 */
export interface MemoryTable extends Table {
  readonly rows: ReadonlyMap<string, Row>;
}

const keyOf = ({ partitionKey, rowKey }: RowAddress) => `${partitionKey}\u0000${rowKey}`;

export function createMemoryTable(): MemoryTable {
  const rows = new Map<string, Row>();
  let version = 0;

  const stored = (row: RowAddress & { readonly properties: Properties }): Row => {
    version += 1;
    const { partitionKey, rowKey, properties } = row;
    return { partitionKey, rowKey, properties: { ...properties }, etag: `"${version}"` };
  };

  const rewrite = (row: NewRow, etag: string, merges: boolean) => {
    const old = rows.get(keyOf(row));
    if (old === undefined) return { outcome: 'missing' } as const;
    if (old.etag !== etag) return { outcome: 'conflict' } as const;
    const kept = merges ? definedOf(old.properties) : {};
    const next = stored({ ...row, properties: { ...kept, ...row.properties } });
    rows.set(keyOf(row), next);
    return { outcome: 'written', etag: next.etag } as const;
  };

  const transact = (partitionKey: string, actions: readonly TransactionAction[]) => {
    for (const action of actions) {
      const old = rows.get(keyOf({ partitionKey, rowKey: action.rowKey }));
      if (action.action === 'insert' && old !== undefined) return { outcome: 'exists' } as const;
      if (action.action !== 'insert' && old === undefined) return { outcome: 'missing' } as const;
      if (action.action === 'replace' && old?.etag !== action.etag) {
        return { outcome: 'conflict' } as const;
      }
    }
    const etags = actions.map((action) => {
      const address = { partitionKey, rowKey: action.rowKey };
      if (action.action === 'delete') {
        rows.delete(keyOf(address));
        return undefined;
      }
      const next = stored({ ...address, properties: action.properties });
      rows.set(keyOf(address), next);
      return next.etag;
    });
    return { outcome: 'done', etags } as const;
  };

  return {
    rows,
    name: 'memory',
    check: () => settled(() => undefined),
    read: (address) => settled(() => rows.get(keyOf(address))),
    list: async function* list(query) {
      let { continuation } = query;
      if (continuation?.startsWith('after ') === false) throw new AppError('ERR_BAD_REQUEST');
      const size = query.pageSize ?? 1000;
      for (;;) {
        // By key, as the service does it: rows before it may be gone by the next page.
        const after = continuation?.slice('after '.length) ?? '';
        const found = await settled(() =>
          matching(rows, query).filter((row) => keyOf(row) > after),
        );
        const page = found.slice(0, size);
        const last = page.at(-1);
        const hasMore = found.length > size && last !== undefined;
        continuation = hasMore ? `after ${keyOf(last)}` : undefined;
        yield { rows: page, continuation };
        if (continuation === undefined) return;
      }
    },
    insert: (row) =>
      settled(() => {
        if (rows.has(keyOf(row))) return false;
        rows.set(keyOf(row), stored(row));
        return true;
      }),
    replace: (row, etag) => settled(() => rewrite(row, etag, false)),
    merge: (row, etag) => settled(() => rewrite(row, etag, true)),
    delete: (address) =>
      settled(() => {
        rows.delete(keyOf(address));
      }),
    transact: (partitionKey, actions) => settled(() => transact(partitionKey, actions)),
  };
}

function settled<T>(effect: () => T): Promise<T> {
  return Promise.resolve(effect());
}

function definedOf(properties: Row['properties']): Properties {
  return Object.fromEntries(
    Object.entries(properties).filter(
      (entry): entry is [string, Properties[string]] => entry[1] !== undefined,
    ),
  );
}

function matching(rows: ReadonlyMap<string, Row>, query: RowQuery): Row[] {
  const { partitionKey, rowKeyPrefix = '', conditions = [], anyOf } = query;
  return [...rows.values()]
    .filter(
      (row) =>
        (partitionKey === undefined || row.partitionKey === partitionKey) &&
        row.rowKey.startsWith(rowKeyPrefix) &&
        conditions.every((condition) => holds(row, condition)) &&
        (anyOf === undefined || anyOf.some((condition) => holds(row, condition))),
    )
    .sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
}

function holds({ properties }: Row, { property, is, time }: TimeCondition): boolean {
  const value = properties[property];
  if (!(value instanceof Date)) return false;
  return is === 'after' ? value > time : value <= time;
}
