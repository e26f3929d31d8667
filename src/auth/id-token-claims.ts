import type { JWTPayload } from 'jose';
import { AppError } from '../errors';
import type { User } from '../sessions/session';
import { userKeyOf } from '../sessions/user-key';

/** What an ID token tells about its user, each claim bounded. */
export interface IdTokenClaims {
  readonly user: User;
  /** The provider's session id, for front-channel logout. */
  readonly sid: string | undefined;
  /** The optional claim `login_hint`, for signing out. */
  readonly loginHint: string | undefined;
  readonly nonce: string | undefined;
  /** Epoch seconds. */
  readonly issuedAt: number;
}

const maxText = 256;
const maxLoginHint = 1024;
/** Entra ID puts up to 200 groups into a token. They can be sent as roles, and then come with the roles themselves. */
const maxRoles = 500;

/** A claim is missing, of another type or too long. `claim` is its name, never its value. */
export class ClaimFault extends Error {
  override readonly name = 'ClaimFault';
  readonly claim: string;

  constructor(claim: string) {
    super(`the claim ${claim} is missing or malformed`);
    this.claim = claim;
  }
}

/**
 * Reads the claims of an ID token whose signature, issuer, audience and times are already checked.
 * @see https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
 * @throws ClaimFault, ERR_TOO_MANY_ROLES
 */
export function readIdTokenClaims(payload: JWTPayload, issuer: string): IdTokenClaims {
  const subject = requiredText(payload, 'sub');
  const objectId = optionalText(payload, 'oid');
  const username = shownText(payload, 'preferred_username') ?? '';
  return {
    user: {
      userKey: userKeyOf(issuer, objectId, subject),
      issuer,
      subject,
      objectId,
      tenantId: optionalText(payload, 'tid'),
      name: shownText(payload, 'name') ?? username,
      username,
      roles: readRoles(payload['roles']),
    },
    sid: usableText(payload, 'sid'),
    loginHint: usableText(payload, 'login_hint', maxLoginHint),
    nonce: optionalText(payload, 'nonce'),
    issuedAt: requiredNumber(payload, 'iat'),
  };
}

function requiredText(payload: JWTPayload, claim: string): string {
  const text = optionalText(payload, claim);
  if (text === undefined) throw new ClaimFault(claim);
  return text;
}

/** An empty text is a fault: two users without `oid` must never share one. */
function optionalText(payload: JWTPayload, claim: string): string | undefined {
  const value = payload[claim];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '' || value.length > maxText)
    throw new ClaimFault(claim);
  return value;
}

/** For convenience only: one that cannot be used counts as absent, and nobody is kept out for it. */
function usableText(payload: JWTPayload, claim: string, max = maxText): string | undefined {
  const value = payload[claim];
  return typeof value === 'string' && value !== '' && value.length <= max ? value : undefined;
}

/** For showing: cut where it is too long. */
function shownText(payload: JWTPayload, claim: string): string | undefined {
  const value = payload[claim];
  return typeof value === 'string' && value !== '' ? value.slice(0, maxText) : undefined;
}

function requiredNumber(payload: JWTPayload, claim: string): number {
  const value = payload[claim];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ClaimFault(claim);
  return value;
}

/** Some providers send a single role as a text. */
function readRoles(value: unknown): readonly string[] {
  if (value === undefined) return [];
  const listed: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (listed.length > maxRoles) {
    const note = `the ID token has ${listed.length} roles, more than ${maxRoles}`;
    throw new AppError('ERR_TOO_MANY_ROLES', { note });
  }
  return listed.map((role) => {
    if (typeof role !== 'string' || role.length > maxText) throw new ClaimFault('roles');
    return role;
  });
}
