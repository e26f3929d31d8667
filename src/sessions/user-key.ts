import { createHash } from 'node:crypto';

/**
 * base64url SHA-256 of JSON `[iss, oid ?? sub]`, 43 characters: the same person of one provider
 * always has the same key. `oid` is preferred because `sub` differs from app to app.
 */
export function userKeyOf(issuer: string, objectId: string | undefined, subject: string): string {
  const identity = JSON.stringify([issuer, objectId ?? subject]);
  return createHash('sha256').update(identity).digest('base64url');
}
