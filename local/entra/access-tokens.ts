import { createHash, randomBytes } from 'node:crypto';
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from 'jose';
import type { EntraFaults } from './faults';
import {
  accessTokenIssuerOf,
  type B2cClaims,
  cloudOf,
  type EntraShape,
  type ExposedApi,
  findApi,
  issuerOf,
  isWorkforce,
  type RegisteredClient,
  type RegisteredClients,
  type UserFlow,
} from './registrations';
import { type AskedScopes, graphResource, permissionsFor, withoutDefault } from './scopes';
import { type SigningKey, type SigningKeys, signToken } from './signing-keys';
import { consumersTenantId, groupsClaim, type SeededUser } from './users';

/** Who issues tokens. */
export interface TokenIssuer {
  readonly keys: SigningKeys;
  readonly faults: EntraFaults;
  readonly shape: EntraShape;
  /** Issuers are made of it. */
  readonly origin: string;
  /** The tenant of the app. */
  readonly tenantId: string;
  /** The app whose roles the accounts have. */
  readonly mainClientId: string;
  readonly clients: RegisteredClients;
  readonly graphAudience: string;
  readonly apis: readonly ExposedApi[];
}

/** What an access token lets an app do for a person. */
export interface UserAccess {
  readonly client: RegisteredClient;
  readonly user: SeededUser;
  readonly asked: Pick<AskedScopes, 'resources' | 'permissions'>;
  /** All that the person has agreed to, as `AskedScopes.permissions`. */
  readonly agreed: readonly string[];
  /** Authentication contexts the person has satisfied. */
  readonly acrs: readonly string[];
  /** The person's session at the provider. */
  readonly sid?: string;
  /** When the person signed in at the provider, epoch seconds. */
  readonly authTime: number;
  /** The request's `claims`, a JSON text. */
  readonly claims?: string;
  /** The user flow of Azure AD B2C. */
  readonly flow?: UserFlow;
  /** Epoch seconds. */
  readonly now: number;
}

/**
 * Claims for one API, for an app that acts for a person. Tokens for Microsoft Graph have version 1; those for an exposed API
 * have the version that it registered.
 * https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function userTokenClaims(issuer: TokenIssuer, access: UserAccess): JWTPayload {
  const { user, asked, agreed, acrs, authTime, claims, sid, flow } = access;
  const [resource = graphResource] = asked.resources;
  const isGraph = resource === graphResource;
  const {
    api,
    isVersion2,
    claims: shared,
  } = claimsForApi(issuer, { ...access, resource, tenantId: user.tenantId });
  // If nobody is asked for consent, `.default` means all that people can be granted.
  const { permissions } = asked;
  const granted = isWorkforce(issuer.shape)
    ? permissions
    : withoutDefault(issuer.apis, permissions);
  // All scopes of this API that the person has agreed to, also those that are not in this request.
  const permitted =
    asked.resources.length === 0 ? [] : permissionsFor(resource, [...agreed, ...granted]);
  return {
    ...shared,
    name: user.name,
    ...(flow === undefined || b2cClaimsOf(issuer).hasObjectId ? { oid: user.objectId } : {}),
    ...(flow === undefined ? {} : { [b2cClaimsOf(issuer).flowClaim]: flow }),
    sub: pairwiseSubject(shared.aud, user),
    scp: [...permitted, ...(isGraph ? ['profile', 'openid', 'email'] : [])].join(' '),
    ...(sid === undefined ? {} : { sid }),
    ...(isVersion2
      ? { preferred_username: user.username }
      : { upn: user.userPrincipalName ?? user.username }),
    ...(api?.clientId === issuer.mainClientId && user.roles.length > 0
      ? { roles: user.roles }
      : {}),
    ...(acrs.length === 0 ? {} : { acrs }),
    ...(api?.clientId === issuer.mainClientId ? userGroups(issuer, user) : {}),
    ...typeClaim(api, 'user'),
    ...(api?.optionalClaims?.includes('auth_time') === true ? { auth_time: authTime } : {}),
    // The app said it can handle claims challenges (client capability cp1).
    ...(claims?.includes('"xms_cc"') === true ? { xms_cc: ['CP1'] } : {}),
  };
}

/** What the user flows of Azure AD B2C are configured to put into tokens. */
export function b2cClaimsOf({ faults }: TokenIssuer): B2cClaims {
  return { hasObjectId: faults.b2cObjectId.value, flowClaim: faults.b2cFlowClaim.value };
}

/** What an access token lets an app do as itself. */
export interface AppAccess {
  readonly client: RegisteredClient;
  /** `graphResource`, an App ID URI or a client id. */
  readonly resource: string;
  /** The tenant in which the app acts. */
  readonly tenantId: string;
  /** Application permissions. */
  readonly roles: readonly string[];
  /** Epoch seconds. */
  readonly now: number;
}

/**
 * Claims for one API, for an app that acts as itself: roles, and no scopes. `sub` and `oid` are the app's own object id in the
 * tenant. `idtyp` is always in tokens for Microsoft Graph, and in other tokens if the API has registered it.
 * https://learn.microsoft.com/entra/identity-platform/optional-claims-reference
 */
export function appTokenClaims(issuer: TokenIssuer, access: AppAccess): JWTPayload {
  const { client, roles, tenantId } = access;
  const { api, claims } = claimsForApi(issuer, access);
  const objectId = guidOf(`service principal|${tenantId}|${client.id}`);
  return {
    ...claims,
    oid: objectId,
    sub: objectId,
    ...(roles.length === 0 ? {} : { roles }),
    ...(api === undefined ? { idtyp: 'app' } : typeClaim(api, 'app')),
  };
}

/** The claim `groups` of tokens for the main app, if it has registered it. */
export function userGroups(issuer: TokenIssuer, user: SeededUser): JWTPayload {
  const { groupClaims, groupLimit, groupOverage } = issuer.faults;
  const registered = issuer.clients.find(issuer.mainClientId)?.groupMembershipClaims;
  const isNamed =
    groupClaims.value === 'always' ||
    (groupClaims.value === 'as-registered' && registered !== undefined);
  if (!isNamed) return {};
  return groupsClaim(user, {
    limit: groupLimit.value,
    overage: groupOverage.value,
    graph: cloudOf(issuer.shape).directoryGraph,
  });
}

function typeClaim(api: ExposedApi | undefined, type: 'app' | 'user'): JWTPayload {
  return api?.optionalClaims?.includes('idtyp') === true ? { idtyp: type } : {};
}

/** The claims that do not depend on whom the token is about. */
function claimsForApi(
  issuer: TokenIssuer,
  { client, resource, tenantId, now }: Omit<AppAccess, 'roles'>,
) {
  const api = findApi(issuer.apis, resource);
  const isVersion2 = issuer.shape === 'b2c' || api?.tokenVersion === 2;
  const ofVersion1 = resource === graphResource ? issuer.graphAudience : resource;
  const { shape, origin } = issuer;
  const claims = {
    aud: isVersion2 ? (api?.clientId ?? resource) : ofVersion1,
    iss: isVersion2
      ? issuerOf(shape, tenantId, origin)
      : accessTokenIssuerOf(shape, tenantId, origin),
    tid: tenantId,
    iat: now - 300,
    nbf: now - 300,
    exp: now + issuer.faults.accessTokenSeconds.value,
    ...(isVersion2
      ? {
          ver: issuer.shape === 'b2c' ? '1.0' : '2.0',
          azp: client.id,
          azpacr: credentialOf(client),
        }
      : { ver: '1.0', appid: client.id, appidacr: credentialOf(client) }),
    uti: randomBytes(16).toString('base64url'),
  };
  return { api, isVersion2, claims };
}

/** How the app proved itself: 0 not at all, 1 by a secret. */
function credentialOf({ isPublic }: RegisteredClient): string {
  return isPublic === true ? '0' : '1';
}

/** The claims as an access token. */
export async function signAccessToken(
  { keys }: TokenIssuer,
  claims: JWTPayload,
  client: RegisteredClient,
): Promise<string> {
  const key = await keyOfTenant(keys, claims['tid']);
  return signToken(claims, 'rs256', { keys, key, clientSecret: client.secret });
}

/** Personal accounts have a key of their own, which counts for them only. */
export async function keyOfTenant(keys: SigningKeys, tenantId: unknown): Promise<SigningKey> {
  return tenantId === consumersTenantId ? keys.ofConsumers() : keys.current();
}

/** The `sub` of a person differs between applications, and always stays the same in one of them. */
export function pairwiseSubject(application: string, user: SeededUser): string {
  return createHash('sha256').update(`${application}|${user.objectId}`).digest('base64url');
}

/** Always the same GUID for a text. */
export function guidOf(text: string): string {
  const hash = createHash('sha256').update(text).digest('hex');
  return hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

/** Checks the access tokens of one API. */
export interface TokenVerifier {
  /** The API's reason to refuse, or the claims. */
  verify(token: string): Promise<{ readonly claims: JWTPayload } | { readonly reason: TokenFault }>;
}

/** Why an API refuses a token. */
export type TokenFault = 'expired' | 'audience' | 'claims' | 'signature';

/**
 * Verifies tokens as an API of the tenant does: signature, issuer, audience and times. An unknown `kid` fetches the keys again
 * at once.
 */
export function createTokenVerifier(options: {
  /** The JWKS of the organisations. */
  readonly keysUrl: string;
  /** The JWKS of personal accounts. */
  readonly consumersKeysUrl?: string | undefined;
  readonly issuers: readonly string[];
  readonly audiences: readonly string[];
  readonly requiredClaims?: readonly string[];
}): TokenVerifier {
  const keys = createKeys(options.keysUrl, options.consumersKeysUrl);
  const rules = {
    issuer: [...options.issuers],
    audience: [...options.audiences],
    algorithms: ['RS256'],
    requiredClaims: ['exp', ...(options.requiredClaims ?? [])],
  };
  return {
    async verify(token) {
      try {
        return { claims: await verifyByAnyKey(token, keys, rules) };
      } catch (error) {
        return { reason: faultOf(error) };
      }
    },
  };
}

function createKeys(keysUrl: string, consumersKeysUrl: string | undefined): JWTVerifyGetKey {
  const fetchFrom = (url: string) => createRemoteJWKSet(new URL(url), { cooldownDuration: 0 });
  const keys = fetchFrom(keysUrl);
  if (consumersKeysUrl === undefined) return keys;
  const consumersKeys = fetchFrom(consumersKeysUrl);
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      return consumersKeys(header, token);
    }
  };
}

async function verifyByAnyKey(
  token: string,
  keys: JWTVerifyGetKey,
  rules: Parameters<typeof jwtVerify>[2],
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, rules)).payload;
  } catch (error) {
    // The list may name a key twice: any of them may fit.
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, rules)).payload;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function faultOf(error: unknown): TokenFault {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (!(error instanceof errors.JWTClaimValidationFailed)) return 'signature';
  return error.claim === 'aud' ? 'audience' : 'claims';
}
