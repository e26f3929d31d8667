import type { Table } from '../storage/table';

const address = { partitionKey: 'sweep', rowKey: 'cursor' } as const;

/** Where the next run of the sweep goes on. */
export interface SweepCursor {
  /** `undefined`: at the beginning. */
  readonly continuation: string | undefined;
  /** Of the cursor's row; `undefined` when there is none yet. */
  readonly etag: string | undefined;
}

export async function readSweepCursor(table: Table, signal: AbortSignal): Promise<SweepCursor> {
  const row = await table.read(address, { signal });
  const continuation = row?.properties['continuation'];
  return {
    continuation:
      typeof continuation === 'string' && continuation !== '' ? continuation : undefined,
    etag: row?.etag,
  };
}

/**
 * Keeps the place.
 * @returns the cursor as it is stored now; `undefined` when another run was quicker and has its own
 */
export async function writeSweepCursor(
  table: Table,
  { continuation, etag }: SweepCursor,
  signal: AbortSignal,
): Promise<SweepCursor | undefined> {
  const row = { ...address, properties: { continuation: continuation ?? '' } };
  if (etag === undefined) {
    const isOurs = await table.insert(row, signal);
    return isOurs ? readSweepCursor(table, signal) : undefined;
  }
  const written = await table.replace(row, etag, signal);
  return written.outcome === 'written' ? { continuation, etag: written.etag } : undefined;
}
