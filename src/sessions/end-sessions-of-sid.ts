import type { Properties, PropertyValue, Row, Table } from '../storage/table';
import { endSession } from './end-session';
import { sessionRowKey, tokensRowKey } from './session-key';
import { endedMark, sidPartition } from './sid-index-row';

/** Two rows each, and a transaction takes 100. */
const sessionsATransaction = 50;
const rowsATransaction = 100;

/**
 * Ends every session that came of one session at the provider, and no other: one query of the index, one transaction to
 * mark it, one a user, one to empty it. Nobody's cookie is needed.
 * @returns the keys of the users concerned; empty when nobody knows this `sid`
 */
export async function endSessionsOfSid(
  table: Table,
  sid: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const partitionKey = sidPartition(sid);
  const byUser = new Map<string, string[]>();
  const entries: Row[] = [];
  for await (const { rows } of table.list({ partitionKey }, signal)) {
    for (const entry of rows) {
      const { userKey } = entry.properties;
      if (typeof userKey !== 'string') continue;
      entries.push(entry);
      byUser.set(userKey, [...(byUser.get(userKey) ?? []), entry.rowKey]);
    }
  }
  // First, so that a sign-in whose session is not stored yet finds the mark when it is.
  await markEntries(table, partitionKey, entries, signal);
  const ended = await Promise.all(
    [...byUser].map(([userKey, keys]) => endSessionsOf(table, userKey, keys, signal)),
  );
  // Last, so that a failure above leaves a way to find the sessions again. An entry without a session stays, marked, and
  // expires: its session may be stored the next moment.
  await removeEntries(table, partitionKey, ended.flat(), signal);
  return [...byUser.keys()];
}

async function markEntries(
  table: Table,
  partitionKey: string,
  entries: readonly Row[],
  signal: AbortSignal,
): Promise<void> {
  const unmarked = entries.filter(({ properties }) => properties['ended'] !== true);
  for (let start = 0; start < unmarked.length; start += rowsATransaction) {
    const part = unmarked
      .slice(start, start + rowsATransaction)
      .map(({ rowKey, etag, properties }) => ({
        row: { partitionKey, rowKey, properties: { ...known(properties), ...endedMark } },
        etag,
      }));
    const replaces = part.map(({ row, etag }) => ({ action: 'replace' as const, ...row, etag }));
    const { outcome } = await table.transact(partitionKey, replaces, signal);
    if (outcome === 'done') continue;
    // One of them was marked or taken meanwhile, by another such sign-out; the others must be marked all the same.
    await Promise.all(part.map(({ row, etag }) => table.replace(row, etag, signal)));
  }
}

async function endSessionsOf(
  table: Table,
  userKey: string,
  sessionKeys: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const ended: string[] = [];
  for (const part of partsOf(sessionKeys, sessionsATransaction)) {
    const rowKeys = part.flatMap((key) => [sessionRowKey(key), tokensRowKey(key)]);
    if (await deleteTogether(table, userKey, rowKeys, signal)) {
      ended.push(...part);
      continue;
    }
    // One of them ended earlier and left its entry behind; the others must end all the same.
    const each = part.map(async (sessionKey) =>
      (await endSession(table, { userKey, sessionKey }, signal)) ? [sessionKey] : [],
    );
    ended.push(...(await Promise.all(each)).flat());
  }
  return ended;
}

async function removeEntries(
  table: Table,
  partitionKey: string,
  rowKeys: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const part of partsOf(rowKeys, rowsATransaction)) {
    if (await deleteTogether(table, partitionKey, part, signal)) continue;
    await Promise.all(part.map((rowKey) => table.delete({ partitionKey, rowKey }, signal)));
  }
}

/** False when one of the rows was gone: then all of them are left. */
async function deleteTogether(
  table: Table,
  partitionKey: string,
  rowKeys: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  const deletes = rowKeys.map((rowKey) => ({ action: 'delete' as const, rowKey }));
  return (await table.transact(partitionKey, deletes, signal)).outcome === 'done';
}

/** Absent properties cannot be written. */
function known(properties: Row['properties']): Properties {
  const written: Record<string, PropertyValue> = {};
  for (const [name, value] of Object.entries(properties)) {
    if (value !== undefined) written[name] = value;
  }
  return written;
}

function partsOf(keys: readonly string[], size: number): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(keys.length / size) }, (_, index) =>
    keys.slice(index * size, (index + 1) * size),
  );
}
