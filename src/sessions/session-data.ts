import { isDeepStrictEqual } from 'node:util';
import { AppError, SessionOverError } from '../errors';
import { isObject, parseJson } from '../bodies';
import type { SessionData, SessionTicket } from './session';
import type { FoundSession, SessionStore } from './session-store';

/** How a handler changes the data of its session: the new data, or a function that makes it of the stored data. */
export type SessionDataChange = SessionData | ((stored: SessionData) => SessionData);

/** Enough for requests of one person that change the data in turn. */
const maxWrites = 4;

/**
 * Stores a change of the app's data under the version of the row that was read (`If-Match`). When another request wrote
 * first, the row is read again. Then a function is called once more, with what is stored now. New data is stored only if
 * the other request left the data alone: it may only have extended the session. 1 write, and 1 point read for each retry.
 * @param found the session as it was read
 * @returns the session with the new data
 * @throws ERR_SESSION_CHANGED when another request changed the data; ERR_SIGNED_OUT when the session has ended: it stays
 *   ended; as {@link parseSessionData}; what the function throws; ERR_STORAGE_UNAVAILABLE, ERR_KEYS_UNAVAILABLE
 */
export async function changeSessionData(
  store: Pick<SessionStore, 'read' | 'writeData'>,
  ticket: SessionTicket,
  found: FoundSession,
  change: SessionDataChange,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<FoundSession> {
  let current = found;
  for (let writes = 0; writes < maxWrites; writes += 1) {
    const { data } = current.session;
    const next = parseSessionData(typeof change === 'function' ? change(data) : change);
    const written = await store.writeData(ticket, current, next, signal);
    if (typeof written === 'object') return written;
    const stored = written === 'missing' ? undefined : await store.read(ticket, now, signal);
    if (stored === undefined) {
      throw new SessionOverError({ note: 'the session was ended before its data was changed' });
    }
    const isOurs = isDeepStrictEqual(stored.session.data, found.session.data);
    if (typeof change !== 'function' && !isOurs) throw new AppError('ERR_SESSION_CHANGED');
    current = stored;
  }
  throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'the session is rewritten all the time' });
}

/** Each request of the person reads it, so it must stay small. */
const maxBytes = 8_192;

/**
 * The data of the app's code as a session keeps it, which is what JSON keeps: a date becomes a string, and a member that is
 * `undefined` is left out.
 * @throws TypeError for what is no JSON object, RangeError for more than 8,192 bytes of JSON in UTF-8
 */
export function parseSessionData(value: unknown): SessionData {
  const json = toJson(value);
  const bytes = Buffer.byteLength(json, 'utf8');
  if (bytes > maxBytes) {
    throw new RangeError(`session data has ${bytes} bytes as JSON, more than ${maxBytes}`);
  }
  const data = parseJson(json);
  if (!isData(data)) throw notJson();
  return data;
}

/** A promise and a map are objects too, and JSON keeps nothing of them: the data would be lost without an error. */
function toJson(value: unknown): string {
  if (Object.prototype.toString.call(value) !== '[object Object]') throw notJson();
  let json: unknown;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    throw new TypeError('session data cannot be written as JSON', { cause });
  }
  if (typeof json !== 'string') throw notJson();
  return json;
}

function isData(value: unknown): value is SessionData {
  return isObject(value);
}

function notJson(): TypeError {
  return new TypeError('session data must be a JSON object');
}
