import { decodeProtectedHeader, type JWTPayload } from 'jose';
import * as v from 'valibot';
import { type SignInFacts, skewSeconds } from '../entra/claims-challenge';
import {
  checkTenant,
  failedCheck,
  maxRoles,
  optionalText,
  role,
  shownText,
  text,
  verifySignature,
} from '../entra/id-token';
import type { RelyingParty } from '../entra/msal';
import { isWorkforceTenant } from '../entra/provider-documents';
import { checkOrigin, countingRoles, foreignPolicy } from '../entra/tenants';
import type { ErrorCode } from '../error-facts';
import { AppError } from '../errors';
import { type User, userKeyOf } from '../sessions/session';

/** The app that sent a bearer token. */
export interface Client {
  /** Its application (client) id: the claim `azp`, or `appid` in a v1.0 token. */
  readonly id: string;
  /** The object id of its service principal, in a token that the app got for itself. Undefined in a person's token. */
  readonly objectId: string | undefined;
  /**
   * The tenant of its service principal (`tid`), in a token that the app got for itself. If several tenants sign in, check
   * it before you return data of one tenant: the administrators of each tenant give your roles to their own apps. Undefined
   * in a person's token: see `user.tenantId`.
   */
  readonly tenantId: string | undefined;
  /** What it may do for the person: the claim `scp`. Empty in a token that the app got for itself. */
  readonly scopes: readonly string[];
  /** Its own app roles, in a token that the app got for itself. Empty in a person's token: see `user.roles`. */
  readonly roles: readonly string[];
}

/** An access token for this app that passed every check. */
export interface BearerToken extends SignInFacts {
  /** Undefined when an app sent a token of its own, without a person. */
  readonly user: User | undefined;
  readonly client: Client;
  /** The token itself, to get another one on behalf of its user. */
  readonly assertion: string;
}

interface Expectation {
  /** The App ID URI: `API_AUDIENCE`. */
  readonly audience: string;
  /** Epoch seconds. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** The Functions host takes 32 KiB of headers in all. */
const maxLength = 32 * 1024;

/**
 * Verifies an access token for this app, of v2.0 or v1.0. An ID token has the same issuer, audience and keys, so the token must
 * also show what only an access token has. Nothing is read from storage.
 * @see https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-tokens, RFC 9068 section 4
 * @throws ERR_BEARER_TOKEN with the name of the failed check, ERR_PROVIDER_UNAVAILABLE when the keys cannot be fetched
 */
export async function verifyBearerToken(
  { settings, provider }: Pick<RelyingParty, 'settings' | 'provider'>,
  token: string,
  { audience, now, signal }: Expectation,
): Promise<BearerToken> {
  if (token.length > maxLength) throw tokenRefused('size');
  try {
    checkHeader(token);
    const { payload, keyIssuer } = await verifySignature(provider, token, tokenRefused, signal, {
      algorithms: ['RS256'],
      audience: [settings.clientId, audience, `${audience}/`],
      requiredClaims: ['exp', 'iat', 'iss', 'sub'],
      clockTolerance: skewSeconds,
      currentDate: new Date(now * 1000),
    });
    const claims = readClaims(payload);
    const { issuer: stated } = await provider.metadata(signal);
    const issuer = issuerOf(claims, stated, keyIssuer, settings);
    const foreign = foreignPolicy(settings.authority, payload);
    if (foreign !== undefined) throw tokenRefused(foreign);
    // jose looks at `iat` only when a maximum age is given.
    if (claims.iat > now + skewSeconds) throw tokenRefused('iat');
    // A token for several APIs could be sent on from one of them to the others.
    if ([payload.aud].flat().length !== 1) throw tokenRefused('aud');
    // Only its holder may use such a token, and must prove that it has a key (RFC 7800, RFC 9449 section 7.2).
    if (payload['cnf'] !== undefined) throw tokenRefused('cnf');
    checkTenant({ tenantId: claims.tid, issuer }, settings);
    const roles = countingRoles(settings, claims.tid, [claims.roles].flat());
    return { ...callerOf({ ...claims, roles: [...roles] }, issuer), assertion: token };
  } catch (error) {
    if (!(error instanceof AppError)) throw tokenRefused(failedCheck(error));
    throw tenantErrors.includes(error.code) ? tokenRefused('tid') : error;
  }
}

/** The error for a token that failed a check. The client is told its name. */
export function tokenRefused(check: string): AppError {
  return new AppError('ERR_BEARER_TOKEN', { note: `the token failed the check of ${check}` });
}

/** `at+jwt` is RFC 9068. Other types are for other uses: a logout token, or the proof of a key. */
const types = /^(application\/)?(jwt|at\+jwt)$/i;

/** Members that bring or name a key, such as `jwk` and `jku`, are never read: keys come from the provider's metadata alone. */
function checkHeader(token: string): void {
  const { typ, kid } = decodeProtectedHeader(token);
  if (typ !== undefined && (typeof typ !== 'string' || !types.test(typ))) throw tokenRefused('typ');
  if (typeof kid !== 'string' || kid === '') throw tokenRefused('kid');
}

const maxScopesLength = 8 * 1024;
const textList = v.optional(v.union([v.array(role), role]), () => []);
const maybeNumber = v.optional(v.pipe(v.number(), v.finite()), (): undefined => undefined);

/** https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference */
const claimsSchema = v.object({
  iss: text,
  sub: text,
  oid: optionalText,
  tid: optionalText,
  ver: optionalText,
  azp: optionalText,
  appid: optionalText,
  idtyp: optionalText,
  scp: v.optional(v.pipe(v.string(), v.maxLength(maxScopesLength)), ''),
  roles: textList,
  acrs: textList,
  auth_time: maybeNumber,
  iat: v.pipe(v.number(), v.finite()),
  name: shownText,
  preferred_username: shownText,
  upn: shownText,
  unique_name: shownText,
});

type Claims = v.InferOutput<typeof claimsSchema>;

function readClaims(payload: JWTPayload): Claims {
  const read = v.safeParse(claimsSchema, payload, { abortEarly: true });
  if (!read.success) throw tokenRefused(String(read.issues[0].path?.[0].key));
  return read.output;
}

/** The errors about an account's tenant. A client is told which check failed, as for any other claim. */
const tenantErrors: readonly string[] = [
  'ERR_WRONG_TENANT',
  'ERR_TENANT_NOT_ALLOWED',
  'ERR_PERSONAL_ACCOUNT',
] satisfies ErrorCode[];

/**
 * The checked issuer, in the form of version 2.0. A registration whose `requestedAccessTokenVersion` is not 2 gets tokens of
 * version 1.0, which name another issuer. Only workforce tenants of Entra ID send them.
 */
function issuerOf(
  { iss, tid, ver }: Claims,
  stated: string,
  keyIssuer: string | undefined,
  { authority, issuer }: RelyingParty['settings'],
): string {
  const isWorkforce = isWorkforceTenant(authority, issuer);
  // Azure AD B2C says 1.0 beside an issuer of version 2.0.
  const version = isWorkforce ? ver : '2.0';
  if (version !== '1.0' && version !== '2.0') throw tokenRefused('ver');
  if (isWorkforce && tid === undefined) throw tokenRefused('tid');
  const origin = checkOrigin(stated, { iss, tid, keyIssuer, version });
  if ('failed' in origin) throw tokenRefused(origin.failed);
  return origin.issuer;
}

/**
 * Who calls. A person's token has scopes (`scp`), and an app's own token has none. An ID token has no scopes either, nor `azp`.
 * @see https://learn.microsoft.com/entra/identity-platform/claims-validation
 */
function callerOf(claims: Claims, issuer: string): Omit<BearerToken, 'assertion'> {
  const { sub: subject, oid: objectId, tid: tenantId, azp, appid, idtyp } = claims;
  const id = azp ?? appid;
  if (id === undefined) throw tokenRefused('azp');
  const scopes = claims.scp.split(' ').filter((scope) => scope !== '');
  const roles = [claims.roles].flat();
  if (scopes.length > maxRoles) throw tokenRefused('scp');
  if (roles.length > maxRoles) throw tokenRefused('roles');
  const facts = { acrs: [claims.acrs].flat(), authTime: claims.auth_time };
  if (scopes.length === 0) {
    // `idtyp` is an optional claim. Without it, the subject of an app's own token is the app itself.
    const isOfApp = idtyp === undefined ? subject === objectId : idtyp === 'app';
    if (!isOfApp) throw tokenRefused('scp');
    return { ...facts, user: undefined, client: { id, objectId, tenantId, scopes, roles } };
  }
  if (idtyp !== undefined && idtyp !== 'user') throw tokenRefused('idtyp');
  const { preferred_username, upn, unique_name } = claims;
  const username = preferred_username ?? upn ?? unique_name ?? '';
  const { name = username } = claims;
  // A person has the same key in a session, a v1.0 token and a v2.0 token.
  const userKey = userKeyOf(issuer, objectId, subject);
  return {
    ...facts,
    user: { userKey, issuer, subject, objectId, tenantId, name, username, roles },
    client: { id, objectId: undefined, tenantId: undefined, scopes, roles: [] },
  };
}
