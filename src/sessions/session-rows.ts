import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { isObject, parseJson } from '../json';
import {
  decryptValue,
  deriveKey,
  deriveSessionKey,
  encryptValue,
  type KeyRing,
  type RingKey,
  type ValueAddress,
} from '../keys/encryption';
import { chunkSize, joinChunks, splitIntoChunks } from '../storage/row-limits';
import type { NewRow, Row, RowAddress, Table } from '../storage/table';
import {
  type Session,
  sessionIdBytes,
  sessionKeyOf,
  type SessionLimits,
  sessionRowKey,
  type SessionTicket,
  tokensRowKey,
} from './session';

/** What everything in `sessions/` is made of; put together once an instance. */
export interface SessionStorage {
  readonly table: Table;
  readonly keyRing: KeyRing;
  readonly limits: SessionLimits;
  /** Told of a row that is there and cannot be opened: its session counts as ended, and somebody must know. */
  readonly onUnreadable?: (what: UnreadablePart, userKey: string) => void;
}

/** The key's name is not in the ring, or the value does not open: corrupted, moved, or of another version. */
export type UnreadablePart = 'kid' | 'data' | 'tokens';

/** A session's MSAL token cache as it is stored. */
export interface StoredTokens {
  /** MSAL's serialized cache. */
  readonly tokenCache: string;
  /** Names this version, for `If-Match`. */
  readonly etag: string;
}

/** A live session as it is stored. */
export interface FoundSession {
  readonly session: Session;
  /** Browser and system in words. */
  readonly device: string;
  /** Names this version of the session's row, for `If-Match`. */
  readonly etag: string;
  /** `undefined` when the tokens were not read, or are not there. */
  readonly tokens: StoredTokens | undefined;
}

/** A session together with the words for the browser it lives in. */
export interface DescribedSession {
  readonly session: Session;
  readonly device: string;
}

type Opener = Pick<SessionTicket, 'userKey' | 'sessionId'>;

/**
 * The row of a session. `data` needs the session id to be read; `summary`, what lists show, needs
 * the ring's key only. `kid` names the ring's key of both.
 */
export function sessionRowOf(
  { session, device }: DescribedSession,
  { tableName, ringKey, ticket }: { tableName: string; ringKey: RingKey; ticket: Opener },
): NewRow {
  const { partitionKey, rowKey } = addressOf(ticket);
  const address = (property: string) => ({ table: tableName, partitionKey, rowKey, property });
  const sessionKey = deriveSessionKey(ringKey, sessionIdBytes(ticket.sessionId));
  const summary: SummaryContent = {
    name: session.user.name,
    username: session.user.username,
    device,
  };
  return {
    partitionKey,
    rowKey,
    properties: {
      ...dataProperties(
        encryptValue(sessionKey, address('data'), bytesOf(sessionContent(session, device))),
      ),
      summary: encryptValue(deriveKey(ringKey, 'summary'), address('summary'), bytesOf(summary)),
      kid: ringKey.kid,
      createdAt: toRowTime(session.createdAt),
      idleExpiresAt: toRowTime(session.idleExpiresAt),
      expiresAt: toRowTime(session.expiresAt),
    },
  };
}

/** Five hundred long roles are more than one property holds; what fits stays in one, as it always was. */
function dataProperties(data: Uint8Array): NewRow['properties'] {
  return data.byteLength <= chunkSize ? { data } : splitIntoChunks(data);
}

/** Where a ticket's session lies. */
export function addressOf(ticket: Opener): Pick<NewRow, 'partitionKey' | 'rowKey'> {
  return {
    partitionKey: ticket.userKey,
    rowKey: sessionRowKey(sessionKeyOf(ticket.sessionId)),
  };
}

/** The session in a row, or `undefined` when this ticket and ring key do not open it. */
export function parseSessionRow(
  row: Row,
  { tableName, ringKey, ticket }: { tableName: string; ringKey: RingKey; ticket: Opener },
): DescribedSession | undefined {
  const times = parseTimes(row);
  if (times === undefined) return undefined;
  const address = addressIn(tableName, row, 'data');
  const key = deriveSessionKey(ringKey, sessionIdBytes(ticket.sessionId));
  const data = decryptValue(key, address, row.properties['data'] ?? joinChunks(row.properties));
  const content = data && parseSessionContent(parseJson(data), row.partitionKey);
  return content && { session: { ...content.session, ...times }, device: content.device };
}

/** What a list may show of a session, or `undefined` when the ring's key does not open it. */
export function parseSummary(
  row: Row,
  { tableName, ringKey }: { tableName: string; ringKey: RingKey },
): SummaryContent | undefined {
  const address = addressIn(tableName, row, 'summary');
  const summary = decryptValue(deriveKey(ringKey, 'summary'), address, row.properties['summary']);
  return summary && parseSummaryContent(parseJson(summary));
}

/** The three times of a session's row, or `undefined` when one is missing. */
export function parseTimes({
  properties,
}: Row): Pick<Session, 'createdAt' | 'idleExpiresAt' | 'expiresAt'> | undefined {
  const createdAt = fromRowTime(properties['createdAt']);
  const idleExpiresAt = fromRowTime(properties['idleExpiresAt']);
  const expiresAt = fromRowTime(properties['expiresAt']);
  if (createdAt === undefined || idleExpiresAt === undefined || expiresAt === undefined) {
    return undefined;
  }
  return { createdAt, idleExpiresAt, expiresAt };
}

function addressIn(table: string, { partitionKey, rowKey }: Row, property: string): ValueAddress {
  return { table, partitionKey, rowKey, property };
}

function bytesOf(content: object): Buffer {
  return Buffer.from(JSON.stringify(content), 'utf8');
}

type Times = 'createdAt' | 'idleExpiresAt' | 'expiresAt';

/** What the encrypted `data` of a session's row holds; the partition tells the user key. */
export function sessionContent(session: Omit<Session, Times>, device: string): object {
  const { user, sid, loginHint, steppedUpAt, stepUps, verifiedAt } = session;
  const { issuer, subject, objectId, tenantId, name, username, roles } = user;
  return {
    user: { issuer, subject, objectId, tenantId, name, username, roles },
    sid,
    loginHint,
    steppedUpAt,
    stepUps,
    verifiedAt,
    device,
  };
}

/** What {@link sessionContent} made, or `undefined`. */
export function parseSessionContent(
  content: unknown,
  userKey: string,
): { session: Omit<Session, Times>; device: string } | undefined {
  if (!isObject(content) || !isObject(content['user'])) return undefined;
  const { sid, loginHint, steppedUpAt, stepUps, verifiedAt, device } = content;
  const { issuer, subject, objectId, tenantId, name, username, roles } = content['user'];
  if (!isText(issuer) || !isText(subject) || !isText(name) || !isText(username)) return undefined;
  if (!isOptionalText(objectId) || !isOptionalText(tenantId)) return undefined;
  if (!isTexts(roles)) return undefined;
  if (!isOptionalText(sid) || !isOptionalText(loginHint)) return undefined;
  if (steppedUpAt !== undefined && typeof steppedUpAt !== 'number') return undefined;
  if (stepUps !== undefined && !isTexts(stepUps)) return undefined;
  if (typeof verifiedAt !== 'number' || !isText(device)) return undefined;
  const user = { userKey, issuer, subject, objectId, tenantId, name, username, roles };
  return { session: { user, sid, loginHint, steppedUpAt, stepUps, verifiedAt }, device };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || isText(value);
}

/** What the encrypted `summary` of a session's row holds: enough to recognise a session in a list. */
export interface SummaryContent {
  readonly name: string;
  readonly username: string;
  /** Browser and system in words. */
  readonly device: string;
}

/** A summary, or `undefined` for anything else. */
export function parseSummaryContent(content: unknown): SummaryContent | undefined {
  if (!isObject(content)) return undefined;
  const { name, username, device } = content;
  if (typeof name !== 'string' || typeof username !== 'string') return undefined;
  return typeof device === 'string' ? { name, username, device } : undefined;
}

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
  const row = tokensAddressOf(ticket);
  const key = deriveSessionKey(ringKey, sessionIdBytes(ticket.sessionId));
  const address = { table: tableName, ...row, property: 'data' };
  const encrypted = encryptValue(key, address, gzipSync(Buffer.from(tokenCache, 'utf8')));
  return {
    ...row,
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
  const address = { table: tableName, partitionKey, rowKey, property: 'data' };
  const zipped = decryptValue(key, address, joinChunks(row.properties));
  return zipped && unzip(zipped);
}

function unzip(zipped: Uint8Array): string | undefined {
  try {
    return gunzipSync(zipped, { maxOutputLength: largestCache }).toString('utf8');
  } catch {
    return undefined;
  }
}

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

/** Times are Edm.DateTime in rows, so that they can be read and filtered there, and epoch seconds elsewhere. */
export function toRowTime(epochSeconds: number): Date {
  return new Date(epochSeconds * 1000);
}

/** Epoch seconds, or `undefined` when the property is no time. */
export function fromRowTime(value: unknown): number | undefined {
  if (!(value instanceof Date)) return undefined;
  const seconds = Math.floor(value.getTime() / 1000);
  return Number.isSafeInteger(seconds) ? seconds : undefined;
}
