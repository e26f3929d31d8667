import { expiryOf, periodOfRow, rowKeyOf, startOf } from './key-period';
import type { WrappedKey } from './key-wrapping';

const partitionKey = 'key-ring';

interface StoredRow {
  readonly rowKey: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

interface NewRingRow {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly properties: Readonly<Record<string, Uint8Array | string | Date>>;
}

/** What the ring needs of a table. Both fail when the table does not answer, or `signal` aborts. */
export interface RingRows {
  /** The table's name: a key of another table is not taken. */
  readonly name: string;
  list(
    query: { readonly partitionKey: string },
    signal: AbortSignal,
  ): AsyncIterable<{ readonly rows: readonly StoredRow[] }>;
  /** `false` when a row with these keys is there already; it stays as it is. */
  insert(row: NewRingRow, signal: AbortSignal): Promise<boolean>;
}

/** A key as it is stored, still wrapped. */
export interface StoredKey extends WrappedKey {
  readonly period: number;
}

/**
 * The row of a key. Only the wrapped key itself is trusted when it is read again: the times are for
 * people and for the sweep.
 */
export function ringRowOf(
  { period, wrapped, version }: StoredKey,
  { now, retainSeconds }: { readonly now: number; readonly retainSeconds: number },
): NewRingRow {
  return {
    partitionKey,
    rowKey: rowKeyOf(period),
    properties: {
      wrapped,
      wrappedBy: version,
      createdAt: toTime(now),
      activeFrom: toTime(Math.max(now, startOf(period))),
      expiresAt: toTime(expiryOf(period, retainSeconds)),
    },
  };
}

/** All keys in the table. Rows that are none are left out. */
export async function listStoredKeys(rows: RingRows, signal: AbortSignal): Promise<StoredKey[]> {
  const keys: StoredKey[] = [];
  for await (const page of rows.list({ partitionKey }, signal)) {
    keys.push(...page.rows.flatMap(parseRow));
  }
  return keys;
}

function parseRow({ rowKey, properties }: StoredRow): StoredKey[] {
  const period = periodOfRow(rowKey);
  const { wrapped, wrappedBy: version } = properties;
  if (period === undefined) return [];
  // A damaged row still occupies its period: opened as nothing, it is reported and not made anew.
  const bytes = wrapped instanceof Uint8Array ? wrapped : new Uint8Array();
  return [{ period, wrapped: bytes, version: typeof version === 'string' ? version : '' }];
}

function toTime(seconds: number): Date {
  return new Date(seconds * 1000);
}
