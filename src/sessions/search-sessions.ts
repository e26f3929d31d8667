import { AppError } from '../errors';
import { isObject } from '../is-object';
import type { RowPage } from '../storage/table';
import type { SessionSummary, SessionsPage } from './list-sessions';
import { liveSessions, summaryOf } from './list-sessions';
import { sessionPrefix } from './session-key';
import type { SessionParts } from './session-parts';

export interface SearchWishes {
  /** Words that name or address must hold, in any case; or the beginning of a user key as it stands in logs. */
  readonly text: string;
  readonly now: number;
  /** Sessions a page shows at most. */
  readonly limit: number;
  readonly continuation?: string | undefined;
  readonly signal: AbortSignal;
}

export interface SearchedPage extends SessionsPage {
  /** Live sessions this call has looked at. */
  readonly searched: number;
}

/** Pages of the table that one call looks at; names are encrypted, so the table cannot look itself. */
const mostPages = 10;
const storagePageSize = 1000;

/** Fewer characters of a key would find strangers. */
const shortestKeyPrefix = 6;

/** Where a search goes on: in which page of the table, and behind which session of it. */
interface Place {
  readonly page: string | undefined;
  readonly after: string;
}

/**
 * Live sessions of people whose name or address holds a text, in the order of their keys. A page may be short, or
 * empty, and not be the last: then `continuation` goes on searching.
 * @throws ERR_BAD_REQUEST for a continuation that no search ended with
 */
export async function searchSessions(
  parts: SessionParts,
  { text, now, limit, continuation, signal }: SearchWishes,
): Promise<SearchedPage> {
  const sessions: SessionSummary[] = [];
  const matches = matcherOf(text);
  let place =
    continuation === undefined ? { page: undefined, after: '' } : parsePlace(continuation);
  let searched = 0;
  for (let count = 0; count < mostPages; count += 1) {
    const page = await readPage(parts, now, place.page, signal);
    const found = await Promise.all(page.rows.map((row) => summaryOf(parts, row, signal)));
    for (const session of found) {
      if (session === undefined || keyOf(session) <= place.after) continue;
      searched += 1;
      if (!matches(session)) continue;
      const last = sessions[limit - 1];
      if (last !== undefined) {
        const next = { page: place.page, after: keyOf(last) };
        return { sessions, searched, continuation: placeText(next) };
      }
      sessions.push(session);
    }
    if (page.continuation === undefined) return { sessions, searched, continuation: undefined };
    place = { page: page.continuation, after: '' };
  }
  return { sessions, searched, continuation: placeText(place) };
}

async function readPage(
  { table }: SessionParts,
  now: number,
  continuation: string | undefined,
  signal: AbortSignal,
): Promise<RowPage> {
  const query = { ...liveSessions(now), pageSize: storagePageSize };
  const pages = table.list(
    { ...query, ...(continuation !== undefined && { continuation }) },
    signal,
  );
  const { value } = await pages.next();
  return value ?? { rows: [], continuation: undefined };
}

function matcherOf(text: string): (session: SessionSummary) => boolean {
  const asked = text.trim();
  const wanted = folded(asked).split(/\s+/);
  return ({ name, username, userKey }) => {
    const said = folded(`${name} ${username}`);
    if (wanted.every((word) => said.includes(word))) return true;
    return asked.length >= shortestKeyPrefix && userKey.startsWith(asked);
  };
}

/** Without case and accents: somebody who looks for Jose must find José. */
function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

/** Compares as the table's order does: partition, then row. All characters are ASCII. */
function keyOf({ userKey, sessionKey }: SessionSummary): string {
  return `${userKey} ${sessionPrefix}${sessionKey}`;
}

function placeText({ page, after }: Place): string {
  return Buffer.from(JSON.stringify({ p: page, a: after }), 'utf8').toString('base64url');
}

function parsePlace(text: string): Place {
  let place: unknown;
  try {
    place = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch (cause) {
    throw new AppError('ERR_BAD_REQUEST', { cause, note: 'no continuation of a search' });
  }
  const { p: page, a: after } = isObject(place) ? place : {};
  const isPage = page === undefined || (typeof page === 'string' && page !== '');
  if (!isPage || typeof after !== 'string') {
    throw new AppError('ERR_BAD_REQUEST', { note: 'no continuation of a search' });
  }
  return { page, after };
}
