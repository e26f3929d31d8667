import { gunzipSync, gzipSync } from 'node:zlib';
import { deriveSessionKey } from '../keys/derive-key';
import type { RingKey } from '../keys/key-ring';
import { decryptValue, encryptValue } from '../keys/row-encryption';
import { joinChunks, splitIntoChunks } from '../storage/chunks';
import type { NewRow, Row, RowAddress } from '../storage/table';
import { toRowTime } from './row-time';
import type { SessionTicket } from './session';
import { sessionIdBytes, sessionKeyOf, tokensRowKey } from './session-key';

interface Opening {
  readonly tableName: string;
  readonly ringKey: RingKey;
  readonly ticket: Pick<SessionTicket, 'userKey' | 'sessionId' | 'expiresAt'>;
}

/** What was encrypted is ours; the bound only keeps a mistake of ours from eating the memory. */
const largestCache = 16 * 1024 * 1024;

/**
 * The row of a session's token cache: gzip (the cache is repetitive JSON around tokens), then
 * encrypted under the session's own key, then in chunks. `expiresAt` is the session's last second,
 * so that sliding rewrites one row only.
 */
export function tokensRowOf(tokenCache: string, { tableName, ringKey, ticket }: Opening): NewRow {
  const address = tokensAddressOf(ticket);
  const key = deriveSessionKey(ringKey, sessionIdBytes(ticket.sessionId));
  const place = { table: tableName, ...address, property: 'data' };
  const encrypted = encryptValue(key, place, gzipSync(Buffer.from(tokenCache, 'utf8')));
  return {
    ...address,
    properties: {
      ...splitIntoChunks(encrypted),
      kid: ringKey.kid,
      expiresAt: toRowTime(ticket.expiresAt),
    },
  };
}

/** Where a ticket's token cache lies. */
export function tokensAddressOf(ticket: Pick<SessionTicket, 'userKey' | 'sessionId'>): RowAddress {
  return { partitionKey: ticket.userKey, rowKey: tokensRowKey(sessionKeyOf(ticket.sessionId)) };
}

/** MSAL's serialized cache, or `undefined` when this ticket and ring key do not open the row. */
export function parseTokensRow(
  row: Row,
  { tableName, ringKey, ticket }: Opening,
): string | undefined {
  const { partitionKey, rowKey } = row;
  const key = deriveSessionKey(ringKey, sessionIdBytes(ticket.sessionId));
  const place = { table: tableName, partitionKey, rowKey, property: 'data' };
  const zipped = decryptValue(key, place, joinChunks(row.properties));
  return zipped && unzip(zipped);
}

function unzip(zipped: Uint8Array): string | undefined {
  try {
    return gunzipSync(zipped, { maxOutputLength: largestCache }).toString('utf8');
  } catch {
    return undefined;
  }
}
