import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { exportJWK } from 'jose';
import { answerControl, suffer } from '../loopback/control';
import {
  type LoopbackHandler,
  respond,
  respondJson,
  startLoopbackServer,
} from '../loopback/server';
import { createDirectory, type Directory } from './accounts';
import { answerAdminConsent, answerAsEntra, answerLogout } from './answers';
import { createBearerTokens } from './access-tokens';
import { createAccessPolicies } from './scopes';
import { createControlPanel } from './control';
import { createEntraFaults } from './faults';
import { registerGrants } from './grants';
import { createKeptState, createSignInNotes, type KeptState } from './kept-state';
import { errorPage, pageHeaders } from './pages';
import { createProvider, providerMetadata } from './provider';
import { createRefusals } from './refusals';
import {
  type AppRegistration,
  consumersTenantId,
  type ExposedApi,
  type RegisteredClients,
  type SeededUser,
  seedUsers,
} from './registrations';
import {
  accessTokenIssuerOf,
  cloudOf,
  createTenants,
  entraPaths,
  type EntraPaths,
  type EntraShape,
  isOffered,
  isSovereign,
  issuerOf,
  isWorkforce,
  type Tenants,
} from './tenants';
import { answerSignIn } from './sign-in';
import { createSigningKeys } from './signing-keys';
import { answerTokenRequest, refuseAuthorization } from './requests';

export interface EntraStandInOptions {
  /** 0 or left out: a free one. */
  readonly port?: number;
  readonly tenantId: string;
  readonly client: AppRegistration;
  /** Further apps, which share the person's session at the provider. */
  readonly otherClients?: readonly AppRegistration[];
  /** `aud` of access tokens for Microsoft Graph: what the Graph stand-in demands. */
  readonly graphAudience: string;
  /** The APIs of the tenant besides Microsoft Graph. There are no tokens for any other. */
  readonly apis?: readonly ExposedApi[];
  /** The accounts. Default: `seedUsers`. */
  readonly users?: readonly SeededUser[];
  /** Default: `entra`. */
  readonly shape?: EntraShape;
  /** A JSON file in which sessions, refresh tokens, keys and changed accounts outlive a restart. */
  readonly stateFile?: string;
}

export interface EntraStandIn {
  /** Origin, `http://127.0.0.1:P`. */
  readonly url: string;
  /** What `ENTRA_AUTHORITY` must be. */
  readonly authority: string;
  /** What `ENTRA_ISSUER` must be. */
  readonly issuer: string;
  /** `iss` of access tokens of version 1, as for Microsoft Graph, by tenant. */
  readonly accessTokenIssuers: readonly string[];
  /** `iss` of ID tokens and of access tokens of version 2, by tenant. */
  readonly issuers: readonly string[];
  /** The JWKS of organisations and that of personal accounts, for the stand-ins of APIs. */
  readonly keysUrl: string;
  readonly consumersKeysUrl?: string;
  /** The accounts that were there at the start. */
  readonly users: readonly SeededUser[];
  /** What `ENTRA_ISSUER` must be at an authority: a tenant, a domain name, `common`. For several tenants it has `{tenantid}`. */
  issuerAt(name: string): string;
  /** The accounts of the start that the picker offers at such an authority. */
  offeredAt(name: string): readonly SeededUser[];
  /** The accounts as they are now. */
  listUsers(): readonly SeededUser[];
  stop(): Promise<void>;
}

/**
 * Starts the local stand-in for Microsoft Entra ID, or for the provider of `shape`. Rejects when the port is taken, or when
 * the state file is not its own.
 */
export async function startEntraStandIn(options: EntraStandInOptions): Promise<EntraStandIn> {
  const { tenantId, shape = 'entra' } = options;
  const state = createKeptState(options.stateFile);
  const all = options.users ?? seedUsers(tenantId);
  const seeded = all.filter((user) => !isSovereign(shape) || user.tenantId !== consumersTenantId);
  const tenants = createTenants(tenantId, shape);
  const paths = entraPaths(tenants.home.name);
  const tenantOf = (username: string) => tenants.tenantOf(username);
  const directory = createDirectory(seeded, tenantOf, state, isWorkforce(shape));
  const server = await startLoopbackServer({
    ...(options.port === undefined ? {} : { port: options.port }),
    createHandler: async (url) => {
      const kept = { directory, state, tenants };
      const standIn = await createStandIn(url, options, paths, kept);
      return createHandler(url, standIn);
    },
  });
  return {
    url: server.url,
    authority: server.url + paths.authority,
    issuer: issuerOf(shape, tenantId, server.url),
    issuers: tenants.ids.map((id) => issuerOf(shape, id, server.url)),
    accessTokenIssuers: tenants.ids.map((id) => accessTokenIssuerOf(shape, id, server.url)),
    keysUrl: server.url + paths.keys,
    ...(shape === 'entra' && {
      consumersKeysUrl: server.url + entraPaths(consumersTenantId).keys,
    }),
    users: directory.list(),
    issuerAt: (name) => issuerOf(shape, tenants.find(name)?.tenantId ?? '{tenantid}', server.url),
    offeredAt: (name) => {
      const authority = tenants.find(name);
      return authority === undefined
        ? []
        : seeded.filter((user) => isOffered(tenants, authority, user));
    },
    listUsers: () => directory.list(),
    stop: () => server.stop(),
  };
}

type StandInContext = Awaited<ReturnType<typeof createStandIn>>;

async function createStandIn(
  origin: string,
  options: EntraStandInOptions,
  paths: EntraPaths,
  kept: { readonly directory: Directory; readonly state: KeptState; readonly tenants: Tenants },
) {
  const { directory, state, tenants } = kept;
  const { tenantId, shape = 'entra', graphAudience, apis = [] } = options;
  const keys = await createSigningKeys(state);
  const faults = createEntraFaults();
  const clients = registerClients([options.client, ...(options.otherClients ?? [])]);
  const accessPolicies = createAccessPolicies();
  const notes = createSignInNotes(state);
  const issuer = {
    ...{ keys, faults, shape, origin, graphAudience, apis, tenantId },
    ...{ mainClientId: options.client.id, clients },
  };
  const refusals = createRefusals(shape, faults);
  const sessions = { directory, accessPolicies, notes, clients };
  const shared = { ...sessions, paths, refusals, shape, tenantId, tenants, apis };
  const provider = createProvider({
    ...{ ...shared, state, issuer: origin + paths.authority },
    wantsRefreshToken: (codeId) => notes.ofGrant(codeId).scopes.includes('offline_access'),
    jwks: { keys: [await exportJWK(keys.current().privateKey)] },
  });
  registerGrants(provider, { ...shared, issuer });
  answerAsEntra(provider, { ...shared, issuer });
  const bearerTokens = createBearerTokens({ directory, clients, issuer });
  const panel = createControlPanel({ ...shared, faults, keys, bearerTokens });
  return { ...shared, provider, panel, issuer, keys, faults };
}

function createHandler(origin: string, standIn: StandInContext): LoopbackHandler {
  const { paths, faults, provider } = standIn;
  const callback = provider.callback();
  return async (request, response, url) => {
    if (url.pathname === '/control' || url.pathname.startsWith('/control/')) {
      await answerControl(standIn.panel, request, response, url.pathname);
      return;
    }
    // Node.js would take the time of the machine, even if a test has set the clock of this process.
    const time = Date.now() + faults.dateAheadSeconds.value * 1000;
    response.setHeader('Date', new Date(time).toUTCString());
    const { pathname } = findTenant(standIn, request, response, url) ?? {};
    if (pathname === undefined) return;
    if (pathname === paths.metadata) {
      if (suffer(faults.metadataOutage.value, response)) return;
      respondJson(response, 200, metadataOf(origin, standIn, request, url));
    } else if (pathname === paths.keys) {
      if (suffer(faults.keysOutage.value, response)) return;
      respondJson(response, 200, await publishedKeys(standIn, request, url));
    } else if (paths.adminConsent.includes(pathname)) {
      await answerAdminConsent(standIn, request, response, url);
    } else if (pathname === paths.logout) {
      await answerLogout(standIn, request, response, url);
    } else if (pathname.startsWith(`${paths.signIn}/`)) {
      await answerSignIn(standIn, { request, response, url });
    } else if (pathname === paths.token) {
      const tokenEndpoint = origin + entraPaths(standIn.tenants.of(request).name).token;
      const proven = await answerTokenRequest(
        { ...standIn, tokenEndpoint },
        request,
        response,
        url,
      );
      if (proven !== undefined) await callback(proven, response);
    } else if (
      pathname === paths.authorize &&
      refuseAuthorization(standIn, request, response, url)
    ) {
      return;
    } else {
      await callback(request, response);
    }
  };
}

/**
 * Finds the tenant or the word that the address begins with, and gives the same address of the first tenant, by which all
 * else is found. Answers a request about an unknown tenant.
 */
function findTenant(
  { tenants, shape, refusals, faults }: StandInContext,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): { readonly pathname: string } | undefined {
  const parts = splitAuthority(shape, url.pathname);
  if (parts === undefined) return url;
  const isGone = faults.registration.value === 'no-such-tenant';
  const authority = isGone ? undefined : tenants.find(parts.name);
  if (authority === undefined && shape === 'b2c') {
    // Azure AD B2C has no JSON for an unknown user flow.
    respond(response, 404, errorPage('The resource cannot be found.'), pageHeaders([]));
    return undefined;
  }
  if (authority === undefined) {
    const { status, headers, body } = refusals.atToken({ code: 90002 });
    respondJson(response, status, body, headers);
    return undefined;
  }
  tenants.note(request, authority);
  const pathname = `/${tenants.home.name}${parts.rest}`;
  request.url = pathname + url.search;
  return { pathname };
}

function metadataOf(
  origin: string,
  { tenants, shape, faults }: StandInContext,
  request: IncomingMessage,
  url: URL,
) {
  const authority = tenants.of(request);
  // At an address for several tenants, the issuer is a template for the token's own tenant.
  const issuer = issuerOf(shape, authority.tenantId ?? '{tenantid}', origin);
  return providerMetadata({
    ...{ origin, shape, appId: url.searchParams.get('appid') },
    paths: entraPaths(authority.name),
    issuer: faults.metadataIssuer.value || issuer,
    isOfOneTenant: authority.tenantId !== undefined,
  });
}

/**
 * The key of an app is listed only with the app's id. `issuer` of a key is a template for any organisation; that of the key of
 * personal accounts is their own.
 * https://learn.microsoft.com/entra/identity-platform/access-tokens
 */
function publishedKeys(standIn: StandInContext, request: IncomingMessage, url: URL) {
  const { keys, faults, clients, issuer, shape, tenantId, tenants } = standIn;
  const isOfApp = clients.find(url.searchParams.get('appid')) !== undefined;
  const { name, tenantId: asked } = tenants.of(request);
  const isForAll = shape === 'entra' && (name === 'common' || asked === consumersTenantId);
  const template = issuerOf(shape, tenantId, issuer.origin).replace(
    `/${tenantId}/`,
    '/{tenantid}/',
  );
  return keys.published({
    issuer: asked === consumersTenantId ? undefined : template,
    ...(isForAll ? { consumersIssuer: issuerOf(shape, consumersTenantId, issuer.origin) } : {}),
    cloud: cloudOf(shape).keyInstance,
    isBare: shape === 'b2c',
    list: faults.keyList.value,
    withAppKey: faults.appKeys.value && isOfApp,
  });
}

function registerClients(registrations: readonly AppRegistration[]): RegisteredClients {
  const all = registrations.map((registration) => ({
    ...registration,
    secret: registration.secret ?? randomBytes(32).toString('base64url'),
  }));
  return { all, find: (id) => all.find((client) => client.id === id) };
}

const rest = String.raw`(\/(?:v2\.0|oauth2|discovery|adminconsent|sign-in)(?:\/.*)?)$`;
const ofTenant = new RegExp(String.raw`^\/([^/]+)${rest}`);
const ofFlow = new RegExp(String.raw`^\/([^/]+\/[^/]+)${rest}`);

/** The authority that an address names, and the rest of its path; undefined for any other address. */
function splitAuthority(
  shape: EntraShape,
  pathname: string,
): { name: string; rest: string } | undefined {
  const [, name, path] = (shape === 'b2c' ? ofFlow : ofTenant).exec(pathname) ?? [];
  return name === undefined || path === undefined ? undefined : { name, rest: path };
}
