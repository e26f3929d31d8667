import { AppError } from '../errors';
import type { PropertyValue, Row, RowAddress } from './table';

const notProperties = new Set(['partitionKey', 'rowKey', 'etag', 'timestamp', 'odata.metadata']);

/**
 * What the service answered, as a row. `address` stands in for keys that were not selected.
 * @throws ERR_STORAGE_UNAVAILABLE when it is no row
 */
export function parseRow(entity: Readonly<Record<string, unknown>>, address?: RowAddress): Row {
  const partitionKey = address?.partitionKey ?? entity['partitionKey'];
  const rowKey = address?.rowKey ?? entity['rowKey'];
  const etag = entity['etag'];
  if (typeof partitionKey !== 'string' || typeof rowKey !== 'string' || typeof etag !== 'string') {
    throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'the tables answered something else' });
  }
  const properties: Record<string, PropertyValue> = {};
  for (const [name, value] of Object.entries(entity)) {
    // The service answers `null` for a selected property that a row does not have.
    if (!notProperties.has(name) && isPropertyValue(value)) properties[name] = value;
  }
  return { partitionKey, rowKey, etag, properties };
}

function isPropertyValue(value: unknown): value is PropertyValue {
  return (
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    value instanceof Date ||
    value instanceof Uint8Array
  );
}
