import type { Table } from '../storage/table';
import { endSession } from './end-session';
import { sessionRowKey, tokensRowKey } from './session-key';
import { sidPartition } from './sid-index-row';

/** Two rows each, and a transaction takes 100. */
const sessionsATransaction = 50;
const rowsATransaction = 100;

/**
 * Ends every session that came of one session at the provider, and no other: one query of the index, one transaction a
 * user, one for the index. Nobody's cookie is needed.
 * @returns the keys of the users concerned; empty when nobody knows this `sid`
 */
export async function endSessionsOfSid(
  table: Table,
  sid: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const partitionKey = sidPartition(sid);
  const byUser = new Map<string, string[]>();
  for await (const { rows } of table.list({ partitionKey, select: ['userKey'] }, signal)) {
    for (const { rowKey, properties } of rows) {
      const { userKey } = properties;
      if (typeof userKey !== 'string') continue;
      byUser.set(userKey, [...(byUser.get(userKey) ?? []), rowKey]);
    }
  }
  const ended = await Promise.all(
    [...byUser].map(([userKey, keys]) => endSessionsOf(table, userKey, keys, signal)),
  );
  // Last, so that a failure above leaves a way to find the sessions again. An entry without a session stays and expires:
  // it may be that of a session which is being opened just now, and must be found when the provider says so again.
  await removeEntries(table, partitionKey, ended.flat(), signal);
  return [...byUser.keys()];
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

function partsOf(keys: readonly string[], size: number): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(keys.length / size) }, (_, index) =>
    keys.slice(index * size, (index + 1) * size),
  );
}
