import { exportJWK } from 'jose';
import { suffer } from '../loopback/control';
import { answerControl } from '../loopback/control-page';
import { type LoopbackHandler, respondJson, startLoopbackServer } from '../loopback/server';
import { createDirectory } from './accounts';
import { answerAsEntra, answerLogout } from './answers';
import { answerAdminConsent, refuseAuthorization } from './authorization';
import { createBearerTokens } from './bearer-tokens';
import { createAccessPolicies } from './conditional-access';
import { createControlPanel } from './control';
import { registerDirectGrants } from './direct-grants';
import { createEntraFaults } from './faults';
import { createKeptState, createSignInNotes, type KeptState } from './kept-state';
import { createProvider, providerMetadata } from './provider';
import { createRefusals } from './refusals';
import { type EntraStandInOptions, registerClients } from './registrations';
import { accessTokenIssuerOf, entraPaths, type EntraPaths, issuerOf } from './shape';
import { answerSignIn } from './sign-in';
import { createSigningKeys } from './signing-keys';
import { answerTokenRequest, registerRefreshGrant } from './token-request';
import { type SeededUser, seedUsers } from './users';

export interface EntraStandIn {
  /** Origin, `http://127.0.0.1:P`. */
  readonly url: string;
  /** What `ENTRA_AUTHORITY` must be. */
  readonly authority: string;
  /** What `ENTRA_ISSUER` must be. */
  readonly issuer: string;
  /** `iss` of access tokens for Microsoft Graph, and for APIs whose tokens are of version 1. */
  readonly accessTokenIssuer: string;
  /** The JWKS, for the Graph stand-in. */
  readonly keysUrl: string;
  /** The accounts that were there at the start. */
  readonly users: readonly SeededUser[];
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
  const paths = entraPaths(shape, tenantId);
  const state = createKeptState(options.stateFile);
  const seeded = options.users ?? seedUsers(tenantId);
  const directory = createDirectory(seeded, tenantId, state, shape !== 'b2c');
  const server = await startLoopbackServer({
    ...(options.port === undefined ? {} : { port: options.port }),
    createHandler: async (url) => {
      const standIn = await createStandIn(url, options, paths, directory, state);
      return createHandler(url, standIn);
    },
  });
  return {
    url: server.url,
    authority: server.url + paths.authority,
    issuer: issuerOf(shape, tenantId, server.url),
    accessTokenIssuer: accessTokenIssuerOf(shape, tenantId, server.url),
    keysUrl: server.url + paths.keys,
    users: directory.list(),
    listUsers: () => directory.list(),
    stop: () => server.stop(),
  };
}

type StandInContext = Awaited<ReturnType<typeof createStandIn>>;

async function createStandIn(
  origin: string,
  options: EntraStandInOptions,
  paths: EntraPaths,
  directory: ReturnType<typeof createDirectory>,
  state: KeptState,
) {
  const { tenantId, shape = 'entra', graphAudience, apis = [] } = options;
  const keys = await createSigningKeys(state);
  const faults = createEntraFaults();
  const clients = registerClients([options.client, ...(options.otherClients ?? [])]);
  const accessPolicies = createAccessPolicies();
  const notes = createSignInNotes(state);
  const issuer = {
    ...{ keys, faults, shape, graphAudience, apis, tenantId, mainClientId: options.client.id },
    issuer: issuerOf(shape, tenantId, origin),
    accessTokenIssuer: accessTokenIssuerOf(shape, tenantId, origin),
  };
  const refusals = createRefusals(shape, faults);
  const sessions = { directory, accessPolicies, notes, clients };
  const shared = { ...sessions, paths, refusals, shape, tenantId, apis };
  const provider = createProvider({
    ...{ ...shared, state, issuer: origin + paths.authority },
    wantsRefreshToken: (codeId) => notes.ofGrant(codeId).scopes.includes('offline_access'),
    jwks: { keys: [await exportJWK(keys.current().privateKey)] },
  });
  registerRefreshGrant(provider, shared);
  registerDirectGrants(provider, { ...shared, issuer });
  answerAsEntra(provider, { ...shared, issuer });
  const bearerTokens = createBearerTokens({ directory, clients, issuer });
  const panel = createControlPanel({ faults, directory, accessPolicies, keys, bearerTokens });
  return { ...shared, provider, panel, issuer, keys, faults };
}

function createHandler(origin: string, standIn: StandInContext): LoopbackHandler {
  const { paths, faults, provider } = standIn;
  const callback = provider.callback();
  return async (request, response, url) => {
    const { pathname } = url;
    if (pathname === '/control' || pathname.startsWith('/control/')) {
      await answerControl(standIn.panel, request, response, pathname);
    } else if (pathname === paths.metadata) {
      if (suffer(faults.metadataOutage.value, response)) return;
      const issuer = faults.metadataIssuer.value || standIn.issuer.issuer;
      const appId = url.searchParams.get('appid');
      const facts = { origin, paths, issuer, shape: standIn.shape, appId };
      respondJson(response, 200, providerMetadata(facts));
    } else if (pathname === paths.keys) {
      if (suffer(faults.keysOutage.value, response)) return;
      respondJson(response, 200, await publishedKeys(standIn, url));
    } else if (paths.adminConsent.includes(pathname)) {
      await answerAdminConsent(standIn, request, response, url);
    } else if (pathname === paths.logout) {
      await answerLogout(standIn, request, response, url);
    } else if (pathname.startsWith(`${paths.signIn}/`)) {
      await answerSignIn(standIn, { request, response, url });
    } else if (pathname === paths.token) {
      const tokenEndpoint = origin + paths.token;
      const proven = await answerTokenRequest(
        { ...standIn, tokenEndpoint },
        request,
        response,
        url,
      );
      if (proven !== undefined) await callback(proven, response);
    } else if (pathname === paths.authorize && refuseAuthorization(standIn, response, url)) {
      return;
    } else {
      await callback(request, response);
    }
  };
}

/** The key of an app is listed only with the app's id. `issuer` of each key is a template for any tenant. */
function publishedKeys({ keys, faults, clients, issuer, tenantId }: StandInContext, url: URL) {
  const isOfApp = clients.find(url.searchParams.get('appid')) !== undefined;
  return keys.published({
    issuer: issuer.issuer.replace(`/${tenantId}/`, '/{tenantid}/'),
    list: faults.keyList.value,
    withAppKey: faults.appKeys.value && isOfApp,
  });
}
