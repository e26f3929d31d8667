import type { RingKey } from '../keys/key-ring';
import { deriveKey, deriveSessionKey } from '../keys/derive-key';
import type { ValuePlace } from '../keys/row-encryption';
import { decryptValue, encryptValue } from '../keys/row-encryption';
import { chunkSize, joinChunks, splitIntoChunks } from '../storage/chunks';
import type { NewRow, Row } from '../storage/table';
import { fromRowTime, toRowTime } from './row-time';
import type { Session, SessionTicket } from './session';
import { parseSessionContent, sessionContent } from './session-content';
import { sessionIdBytes, sessionKeyOf, sessionRowKey } from './session-key';
import { parseSummaryContent, type SummaryContent } from './summary-content';

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
  const place = (property: string) => ({ table: tableName, partitionKey, rowKey, property });
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
        encryptValue(sessionKey, place('data'), bytesOf(sessionContent(session, device))),
      ),
      summary: encryptValue(deriveKey(ringKey, 'summary'), place('summary'), bytesOf(summary)),
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
  const place = placeIn(tableName, row, 'data');
  const key = deriveSessionKey(ringKey, sessionIdBytes(ticket.sessionId));
  const data = decryptValue(key, place, row.properties['data'] ?? joinChunks(row.properties));
  const content = data && parseSessionContent(parseJson(data), row.partitionKey);
  return content && { session: { ...content.session, ...times }, device: content.device };
}

/** What a list may show of a session, or `undefined` when the ring's key does not open it. */
export function parseSummary(
  row: Row,
  { tableName, ringKey }: { tableName: string; ringKey: RingKey },
): SummaryContent | undefined {
  const place = placeIn(tableName, row, 'summary');
  const summary = decryptValue(deriveKey(ringKey, 'summary'), place, row.properties['summary']);
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

function placeIn(table: string, { partitionKey, rowKey }: Row, property: string): ValuePlace {
  return { table, partitionKey, rowKey, property };
}

function bytesOf(content: object): Buffer {
  return Buffer.from(JSON.stringify(content), 'utf8');
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
