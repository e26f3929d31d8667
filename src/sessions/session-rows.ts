import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as v from 'valibot';
import { isObject, parseJson } from '../bodies';
import {
  decryptValue,
  deriveKey,
  deriveSessionKey,
  encryptValue,
  type KeyRing,
  type RingKey,
} from '../keys/encryption';
import { type NewRow, type Row, type RowAddress, type Table } from '../storage/table';
import {
  type Session,
  type SessionData,
  sessionIdBytes,
  sessionKeyOf,
  type SessionLimits,
  type SessionTicket,
} from './session';

/** What every function of `sessions/` works on; put together once for each instance. */
export interface SessionStorage {
  readonly table: Table;
  readonly keyRing: KeyRing;
  readonly limits: SessionLimits;
  /**
   * Called for a row that is there and cannot be opened: its session counts as ended, and somebody must know.
   * `kid`: the ring has no key of that name. `data`, `tokens`: the value is damaged, moved, or of another version.
   */
  readonly onUnreadable?: (what: 'kid' | 'data' | 'tokens', userKey: string) => void;
}

/** A session's MSAL token cache as it is stored. */
export interface StoredTokens {
  /** MSAL's serialized cache. */
  readonly tokenCache: string;
  /** Names this version, for `If-Match`. */
  readonly etag: string;
}

/** A session as it is stored. */
export interface FoundSession extends DescribedSession {
  /** Names this version of the session's row, for `If-Match`. */
  readonly etag: string;
  /** `undefined` when the tokens were not read, or are not there. */
  readonly tokens: StoredTokens | undefined;
}

interface DescribedSession {
  readonly session: Session;
  /** Browser and system in words. */
  readonly device: string;
}

/** What opens the two rows of a session. */
interface RowOpener {
  readonly tableName: string;
  readonly ringKey: RingKey;
  readonly ticket: Pick<SessionTicket, 'userKey' | 'sessionId' | 'expiresAt'>;
}

/**
 * The row of a session. Only the session id opens `data`. The ring's key alone opens `summary`, which lists show. `kid`
 * names the ring's key of both.
 */
export function sessionRowOf({ session, device }: DescribedSession, opener: RowOpener): NewRow {
  const { ringKey, ticket } = opener;
  const address = sessionAddress(ticket);
  const { createdAt, idleExpiresAt, expiresAt, ...rest } = session;
  const { name, username, tenantId } = session.user;
  // The partition tells the user key.
  const content = bytesOf({ ...rest, user: { ...session.user, userKey: undefined }, device });
  const data = encryptValue(ownKey(opener), valueAddress(opener, address, 'data'), content);
  return {
    ...address,
    properties: {
      // Five hundred long roles are more than one property holds.
      ...(data.byteLength <= chunkSize ? { data } : splitIntoChunks(data)),
      summary: encryptValue(
        deriveKey(ringKey, 'summary'),
        valueAddress(opener, address, 'summary'),
        bytesOf({ name, username, tenantId, device }),
      ),
      kid: ringKey.kid,
      createdAt: toRowTime(createdAt),
      idleExpiresAt: toRowTime(idleExpiresAt),
      expiresAt: toRowTime(expiresAt),
    },
  };
}

/** The session in a row; `undefined` when this ticket and ring key do not open it. */
export function parseSessionRow(row: Row, opener: RowOpener): DescribedSession | undefined {
  const times = parseTimes(row);
  const encrypted = row.properties['data'] ?? joinChunks(row.properties);
  const data = decryptValue(ownKey(opener), valueAddress(opener, row, 'data'), encrypted);
  const content = v.safeParse(contentSchema, data && parseJson(data));
  if (times === undefined || !content.success) return undefined;
  const { device, user, ...rest } = content.output;
  return { session: { ...rest, user: { ...user, userKey: row.partitionKey }, ...times }, device };
}

// With a function for the default, the member is always there. The type of a session has no optional members.
const optionalText = v.optional(v.string(), () => undefined);

// The type of JSON contains itself, which is too deep for the inference of a schema.
const sessionDataSchema: v.GenericSchema<unknown, SessionData> = v.custom<SessionData>(isObject);

const contentSchema = v.object({
  user: v.object({
    issuer: v.string(),
    subject: v.string(),
    objectId: optionalText,
    tenantId: optionalText,
    name: v.string(),
    username: v.string(),
    roles: v.array(v.string()),
  }),
  sid: optionalText,
  loginHint: optionalText,
  steppedUpAt: v.optional(v.number(), () => undefined),
  stepUps: v.optional(v.array(v.string()), () => undefined),
  acrs: v.optional(v.array(v.string()), () => []),
  authTime: v.optional(v.number(), () => undefined),
  isPersistent: v.optional(v.boolean(), () => false),
  verifiedAt: v.number(),
  // Rows of earlier versions have neither.
  addedRoles: v.optional(v.array(v.string()), () => []),
  data: v.optional(sessionDataSchema, () => ({})),
  device: v.string(),
});

/** Enough to recognise a session in a list. */
export type SummaryContent = Readonly<v.InferOutput<typeof summarySchema>>;

/** What a list may show of a session; `undefined` when the ring's key does not open it. */
export function parseSummary(
  row: Row,
  opener: Pick<RowOpener, 'tableName' | 'ringKey'>,
): SummaryContent | undefined {
  const key = deriveKey(opener.ringKey, 'summary');
  const address = valueAddress(opener, row, 'summary');
  const summary = decryptValue(key, address, row.properties['summary']);
  const content = v.safeParse(summarySchema, summary && parseJson(summary));
  return content.success ? content.output : undefined;
}

const summarySchema = v.object({
  name: v.string(),
  username: v.string(),
  // Rows of earlier versions have none.
  tenantId: v.optional(v.string()),
  /** Browser and system in words. */
  device: v.string(),
});

/** The three times of a session's row; `undefined` when one is missing. */
export function parseTimes({
  properties,
}: Row): Pick<Session, 'createdAt' | 'idleExpiresAt' | 'expiresAt'> | undefined {
  const times = v.safeParse(timesSchema, properties);
  return times.success ? times.output : undefined;
}

/** Times are Edm.DateTime in rows, where they can be read and filtered, and epoch seconds elsewhere. */
export function toRowTime(epochSeconds: number): Date {
  return new Date(epochSeconds * 1000);
}

const rowTime = v.pipe(
  v.date(),
  v.transform((time) => Math.floor(time.getTime() / 1000)),
);

const timesSchema = v.object({ createdAt: rowTime, idleExpiresAt: rowTime, expiresAt: rowTime });

/**
 * The row of a session's token cache: zipped (it is JSON that repeats itself), then encrypted under the session's own
 * key, then cut into chunks. `expiresAt` is the session's last second, so that moving the idle limit rewrites one row
 * only.
 */
export function tokensRowOf(tokenCache: string, opener: RowOpener): NewRow {
  const address = tokensAddress(opener.ticket);
  const zipped = gzipSync(Buffer.from(tokenCache, 'utf8'));
  const data = encryptValue(ownKey(opener), valueAddress(opener, address, 'data'), zipped);
  return {
    ...address,
    properties: {
      ...splitIntoChunks(data),
      kid: opener.ringKey.kid,
      expiresAt: toRowTime(opener.ticket.expiresAt),
    },
  };
}

/** MSAL's serialized cache; `undefined` when this ticket and ring key do not open the row. */
export function parseTokensRow(row: Row, opener: RowOpener): string | undefined {
  const address = valueAddress(opener, row, 'data');
  const zipped = decryptValue(ownKey(opener), address, joinChunks(row.properties));
  return zipped && unzip(zipped);
}

/** What was encrypted is ours. The limit only keeps a mistake of ours from filling the memory. */
const maxCacheBytes = 16 * 1024 * 1024;

function unzip(zipped: Uint8Array): string | undefined {
  try {
    return gunzipSync(zipped, { maxOutputLength: maxCacheBytes }).toString('utf8');
  } catch {
    return undefined;
  }
}

/** Of the session alone. */
function ownKey({ ringKey, ticket }: RowOpener): ReturnType<typeof deriveSessionKey> {
  return deriveSessionKey(ringKey, sessionIdBytes(ticket.sessionId));
}

function valueAddress(
  { tableName }: Pick<RowOpener, 'tableName'>,
  { partitionKey, rowKey }: RowAddress,
  property: string,
) {
  return { table: tableName, partitionKey, rowKey, property };
}

function bytesOf(content: object): Buffer {
  return Buffer.from(JSON.stringify(content), 'utf8');
}

type TicketName = Pick<SessionTicket, 'userKey' | 'sessionId'>;

/** Where a ticket's session is stored. */
export function sessionAddress({ userKey, sessionId }: TicketName): RowAddress {
  return { partitionKey: userKey, rowKey: sessionRowKey(sessionKeyOf(sessionId)) };
}

/** Where a ticket's token cache is stored. */
export function tokensAddress({ userKey, sessionId }: TicketName): RowAddress {
  return { partitionKey: userKey, rowKey: tokensPrefix + sessionKeyOf(sessionId) };
}

export const sessionPrefix = 'session:';
const tokensPrefix = 'tokens:';

/** The row key of a session's claims and times. */
export function sessionRowKey(sessionKey: string): string {
  return sessionPrefix + sessionKey;
}

/** The row keys of a session and of its token cache. The two share every transaction: no half of a session is left. */
export function rowKeysOfSession(sessionKey: string): readonly [session: string, tokens: string] {
  return [sessionRowKey(sessionKey), tokensPrefix + sessionKey];
}

/** The session key in the row key of either row; `undefined` for rows of another kind. */
export function sessionKeyIn(rowKey: string): string | undefined {
  const prefix = [sessionPrefix, tokensPrefix].find((known) => rowKey.startsWith(known));
  return prefix === undefined ? undefined : rowKey.slice(prefix.length);
}

/** Leads from the provider's session id to our session, for front-channel logout. */
export function sidIndexRowOf(
  sid: string,
  session: {
    readonly userKey: string;
    readonly sessionKey: string;
    readonly expiresAt: number;
  },
): NewRow {
  const { userKey, sessionKey, expiresAt } = session;
  return {
    ...sidIndexAddress(sid, sessionKey),
    properties: { userKey, expiresAt: toRowTime(expiresAt) },
  };
}

/** Where the index entry of one session is stored. */
export function sidIndexAddress(sid: string, sessionKey: string): RowAddress {
  return { partitionKey: sidPartition(sid), rowKey: sessionKey };
}

/** Hashed: `sid` comes from outside, so it may be long or hold characters that keys must not have. */
export function sidPartition(sid: string): string {
  return `sid:${createHash('sha256').update(sid).digest('base64url')}`;
}

/** As long as any text of an ID token that is kept. */
const maxSidLength = 256;

/**
 * What may be a session id of the provider: any text that is not too long, since it is hashed before it names a row.
 * @see OpenID Connect Front-Channel Logout 1.0 section 3
 */
export function isSid(value: string): boolean {
  return value.length >= 1 && value.length <= maxSidLength;
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
