import { createHash } from 'node:crypto';

/** `<period>.<8 characters of the secret's SHA-256>`: 48 bits of a hash of 256 random bits tell nothing. */
export function kidOf(period: number, secret: Uint8Array): string {
  const hash = createHash('sha256').update('anteroom kid\0').update(secret).digest('base64url');
  return `${period}.${hash.slice(0, 8)}`;
}

/** Whether a text from outside may be looked up in the ring at all. */
export function isKid(kid: unknown): kid is string {
  return typeof kid === 'string' && /^\d{1,6}\.[A-Za-z0-9_-]{8}$/.test(kid);
}
