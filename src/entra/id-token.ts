import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyOptions,
} from 'jose';
import * as v from 'valibot';
import { AppError, StepUpUnmetError, TenantRefusedError } from '../errors';
import { type User, userKeyOf } from '../sessions/session';
import { guidForm } from '../setting-values';
import { type SignInDemands, skewSeconds, unmetDemand } from './claims-challenge';
import type { RelyingParty, RelyingPartySettings } from './msal';
import type { Provider } from './provider';
import {
  checkOrigin,
  countingRoles,
  foreignPolicy,
  isAllowedTenant,
  namesTenant,
  type TenantSettings,
} from './tenants';

/** An ID token that passed every check. */
export interface VerifiedIdToken {
  readonly user: User;
  /** The provider's session id, for front-channel logout. */
  readonly sid: string | undefined;
  /** The optional claim `login_hint`, for signing out. */
  readonly loginHint: string | undefined;
  readonly nonce: string | undefined;
  /** Epoch seconds. */
  readonly issuedAt: number;
  /** Authentication contexts that the person has met. `undefined` when the token says nothing of them. */
  readonly acrs: readonly string[] | undefined;
  /** When the person was asked for credentials, epoch seconds. An optional claim; with `max_age` it is always there. */
  readonly authTime: number | undefined;
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
  /** What the authorization request demanded of the sign-in. */
  readonly demands?: SignInDemands | undefined;
  /** Epoch seconds. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** An ID token with five hundred long roles is far smaller. */
const maxLength = 256 * 1024;

/**
 * Verifies an ID token. MSAL Node checks nothing but the nonce, and that on the first token only.
 * @see OpenID Connect Core 1.0 sections 3.1.3.7 and 12.2
 * @throws ERR_ID_TOKEN with the name of the failed check, ERR_STEP_UP_UNMET, ERR_TOKEN_SIZE, ERR_TOO_MANY_ROLES,
 *   ERR_WRONG_TENANT when `tid` is another tenant's, ERR_TENANT_NOT_ALLOWED and ERR_PERSONAL_ACCOUNT when it is not on
 *   the list of the settings, ERR_PROVIDER_UNAVAILABLE when the keys cannot be fetched
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
    const { payload, keyIssuer } = await verifySignature(
      provider,
      idToken,
      refused,
      expected.signal,
      {
        algorithms: ['RS256'],
        audience: settings.clientId,
        requiredClaims: ['exp', 'iat', 'sub'],
        clockTolerance: skewSeconds,
        currentDate: new Date(expected.now * 1000),
      },
    );
    const { iss, tid } = payload;
    const { issuer: stated } = await provider.metadata(expected.signal);
    const origin = checkOrigin(stated, { iss, tid, keyIssuer });
    if ('failed' in origin) throw refused(origin.failed);
    const foreign = foreignPolicy(settings.authority, payload);
    if (foreign !== undefined) throw refused(foreign);
    const read = readClaims(payload, origin.issuer);
    checkParties(payload, settings.clientId);
    checkClaims(read, expected);
    checkFormer(payload, expected.former ?? []);
    checkTenant(read.user, settings);
    if (expected.demands !== undefined) checkDemands(read, expected.demands, expected.now);
    const { tenantId, roles } = read.user;
    return { ...read, user: { ...read.user, roles: countingRoles(settings, tenantId, roles) } };
  } catch (error) {
    throw error instanceof AppError ? error : refused(failedCheck(error));
  }
}

/**
 * The claims of a token that the provider signed, with `RS256` only. Each key that has the token's `kid` is tried, since key
 * sets may list one twice (RFC 7517 section 4.5).
 * @param refused makes the error of a check that failed
 * @throws that error, what jose throws for a claim of `options`, ERR_PROVIDER_UNAVAILABLE when the keys cannot be fetched
 */
export async function verifySignature(
  provider: Provider,
  token: string,
  refused: (check: string) => AppError,
  signal: AbortSignal,
  options: JWTVerifyOptions,
): Promise<{ readonly payload: JWTPayload; readonly keyIssuer: string | undefined }> {
  const { alg, kid } = decodeProtectedHeader(token);
  if (alg !== 'RS256') throw refused('alg');
  // jose takes base64 with padding too. Each token has one form only (RFC 7515 section 2).
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) throw refused('form');
  const keys = await provider.findKeys({ alg, kid }, signal);
  if (keys.length === 0) throw refused('kid');
  for (const { key, issuer: keyIssuer } of keys) {
    try {
      const { payload } = await jwtVerify(token, key, options);
      return { payload, keyIssuer };
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

/** Each ID token is made for the request that it answers. Clocks never differ by so much. */
const maxAgeSeconds = 86_400;

function checkClaims(read: VerifiedIdToken, { nonce, user, now }: Expectation): void {
  // jose looks at `iat` only when a maximum age is given.
  const isRecent = read.issuedAt <= now + skewSeconds && read.issuedAt > now - maxAgeSeconds;
  if (!isRecent) throw refused('iat');
  if (nonce !== undefined && read.nonce !== nonce) throw refused('nonce');
  if (user === undefined) return;
  if (read.user.issuer !== user.issuer) throw refused('iss of the session');
  if (read.user.subject !== user.subject) throw refused('sub of the session');
  if (read.user.objectId !== user.objectId) throw refused('oid of the session');
}

/**
 * A refresh is about the same sign-in, not about another one: the same parties, never an earlier `auth_time`, no other
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

/** Providers may ignore what a request demands, so the token must show it. */
function checkDemands(
  { acrs = [], authTime }: VerifiedIdToken,
  demands: SignInDemands,
  now: number,
) {
  const unmet = unmetDemand({ acrs, authTime }, demands, now);
  if (unmet !== undefined) throw new StepUpUnmetError(unmet);
}

/**
 * Azure AD B2C sends no `tid`; there the exact issuer stands for the tenant. If the settings have a domain name, the
 * issuer has the GUID of the tenant.
 * @throws ERR_WRONG_TENANT, ERR_TENANT_NOT_ALLOWED, ERR_PERSONAL_ACCOUNT
 */
export function checkTenant(
  { tenantId, issuer }: Pick<User, 'tenantId' | 'issuer'>,
  settings: Pick<RelyingPartySettings, 'tenantId' | 'allowedTenants'>,
): void {
  requireAllowedTenant(settings, tenantId);
  if (tenantId === undefined) return;
  const tid = tenantId.toLowerCase();
  const isOurs = guidForm.test(settings.tenantId)
    ? tid === settings.tenantId.toLowerCase()
    : namesTenant(issuer, tid);
  if (!isOurs) throw new AppError('ERR_WRONG_TENANT', { note: 'tid differs from ENTRA_TENANT_ID' });
}

/** Names the check. jose's errors carry the claims, so they are not kept as `cause`. */
export function failedCheck(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'exp';
  if (error instanceof errors.JWTClaimValidationFailed) return error.claim;
  return 'form';
}

function refused(check: string): AppError {
  return new AppError('ERR_ID_TOKEN', { note: `the ID token failed the check of ${check}` });
}

const maxText = 256;
const maxLoginHint = 1024;
/** Entra ID puts up to 200 groups into a token. They can be sent as roles, and then come together with the roles. */
export const maxRoles = 500;
const maxContexts = 100;

// With a function for the default, the member is always there. The type of a user has no optional members.
const absent = (): undefined => undefined;

/** An empty text is a fault: two users without `oid` must never share one. */
export const text = v.pipe(v.string(), v.minLength(1), v.maxLength(maxText));
export const optionalText = v.optional(text, absent);

/** For convenience only. A text that cannot be used counts as absent, and the person is signed in all the same. */
function usableText(max: number) {
  const usable = v.pipe(v.string(), v.minLength(1), v.maxLength(max));
  return v.fallback(v.optional(usable, absent), absent);
}

/** For showing: cut when it is too long. */
export const shownText = v.fallback(
  v.optional(
    v.pipe(
      v.string(),
      v.minLength(1),
      v.transform((shown) => shown.slice(0, maxText)),
    ),
    absent,
  ),
  absent,
);

/**
 * Groups that Entra ID sends as roles may have the name of a domain before their own: 255 characters, `\`, 256 characters.
 * @see https://learn.microsoft.com/entra/identity-platform/optional-claims#configure-groups-optional-claims
 */
const maxRoleLength = 512;

export const role = v.pipe(v.string(), v.maxLength(maxRoleLength));

/** Entra ID has `c1` to `c99`, and sends an array. Other providers may send one as a text. */
const context = v.pipe(v.string(), v.minLength(1), v.maxLength(maxText));
const contexts = v.pipe(v.array(context), v.maxLength(maxContexts));

/** https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference */
const claimsSchema = v.object({
  sub: text,
  oid: optionalText,
  tid: optionalText,
  name: shownText,
  preferred_username: shownText,
  upn: shownText,
  email: shownText,
  emails: v.fallback(v.optional(v.array(shownText), absent), absent),
  // Some providers send a single role as a text.
  roles: v.optional(v.union([v.array(role), role]), () => []),
  sid: usableText(maxText),
  login_hint: usableText(maxLoginHint),
  // A guard that needs one of these asks for it again when it cannot be used.
  acrs: v.fallback(v.optional(v.union([contexts, context]), absent), absent),
  auth_time: v.fallback(v.optional(v.pipe(v.number(), v.finite()), absent), absent),
  nonce: optionalText,
  iat: v.pipe(v.number(), v.finite()),
});

/**
 * Reads the claims of an ID token whose signature, issuer, audience and times are already checked.
 * @throws ERR_ID_TOKEN with the name of a claim that is missing, of another type or too long; ERR_TOO_MANY_ROLES
 */
function readClaims(payload: JWTPayload, issuer: string): VerifiedIdToken {
  const read = v.safeParse(claimsSchema, payload, { abortEarly: true });
  if (!read.success) throw refused(String(read.issues[0].path?.[0].key));
  const { sub: subject, oid: objectId, tid: tenantId, ...claims } = read.output;
  const roles = [claims.roles].flat();
  if (roles.length > maxRoles) {
    const note = `the ID token has ${roles.length} roles, more than ${maxRoles}`;
    throw new AppError('ERR_TOO_MANY_ROLES', { note });
  }
  const { preferred_username: usual, upn, email, emails = [] } = claims;
  // Azure AD B2C sends no `preferred_username`, and some providers send none of them.
  const username = usual ?? upn ?? email ?? emails[0] ?? '';
  const { name = username === '' ? (objectId ?? subject) : username } = claims;
  const userKey = userKeyOf(issuer, objectId, subject);
  return {
    user: { userKey, issuer, subject, objectId, tenantId, name, username, roles },
    sid: claims.sid,
    loginHint: claims.login_hint,
    nonce: claims.nonce,
    issuedAt: claims.iat,
    acrs: claims.acrs === undefined ? undefined : [claims.acrs].flat(),
    authTime: claims.auth_time,
    claims: payload,
  };
}

/**
 * Refuses an account of a tenant that is not on the list.
 * @throws a TenantRefusedError
 */
function requireAllowedTenant(
  settings: Pick<TenantSettings, 'allowedTenants'>,
  tenantId: string | undefined,
): void {
  if (!isAllowedTenant(settings, tenantId)) throw new TenantRefusedError(tenantId ?? 'none');
}
