import { createHash, randomBytes } from 'node:crypto';

/** Who someone is and how long that lasts. Pure: whoever asks says what time it is. */

/** The verified person behind a session, from the claims of the last verified ID token. */
export interface User {
  /** base64url SHA-256 of JSON `[iss, oid ?? sub]`: the storage partition; its prefix stands in logs. */
  readonly userKey: string;
  readonly issuer: string;
  readonly subject: string;
  readonly objectId: string | undefined;
  readonly tenantId: string | undefined;
  readonly name: string;
  /** `preferred_username`: for showing only, it can change hands. */
  readonly username: string;
  readonly roles: readonly string[];
}

/** A signed-in browser. Times are epoch seconds. */
export interface Session {
  readonly user: User;
  /** The provider's session id, for front-channel logout. */
  readonly sid: string | undefined;
  /** The optional claim `login_hint`, sent back as `logout_hint` at sign-out. */
  readonly loginHint: string | undefined;
  /** When the session was opened by a step-up; one that is asked for again at once does not help. */
  readonly steppedUpAt: number | undefined;
  /** The names of the step-ups that led to it, within a minute of each other; `undefined` when they are not known. */
  readonly stepUps: readonly string[] | undefined;
  /** When the last ID token was verified. */
  readonly verifiedAt: number;
  readonly createdAt: number;
  readonly idleExpiresAt: number;
  readonly expiresAt: number;
}

/** What the session cookie holds: where the session lies, and the id that opens it. */
export interface SessionTicket {
  readonly userKey: string;
  /** 32 random bytes, base64url. Only the browser keeps it. */
  readonly sessionId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
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
 * The session's next idle limit, or `undefined` while more than half of its idle time is left:
 * renewing on every request would cost a storage write on every request.
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
 * What a session is stored under: base64url SHA-256 of the session id's bytes. The id cannot be
 * learned from it, so a copied table names no session that could be opened.
 */
export function sessionKeyOf(sessionId: string): string {
  return createHash('sha256').update(sessionIdBytes(sessionId)).digest('base64url');
}

/** The 32 bytes of a session id. */
export function sessionIdBytes(sessionId: string): Uint8Array {
  return Buffer.from(sessionId, 'base64url');
}

export const sessionPrefix = 'session:';
export const tokensPrefix = 'tokens:';

/** The row key of a session's claims and times. */
export function sessionRowKey(sessionKey: string): string {
  return sessionPrefix + sessionKey;
}

/** The row key of a session's token cache, in the same partition. */
export function tokensRowKey(sessionKey: string): string {
  return tokensPrefix + sessionKey;
}

/**
 * base64url SHA-256 of JSON `[iss, oid ?? sub]`, 43 characters: the same person of one provider
 * always has the same key. `oid` is preferred because `sub` differs from app to app.
 */
export function userKeyOf(issuer: string, objectId: string | undefined, subject: string): string {
  const identity = JSON.stringify([issuer, objectId ?? subject]);
  return createHash('sha256').update(identity).digest('base64url');
}

/**
 * About when a session was last used, in epoch seconds. Its row is rewritten only once less than half of the idle time
 * is left, so it may have been used up to half of that time later than this.
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
 * Browser and system in our own words, such as `Chrome on Windows`, for people who look through
 * lists of sessions. Nothing of the `User-Agent` header itself is kept.
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
