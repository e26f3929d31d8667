import { createHash, randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isObject, parseJson } from '../bodies';
import { AppError, SessionOverError } from '../errors';

// Who somebody is, and how long that lasts. Nothing here reads a clock: the caller says what time it is.

/** The verified person behind a session, from the claims of the last verified ID token. */
export interface User {
  /** The same for a user in every session, and the key of the user's rows in storage. The log has the first characters of it. */
  readonly userKey: string;
  /** `iss` */
  readonly issuer: string;
  /** `sub`: the same user has another one in another app. */
  readonly subject: string;
  /** `oid`: the user in the tenant, for all apps. Undefined if the provider sends none. */
  readonly objectId: string | undefined;
  /** `tid` */
  readonly tenantId: string | undefined;
  /** For showing only. Never empty: if the provider sends no name, it is the user name, else `oid` or `sub`. */
  readonly name: string;
  /**
   * `preferred_username`, for showing only: it can be given to somebody else. If the provider sends none, `upn`, `email` or
   * the first of `emails`; empty if there is none of them.
   */
  readonly username: string;
  /** Values of app roles. */
  readonly roles: readonly string[];
}

/** A value that JSON has. */
type Json = null | boolean | number | string | readonly Json[] | SessionData;

/**
 * What an app keeps in a session: a JSON object of at most 8,192 bytes. It is encrypted, and only the browser's cookie
 * opens it. The browser itself never gets it.
 */
export interface SessionData {
  readonly [name: string]: Json | undefined;
}

/** A signed-in browser. Times are epoch seconds. */
export interface Session {
  /** With all roles: those of the ID token, those of its groups, and `addedRoles`. */
  readonly user: User;
  /** Roles that the app's own code added at sign-in. They stay for the whole session. */
  readonly addedRoles: readonly string[];
  readonly data: SessionData;
  /** The provider's session id, for front-channel logout. */
  readonly sid: string | undefined;
  /** The optional claim `login_hint`, sent back as `logout_hint` at sign-out. */
  readonly loginHint: string | undefined;
  /** When a step-up opened the session. The same step-up at once again would not help. */
  readonly steppedUpAt: number | undefined;
  /** The names of the step-ups that led to it, within a minute of each other; `undefined` when they are not known. */
  readonly stepUps: readonly string[] | undefined;
  /** Authentication contexts that the person has met, by the last ID token that had the claim `acrs`. */
  readonly acrs: readonly string[];
  /** When the provider last asked the person for credentials (`auth_time`). `undefined` when it did not say. */
  readonly authTime: number | undefined;
  /** True when the cookie outlives the browser. */
  readonly isPersistent: boolean;
  /** When the last ID token was verified. */
  readonly verifiedAt: number;
  readonly createdAt: number;
  readonly idleExpiresAt: number;
  readonly expiresAt: number;
}

/** What the session cookie holds: where the session is stored, and the id that opens it. */
export interface SessionTicket {
  readonly userKey: string;
  /** See {@link createSessionId}. */
  readonly sessionId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** A hash of the `state` of the sign-in that opened the session. Cookies of earlier versions have none. */
  readonly openedBy?: string | undefined;
}

export interface SessionLimits {
  readonly idleSeconds: number;
  readonly lifetimeSeconds: number;
}

/** The three times of a session that begins `now`. */
export function beginSession(
  now: number,
  limits: SessionLimits,
): Pick<Session, 'createdAt' | 'idleExpiresAt' | 'expiresAt'> {
  const expiresAt = now + limits.lifetimeSeconds;
  return {
    createdAt: now,
    idleExpiresAt: Math.min(now + limits.idleSeconds, expiresAt),
    expiresAt,
  };
}

/** A session counts as absent from the second in which either limit is reached. */
export function isLive(
  session: Pick<Session, 'idleExpiresAt' | 'expiresAt'>,
  now: number,
): boolean {
  return now < session.idleExpiresAt && now < session.expiresAt;
}

/**
 * The session's next idle limit; `undefined` while more than half of its idle time is left. If every request moved the
 * limit on, every request would cost a write.
 */
export function renewedIdleExpiry(
  session: Pick<Session, 'idleExpiresAt' | 'expiresAt'>,
  now: number,
  limits: SessionLimits,
): number | undefined {
  if (session.idleExpiresAt - now >= limits.idleSeconds / 2) return undefined;
  const renewed = Math.min(now + limits.idleSeconds, session.expiresAt);
  return renewed > session.idleExpiresAt ? renewed : undefined;
}

/** A new session id: 32 random bytes, base64url, 43 characters. Only the browser keeps it. */
export function createSessionId(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * The name under which a session is stored: base64url SHA-256 of the bytes of its id. The id cannot be learned from it,
 * so whoever copies the table can open no session.
 */
export function sessionKeyOf(sessionId: string): string {
  return createHash('sha256').update(sessionIdBytes(sessionId)).digest('base64url');
}

/** The 32 bytes of a session id. */
export function sessionIdBytes(sessionId: string): Uint8Array {
  return Buffer.from(sessionId, 'base64url');
}

/**
 * base64url SHA-256 of JSON `[iss, oid ?? sub]`, 43 characters: a person of one provider always has the same key. `oid`
 * comes first because `sub` differs from app to app.
 */
export function userKeyOf(issuer: string, objectId: string | undefined, subject: string): string {
  const identity = JSON.stringify([issuer, objectId ?? subject]);
  return createHash('sha256').update(identity).digest('base64url');
}

/**
 * About when a session was last used, in epoch seconds. Its row is rewritten only when less than half of the idle time
 * is left, so the session may have been used later than this, by up to half of that time.
 */
export function lastUsedAbout(
  { createdAt, idleExpiresAt }: Pick<Session, 'createdAt' | 'idleExpiresAt'>,
  idleSeconds: number,
): number {
  // The last idle limit is cut to the end of the session, and the setting may have changed since.
  return Math.max(createdAt, idleExpiresAt - idleSeconds);
}

// First match wins: Edge and Opera also say Chrome, Chrome also says Safari, Android also says Linux.
const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bVersion\/.* Safari\//, 'Safari'],
];

const systems: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

/**
 * Browser and system in our own words, such as `Chrome on Windows`, for people who look at lists of sessions. Nothing
 * else of the `User-Agent` header is kept.
 */
export function describeDevice(userAgent: string | undefined): string {
  const text = userAgent?.slice(0, 512) ?? '';
  const browser = firstMatch(browsers, text) ?? 'Unknown browser';
  const system = firstMatch(systems, text);
  return system === undefined ? browser : `${browser} on ${system}`;
}

function firstMatch(
  table: readonly (readonly [RegExp, string])[],
  text: string,
): string | undefined {
  return table.find(([pattern]) => pattern.test(text))?.[1];
}

/** How a handler changes the data of its session: the new data, or a function that makes it of the stored data. */
export type SessionDataChange = SessionData | ((stored: SessionData) => SessionData);

/** The part of a store of sessions that a change of the data needs. */
interface DataStore<Found> {
  read(ticket: SessionTicket, now: number, signal: AbortSignal): Promise<Found | undefined>;
  writeData(
    ticket: SessionTicket,
    found: Found,
    data: SessionData,
    signal: AbortSignal,
  ): Promise<Found | 'missing' | 'conflict'>;
}

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
export async function changeSessionData<Found extends { readonly session: Session }>(
  store: DataStore<Found>,
  ticket: SessionTicket,
  found: Found,
  change: SessionDataChange,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<Found> {
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
