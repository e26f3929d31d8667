import { createHash, randomBytes } from 'node:crypto';

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
