import { AppError } from '../../src/errors';
import { createKeyRing, type StoredKeyRing } from '../../src/keys/key-ring';
import type { RingRows } from '../../src/keys/ring-rows';
import { createSecretWrapping, type KeyWrapping } from '../../src/keys/wrapping';
import { createTestTable, type TestTable } from './test-table';

export const day = 86_400;
export const period = 90 * day;
/** The first second of a period. */
export const start = 21 * period;
export const retainSeconds = 30 * day;

/** A table of its own with rings over it, a clock to turn, and a switch for each thing that can fail. */
export interface RingFixture extends TestTable {
  now: number;
  /** Queries for the ring's rows so far. */
  queries: number;
  unwraps: number;
  /** Makes queries, or the wrapping key, unreachable. */
  /** What the ring reported of keys made ahead of time. */
  readonly reported: unknown[];
  isTableDown: boolean;
  isVaultDown: boolean;
  /** Lets keys be wrapped but not unwrapped, as for an identity that lacks a permission. */
  isUnwrapDenied: boolean;
  /** Runs before the next row is inserted. */
  beforeInsert: (() => Promise<unknown>) | undefined;
  /** Runs before each query. */
  beforeQuery: (() => Promise<unknown>) | undefined;
  /** Runs when a query has read all rows, before its reader goes on. */
  afterQuery: (() => Promise<unknown>) | undefined;
  /** An instance: a ring with nothing in memory. */
  instance(options?: { readonly secret?: number; readonly clockIsAhead?: number }): StoredKeyRing;
}

export async function createRingFixture(): Promise<RingFixture> {
  const testTable = await createTestTable();
  const fixture: RingFixture = {
    ...testTable,
    now: start + day,
    queries: 0,
    unwraps: 0,
    reported: [],
    isTableDown: false,
    isVaultDown: false,
    isUnwrapDenied: false,
    beforeInsert: undefined,
    beforeQuery: undefined,
    afterQuery: undefined,
    instance: ({ secret = 1, clockIsAhead = 0 } = {}) =>
      createKeyRing({
        rows: watchedRows(fixture),
        wrapping: watchedWrapping(fixture, new Uint8Array(32).fill(secret)),
        clock: () => fixture.now + clockIsAhead,
        retainSeconds,
        report: (error) => fixture.reported.push(error),
      }),
  };
  return fixture;
}

function watchedRows(fixture: RingFixture): RingRows {
  const { table } = fixture;
  return {
    name: table.name,
    list: async function* list(query, signal) {
      fixture.queries += 1;
      await fixture.beforeQuery?.();
      if (fixture.isTableDown) throw tableDown();
      yield* table.list(query, signal);
      await fixture.afterQuery?.();
    },
    insert: async (row, signal) => {
      const { beforeInsert } = fixture;
      fixture.beforeInsert = undefined;
      await beforeInsert?.();
      return table.insert(row, signal);
    },
    delete: async (address, signal) => {
      if (fixture.isTableDown) throw tableDown();
      return table.delete(address, signal);
    },
  };
}

function watchedWrapping(fixture: RingFixture, secret: Uint8Array): KeyWrapping {
  const wrapping = createSecretWrapping(secret);
  return {
    wrap: async (content, signal) => {
      if (fixture.isVaultDown) throw new Error('the vault is down');
      return wrapping.wrap(content, signal);
    },
    unwrap: async (key, signal) => {
      fixture.unwraps += 1;
      if (fixture.isVaultDown || fixture.isUnwrapDenied) throw new Error('the vault is down');
      return wrapping.unwrap(key, signal);
    },
  };
}

/** As the table throws it. */
function tableDown(): AppError {
  return new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'the table is down' });
}
