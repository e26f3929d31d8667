import { createHash, randomBytes } from 'node:crypto';
import type { JWTPayload } from 'jose';
import * as v from 'valibot';
import { textOf } from '../loopback/control';
import type { EntraFaults } from './faults';
import {
  consumersTenantId,
  type ExposedApi,
  findApi,
  groupsClaim,
  guidOf,
  type RegisteredClient,
  type RegisteredClients,
  type SeededUser,
} from './registrations';
import {
  accessTokenIssuerOf,
  cloudOf,
  type EntraShape,
  issuerOf,
  isWorkforce,
  type UserFlow,
} from './tenants';
import { type AskedScopes, graphResource, permissionsFor, withoutDefault } from './scopes';
import { type SigningKey, type SigningKeys, signings, signToken } from './signing-keys';
import type { Directory } from './accounts';

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
export function b2cClaimsOf({ faults }: TokenIssuer) {
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

interface Context {
  readonly directory: Directory;
  readonly clients: RegisteredClients;
  readonly issuer: TokenIssuer;
}

const texts = v.array(v.pipe(v.string(), v.minLength(1)));

const orderSchema = v.strictObject({
  /** Object id or user name. Without it, the token is an app's own. */
  user: v.optional(v.string()),
  /** App ID URI or client id of the API: the main app's by default. */
  api: v.optional(v.string()),
  /** Client id of the app that gets the token. */
  client: v.optional(v.string()),
  /** All scopes of the API by default. */
  scopes: v.optional(texts),
  /** What the app was granted by default. */
  roles: v.optional(texts),
  version: v.optional(v.picklist([1, 2])),
  /** Life; a negative number gives a token that has expired. */
  seconds: v.optional(v.pipe(v.number(), v.safeInteger())),
  /** Claims to set; null removes one. */
  claims: v.optional(v.record(v.string(), v.unknown())),
  signing: v.optional(v.picklist(signings)),
});

type Order = v.InferOutput<typeof orderSchema>;

/** What a request for a token may say. It is the answer to a request that makes no sense. */
const orderInWords = `{ user?, api?, client?, scopes?, roles?, version?: 1 or 2, seconds?, claims?, signing?: one of ${signings.join(', ')} }`;

/** Access tokens for an API of the tenant, without a sign-in: for a command line, a daemon, a test. */
export interface BearerTokens {
  /** Gives the token and its claims, or why there is none. */
  issue(input: unknown): Promise<IssuedToken | { readonly fault: string }>;
  /** Issues the token that the form of the control page asks for. */
  take(form: URLSearchParams): Promise<string | undefined>;
  /** App ID URIs of the APIs that there are. */
  readonly apis: readonly string[];
  /** The last token that the form has asked for. */
  readonly last: IssuedToken | undefined;
}

interface IssuedToken {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The control page and `POST /control/bearer-token` issue these tokens. They look like those of the token endpoint. */
export function createBearerTokens(standIn: Context): BearerTokens {
  let last: IssuedToken | undefined;
  const issue: BearerTokens['issue'] = async (input) => {
    const order = v.safeParse(orderSchema, input);
    if (!order.success) return { fault: `An order is ${orderInWords}.` };
    return issueToken(standIn, order.output);
  };
  return {
    issue,
    async take(form) {
      const [user, roles] = [textOf(form, 'user'), words(textOf(form, 'roles'))];
      const scopes = words(textOf(form, 'scopes'));
      const api = textOf(form, 'api');
      const issued = await issue({
        ...(user === '' ? {} : { user }),
        ...(api === '' ? {} : { api }),
        ...(scopes.length === 0 ? {} : { scopes }),
        ...(roles.length === 0 ? {} : { roles }),
        version: textOf(form, 'version') === '1' ? 1 : 2,
      });
      if ('fault' in issued) return issued.fault;
      last = issued;
      return undefined;
    },
    apis: standIn.issuer.apis.map(({ uri }) => uri),
    get last() {
      return last;
    },
  };
}

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

async function issueToken(
  { directory, clients, issuer }: Context,
  order: Order,
): Promise<IssuedToken | { readonly fault: string }> {
  const api = findApi(issuer.apis, order.api ?? issuer.mainClientId);
  if (api === undefined) return { fault: 'No app exposes that API.' };
  const user = directory
    .list()
    .find((each) => order.user !== undefined && directory.isNamed(each, order.user));
  if (order.user !== undefined && user === undefined) return { fault: 'There is no such account.' };
  const client = clients.find(order.client ?? usualClient(clients, api, user)?.id);
  if (client === undefined) return { fault: 'There is no such app.' };

  const ofVersion = { ...api, tokenVersion: order.version ?? api.tokenVersion };
  const apis = issuer.apis.map((each) => (each === api ? ofVersion : each));
  const claims = claimsOf({ ...issuer, apis }, { api, user, client, order });
  const signing = order.signing ?? 'rs256';
  const { keys } = issuer;
  const key = await keyOfTenant(keys, user?.tenantId);
  const parts = { keys, key, clientSecret: client.secret };
  return {
    access_token: await signToken(claims, signing, parts),
    token_type: 'Bearer',
    claims,
  };
}

/** A command line for a person, and for no person an app that was granted something. */
function usualClient(
  { all }: RegisteredClients,
  { uri }: ExposedApi,
  user: SeededUser | undefined,
): RegisteredClient | undefined {
  const found =
    user === undefined
      ? all.find(({ appPermissions = {} }) => Object.hasOwn(appPermissions, uri))
      : all.find(({ isPublic }) => isPublic === true);
  return found ?? all[0];
}

function claimsOf(
  issuer: TokenIssuer,
  options: {
    readonly api: ExposedApi;
    readonly user: SeededUser | undefined;
    readonly client: RegisteredClient;
    readonly order: Order;
  },
): Readonly<Record<string, unknown>> {
  const { api, user, client, order } = options;
  const now = Math.floor(Date.now() / 1000);
  const permissions = (order.scopes ?? api.scopes ?? []).map((name) => `${api.uri}/${name}`);
  const asked = { resources: [api.uri], permissions };
  const roles = order.roles ?? client.appPermissions?.[api.uri] ?? [];
  const usual =
    user === undefined
      ? appTokenClaims(issuer, { client, resource: api.uri, tenantId: issuer.tenantId, roles, now })
      : {
          ...userTokenClaims(issuer, {
            client,
            user,
            asked,
            agreed: [],
            acrs: [],
            authTime: now,
            now,
          }),
          ...(order.roles === undefined ? {} : { roles: order.roles }),
        };
  const exp = order.seconds === undefined ? usual.exp : now + order.seconds;
  const changed = Object.entries<unknown>({ ...usual, exp, ...order.claims });
  return Object.fromEntries(changed.filter(([, value]) => value !== null));
}
