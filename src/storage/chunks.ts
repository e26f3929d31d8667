import type { Row } from './table';

/** A property may hold 64 KiB; some room is left, and 17 chunks still fit the 1 MiB of a row. */
export const chunkSize = 60 * 1024;

const mostChunks = 18;

/**
 * `bytes` as the properties `data0` to `dataN`, at least one of them.
 * A row over 1 MiB is refused where it is written.
 */
export function splitIntoChunks(bytes: Uint8Array): Record<string, Uint8Array> {
  const chunks: Record<string, Uint8Array> = {};
  const count = Math.max(1, Math.ceil(bytes.byteLength / chunkSize));
  for (let index = 0; index < count; index += 1) {
    chunks[`data${index}`] = bytes.subarray(index * chunkSize, (index + 1) * chunkSize);
  }
  return chunks;
}

/** What was split, or `undefined` when a chunk is missing or is not binary. */
export function joinChunks(properties: Row['properties']): Uint8Array | undefined {
  const chunks: Uint8Array[] = [];
  for (let index = 0; index < mostChunks; index += 1) {
    const chunk = properties[`data${index}`];
    if (chunk === undefined) break;
    if (!(chunk instanceof Uint8Array)) return undefined;
    chunks.push(chunk);
  }
  const found = Object.keys(properties).filter((name) => /^data\d+$/.test(name)).length;
  return chunks.length === 0 || found !== chunks.length ? undefined : Buffer.concat(chunks);
}
