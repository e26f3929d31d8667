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
