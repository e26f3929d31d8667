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

/** Keeps the place. Another run that was quicker has its own: then this one's is not needed. */
export async function writeSweepCursor(
  table: Table,
  { continuation, etag }: SweepCursor,
  signal: AbortSignal,
): Promise<void> {
  const row = { ...address, properties: { continuation: continuation ?? '' } };
  if (etag === undefined) await table.insert(row, signal);
  else await table.replace(row, etag, signal);
}
