import { odata } from '@azure/data-tables';
import type { RowQuery, TimeCondition } from './table';

/**
 * The OData filter of a query, `undefined` when everything is meant. Values are escaped; property
 * names are ours. Microsoft Learn, "Querying tables and entities".
 */
export function rowFilter(query: Omit<RowQuery, 'continuation'>): string | undefined {
  const parts: string[] = [];
  if (query.partitionKey !== undefined) parts.push(odata`PartitionKey eq ${query.partitionKey}`);
  if (query.rowKeyPrefix !== undefined && query.rowKeyPrefix !== '') {
    parts.push(
      odata`RowKey ge ${query.rowKeyPrefix} and RowKey lt ${firstKeyAfter(query.rowKeyPrefix)}`,
    );
  }
  for (const condition of query.conditions ?? []) parts.push(timeFilter(condition));
  if (query.anyOf !== undefined && query.anyOf.length > 0) {
    parts.push(`(${query.anyOf.map(timeFilter).join(' or ')})`);
  }
  return parts.length === 0 ? undefined : parts.join(' and ');
}

function timeFilter({ property, is, time }: TimeCondition): string {
  return `${property} ${is === 'after' ? 'gt' : 'le'} ${odata`${time}`}`;
}

/** Row keys compare by character: `session;` is the first key behind all that begin `session:`. */
function firstKeyAfter(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}
