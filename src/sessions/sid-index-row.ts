import { createHash } from 'node:crypto';
import type { NewRow, RowAddress } from '../storage/table';
import { toRowTime } from './row-time';

/** Leads from the provider's session id to our sessions, for front-channel logout. */
export function sidIndexRowOf(
  sid: string,
  { userKey, sessionKey, expiresAt }: { userKey: string; sessionKey: string; expiresAt: number },
): NewRow {
  return {
    ...sidIndexAddress(sid, sessionKey),
    properties: { userKey, expiresAt: toRowTime(expiresAt) },
  };
}

/** Where the index row of one session lies. */
export function sidIndexAddress(sid: string, sessionKey: string): RowAddress {
  return { partitionKey: sidPartition(sid), rowKey: sessionKey };
}

/** Hashed: `sid` comes from outside, so it may hold characters that keys must not, or be very long. */
export function sidPartition(sid: string): string {
  return `sid:${createHash('sha256').update(sid).digest('base64url')}`;
}
