import type { Row } from '../storage/table';
import type { SessionTicket } from './session';
import { isLive } from './session';
import type { FoundSession, SessionParts, StoredTokens } from './session-parts';
import { addressOf, parseSessionRow } from './session-row';
import { parseTokensRow, tokensAddressOf } from './token-cache-row';

/**
 * The live session a ticket opens, by one point read. One that is expired, ended, or cannot be
 * decrypted is `undefined`: there is no session then.
 */
export async function readSession(
  parts: SessionParts,
  ticket: SessionTicket,
  now: number,
  signal: AbortSignal,
): Promise<FoundSession | undefined> {
  // The ticket is signed, the times in the row are not.
  if (now >= ticket.expiresAt) return undefined;
  const found = await readLastSession(parts, ticket, signal);
  return found !== undefined && isLive(found.session, now) ? found : undefined;
}

/**
 * The session a ticket opens as it was last, live or expired, until it is swept. Good for nothing but signing out: what
 * it tells of the user may be long out of date.
 */
export async function readLastSession(
  { table, keyRing, onUnreadable }: SessionParts,
  ticket: SessionTicket,
  signal: AbortSignal,
): Promise<FoundSession | undefined> {
  const row = await table.read(addressOf(ticket), { signal });
  if (row === undefined) return undefined;
  const ringKey = await keyRing.find(kidOf(row), signal);
  const found = ringKey && parseSessionRow(row, { tableName: table.name, ringKey, ticket });
  if (found === undefined) {
    onUnreadable?.(ringKey === undefined ? 'kid' : 'data', ticket.userKey);
    return undefined;
  }
  return { ...found, etag: row.etag, tokens: undefined };
}

/** The token cache a ticket opens, by one point read; `undefined` when there is none to be opened. */
export async function readTokens(
  { table, keyRing, onUnreadable }: SessionParts,
  ticket: SessionTicket,
  signal: AbortSignal,
): Promise<StoredTokens | undefined> {
  const row = await table.read(tokensAddressOf(ticket), { signal });
  if (row === undefined) return undefined;
  const ringKey = await keyRing.find(kidOf(row), signal);
  const tokenCache = ringKey && parseTokensRow(row, { tableName: table.name, ringKey, ticket });
  if (tokenCache === undefined) {
    onUnreadable?.(ringKey === undefined ? 'kid' : 'tokens', ticket.userKey);
    return undefined;
  }
  return { tokenCache, etag: row.etag };
}

/** Session and token cache in the time of one round trip: two point reads side by side. */
export async function readSessionWithTokens(
  parts: SessionParts,
  ticket: SessionTicket,
  now: number,
  signal: AbortSignal,
): Promise<FoundSession | undefined> {
  const [found, tokens] = await Promise.all([
    readSession(parts, ticket, now, signal),
    readTokens(parts, ticket, signal),
  ]);
  return found && { ...found, tokens };
}

function kidOf({ properties }: Row): string {
  const { kid } = properties;
  return typeof kid === 'string' ? kid : '';
}
