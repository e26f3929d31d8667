import { createHash } from 'node:crypto';
import type { NewRow, Row, RowAddress } from '../storage/table';
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

/**
 * The mark that a sign-out at the provider leaves on an entry before it ends the session: a sign-in that is just being
 * stored finds it afterwards. It expires with the entry.
 */
export const endedMark = { ended: true } as const;

/** Whether a sign-out at the provider has passed. An entry that is gone was taken by one that ended its session. */
export function isSidEnded(entry: Pick<Row, 'properties'> | undefined): boolean {
  return entry === undefined || entry.properties['ended'] === true;
}

/**
 * What may be a session id of the provider: any text of sane length, since it is hashed before it names a row.
 * @see OpenID Connect Front-Channel Logout 1.0 section 3
 */
export function isSid(value: string): boolean {
  return value.length >= 1 && value.length <= longestSid;
}

/** As long as any text of an ID token that is kept. */
const longestSid = 256;

/** Where the index row of one session lies. */
export function sidIndexAddress(sid: string, sessionKey: string): RowAddress {
  return { partitionKey: sidPartition(sid), rowKey: sessionKey };
}

/** Hashed: `sid` comes from outside, so it may hold characters that keys must not, or be very long. */
export function sidPartition(sid: string): string {
  return `sid:${createHash('sha256').update(sid).digest('base64url')}`;
}
