import { AppError } from '../errors';
import type { NewRow, PropertyValue, Row } from './table';

const mebibyte = 1024 * 1024;
const maxPropertyBytes = 64 * 1024;
/** 255, less PartitionKey, RowKey and Timestamp. */
const maxProperties = 252;

/**
 * The emulator takes larger rows than the service does, so the limits are held here.
 * @throws ERR_STORAGE_LIMIT for a row over 1 MiB, a property over 64 KiB, or too many properties
 */
export function assertWithinLimits(row: NewRow): void {
  const bytes = rowSize(row);
  const values = Object.entries(row.properties);
  if (bytes > mebibyte) {
    throw new AppError('ERR_STORAGE_LIMIT', { note: `a row would take ${bytes} bytes` });
  }
  if (values.length > maxProperties) {
    throw new AppError('ERR_STORAGE_LIMIT', {
      note: `a row would have ${values.length} properties`,
    });
  }
  for (const [name, value] of values) {
    if (contentSize(value) > maxPropertyBytes) {
      throw new AppError('ERR_STORAGE_LIMIT', { note: `the property ${name} would exceed 64 KiB` });
    }
  }
}

/**
 * The bytes of a row as the service counts them: names and texts in UTF-16, keys included.
 * https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
 */
export function rowSize({ partitionKey, rowKey, properties }: NewRow): number {
  let bytes = 4 + 2 * (partitionKey.length + rowKey.length);
  for (const [name, value] of Object.entries(properties)) {
    bytes += 8 + 2 * name.length + valueSize(value);
  }
  return bytes;
}

function valueSize(value: PropertyValue): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return 4 + contentSize(value);
  if (typeof value === 'boolean') return 1;
  return 8;
}

function contentSize(value: PropertyValue): number {
  if (typeof value === 'string') return 2 * value.length;
  return value instanceof Uint8Array ? value.byteLength : 0;
}

/** A property may hold 64 KiB. Some room is left, and 17 chunks still fit into the 1 MiB of a row. */
export const chunkSize = 60 * 1024;

const maxChunks = 18;

/**
 * `bytes` as the properties `data0` to `dataN`, at least one of them. A row over 1 MiB is refused when it is written.
 */
export function splitIntoChunks(bytes: Uint8Array): Record<string, Uint8Array> {
  const chunks: Record<string, Uint8Array> = {};
  const count = Math.max(1, Math.ceil(bytes.byteLength / chunkSize));
  for (let index = 0; index < count; index += 1) {
    chunks[`data${index}`] = bytes.subarray(index * chunkSize, (index + 1) * chunkSize);
  }
  return chunks;
}

/** What was split; `undefined` when a chunk is missing or is not binary. */
export function joinChunks(properties: Row['properties']): Uint8Array | undefined {
  const chunks: Uint8Array[] = [];
  for (let index = 0; index < maxChunks; index += 1) {
    const chunk = properties[`data${index}`];
    if (chunk === undefined) break;
    if (!(chunk instanceof Uint8Array)) return undefined;
    chunks.push(chunk);
  }
  const found = Object.keys(properties).filter((name) => /^data\d+$/.test(name)).length;
  return chunks.length === 0 || found !== chunks.length ? undefined : Buffer.concat(chunks);
}
