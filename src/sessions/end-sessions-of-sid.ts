import type { Properties, PropertyValue, Row, Table } from '../storage/table';
import { deleteRows } from './delete-rows';
import { sessionRowKey, tokensRowKey } from './session-key';
import { endedMark, sidPartition } from './sid-index-row';

/** The most entries of a transaction. */
const entriesATransaction = 100;

/**
 * Ends every session that came of one session at the provider, and no other: one query of the index, one transaction to
 * mark it, one a user, one to empty it. Nobody's cookie is needed.
 * @returns how many were there and are gone now, by user key; empty when nobody knows this `sid`
 */
export async function endSessionsOfSid(
  table: Table,
  sid: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
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
    [...byUser].map(async ([userKey, keys]) => ({
      userKey,
      sessionKeys: await endSessionsOf(table, userKey, keys, signal),
    })),
  );
  // Last, so that a failure above leaves a way to find the sessions again. An entry without a session stays, marked, and
  // expires: its session may be stored the next moment.
  const taken = ended.flatMap(({ sessionKeys }) => sessionKeys).map((sessionKey) => [sessionKey]);
  await deleteRows(table, partitionKey, taken, signal);
  const counts = ended.map(({ userKey, sessionKeys }) => [userKey, sessionKeys.length] as const);
  return new Map(counts.filter(([, count]) => count > 0));
}

async function markEntries(
  table: Table,
  partitionKey: string,
  entries: readonly Row[],
  signal: AbortSignal,
): Promise<void> {
  const unmarked = entries.filter(({ properties }) => properties['ended'] !== true);
  for (let start = 0; start < unmarked.length; start += entriesATransaction) {
    const part = unmarked
      .slice(start, start + entriesATransaction)
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

/** Of those that were still there, the keys. One that ended earlier has left its entry behind. */
async function endSessionsOf(
  table: Table,
  userKey: string,
  sessionKeys: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const groups = sessionKeys.map((key) => [sessionRowKey(key), tokensRowKey(key)]);
  const found = new Set((await deleteRows(table, userKey, groups, signal)).flat());
  return sessionKeys.filter((key) => found.has(sessionRowKey(key)));
}

/** Absent properties cannot be written. */
function known(properties: Row['properties']): Properties {
  const written: Record<string, PropertyValue> = {};
  for (const [name, value] of Object.entries(properties)) {
    if (value !== undefined) written[name] = value;
  }
  return written;
}
