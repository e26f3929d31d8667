import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyOptions,
} from 'jose';
import { AppError } from '../errors';
import { type User, userKeyOf } from '../sessions/session';
import type { RelyingParty } from './msal';
import type { Provider } from './provider';

/** An ID token that passed every check. */
export interface VerifiedIdToken extends IdTokenClaims {
  /** All claims, as the provider sent them. */
  readonly claims: Readonly<JWTPayload>;
}

interface Expectation {
  /** The attempt's nonce; absent on a refresh, whose ID token carries none. */
  readonly nonce?: string;
  /** On a refresh: whose session this is. */
  readonly user?: Pick<User, 'issuer' | 'subject' | 'objectId'>;
  /** On a refresh: the ID tokens that the session has, verified when they came. */
  readonly former?: readonly string[];
  /** What the authorization request demanded of the sign-in itself. */
  readonly demands?: SignInDemands;
  /** Epoch seconds. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** A provider may ignore a demand, so the ID token must show that it was met. */
export interface SignInDemands {
  /** Authentication contexts (`acrs`), one of which must have been met. */
  readonly acrs?: readonly string[];
  /** The token must tell when the user was asked for credentials. */
  readonly authTime?: boolean;
  /** How long ago that may be: `max_age` of the request, in seconds. */
  readonly maxAgeSeconds?: number;
}

/** How far the provider's clock and ours may differ. */
const skewSeconds = 60;
/** Far above an ID token with five hundred long roles. */
const maxLength = 256 * 1024;

/**
 * Verifies an ID token: MSAL Node checks nothing but the nonce, and that on the first one only.
 * @see OpenID Connect Core 1.0 sections 3.1.3.7 and 12.2
 * @throws ERR_ID_TOKEN with the name of the failed check, ERR_TOKEN_SIZE, ERR_TOO_MANY_ROLES,
 *   ERR_WRONG_TENANT when `tid` is another tenant's, ERR_PROVIDER_UNAVAILABLE when the keys cannot be fetched
 */
export async function verifyIdToken(
  { settings, provider }: Pick<RelyingParty, 'settings' | 'provider'>,
  idToken: string,
  expected: Expectation,
): Promise<VerifiedIdToken> {
  if (idToken.length > maxLength) {
    const note = `the ID token has ${idToken.length} characters, more than ${maxLength}`;
    throw new AppError('ERR_TOKEN_SIZE', { note });
  }
  try {
    const payload = await verifySignature(provider, idToken, expected.signal, {
      algorithms: ['RS256'],
      issuer: settings.issuer,
      audience: settings.clientId,
      requiredClaims: ['exp', 'iat', 'sub'],
      clockTolerance: skewSeconds,
      currentDate: new Date(expected.now * 1000),
    });
    const read = readIdTokenClaims(payload, settings.issuer);
    checkParties(payload, settings.clientId);
    checkClaims(read, expected);
    checkFormer(payload, expected.former ?? []);
    checkDemands(payload, expected.demands ?? {}, expected.now);
    checkTenant(read.user, settings.tenantId);
    return { ...read, claims: payload };
  } catch (error) {
    throw error instanceof AppError ? error : refused(failedCheck(error));
  }
}

/** Each key that has the token's `kid` is tried, since key sets may list one twice (RFC 7517 section 4.5). */
async function verifySignature(
  provider: Provider,
  token: string,
  signal: AbortSignal,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  const { alg, kid } = decodeProtectedHeader(token);
  if (alg !== 'RS256') throw refused('alg');
  const keys = await provider.findKeys({ alg, kid }, signal);
  if (keys.length === 0) throw refused('kid');
  for (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw refused('signature');
}

/** A token for several parties must name us as the one it was issued to. */
function checkParties(payload: JWTPayload, clientId: string): void {
  const { aud, azp } = payload;
  const isForSeveral = Array.isArray(aud) && aud.length > 1;
  if (azp === undefined ? isForSeveral : azp !== clientId) throw refused('azp');
}

function checkClaims(read: IdTokenClaims, { nonce, user, now }: Expectation): void {
  // jose looks at `iat` only when a maximum age is given.
  if (read.issuedAt > now + skewSeconds) throw refused('iat');
  if (nonce !== undefined && read.nonce !== nonce) throw refused('nonce');
  if (user === undefined) return;
  if (read.user.issuer !== user.issuer) throw refused('iss of the session');
  if (read.user.subject !== user.subject) throw refused('sub of the session');
  if (read.user.objectId !== user.objectId) throw refused('oid of the session');
}

/**
 * A refresh tells of the sign-in that was, not of another one: the same parties, never an earlier `auth_time`, no other
 * `nonce`.
 * @see OpenID Connect Core 1.0 section 12.2
 */
function checkFormer(payload: JWTPayload, tokens: readonly string[]): void {
  for (const former of tokens.map((token) => decodeJwt(token))) {
    if (payload['azp'] !== former['azp']) throw refused('azp of the session');
    const audience = new Set([payload.aud].flat());
    if (![former.aud].flat().every((party) => audience.has(party))) {
      throw refused('aud of the session');
    }
    const { nonce, auth_time: authTime } = payload;
    if (nonce !== undefined && nonce !== former['nonce']) throw refused('nonce of the session');
    const before = former['auth_time'];
    if (typeof before === 'number' && typeof authTime === 'number' && authTime < before) {
      throw refused('auth_time of the session');
    }
  }
}

/** @see OpenID Connect Core 1.0 section 3.1.3.7 (13) and https://learn.microsoft.com/entra/identity-platform/developer-guide-conditional-access-authentication-context */
function checkDemands(payload: JWTPayload, demands: SignInDemands, now: number): void {
  const { acrs, authTime, maxAgeSeconds } = demands;
  const met = [payload['acrs']].flat();
  if (acrs !== undefined && !acrs.some((context) => met.includes(context))) throw refused('acrs');
  if (authTime !== true && maxAgeSeconds === undefined) return;
  const at = payload['auth_time'];
  const isTold = typeof at === 'number' && Number.isFinite(at) && at <= now + skewSeconds;
  if (!isTold || now > at + (maxAgeSeconds ?? Infinity) + skewSeconds) throw refused('auth_time');
}

/** Azure AD B2C sends no `tid`; there the exact issuer stands for the tenant. */
function checkTenant({ tenantId }: User, expected: string): void {
  if (tenantId !== undefined && tenantId.toLowerCase() !== expected.toLowerCase()) {
    throw new AppError('ERR_WRONG_TENANT', { note: 'tid differs from ENTRA_TENANT_ID' });
  }
}

/** Names the check. jose's errors carry the claims, so they are not kept as `cause`. */
function failedCheck(error: unknown): string {
  if (error instanceof ClaimFault) return error.claim;
  if (error instanceof errors.JWTExpired) return 'exp';
  if (error instanceof errors.JWTClaimValidationFailed) return error.claim;
  return 'form';
}

function refused(check: string): AppError {
  return new AppError('ERR_ID_TOKEN', { note: `the ID token failed the check of ${check}` });
}

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
