import { exportJWK } from 'jose';
import { answerControl } from '../loopback/answer-control';
import { suffer } from '../loopback/outage';
import { respondJson } from '../loopback/respond';
import { startLoopbackServer } from '../loopback/start-loopback-server';
import type { LoopbackHandler } from '../loopback/start-loopback-server';
import { answerAsEntra } from './answer-as-entra';
import { answerLogout } from './answer-logout';
import { answerSignIn } from './answer-sign-in';
import { answerSignInFault } from './sign-in-fault';
import { answerTokenRequest } from './answer-token-request';
import { createAccessPolicies, createControlPanel } from './create-control-panel';
import { createProvider } from './create-provider';
import { createDirectory } from './directory';
import { entraPaths, issuerOf } from './entra-shape';
import type { EntraPaths } from './entra-shape';
import type { EntraStandInOptions } from './entra-stand-in-options';
import { createEntraFaults } from './faults';
import { createKeptState, type KeptState } from './kept-state';
import { providerMetadata } from './provider-metadata';
import { registerRefreshGrant } from './refresh-grant';
import { createRefusals } from './refusals';
import { registerClients } from './registered-clients';
import { seedUsers } from './seed-users';
import type { SeededUser } from './seeded-user';
import { createSignInNotes } from './sign-in-notes';
import { createSigningKeys } from './signing-keys';

export type { SeededUser } from './seeded-user';

export interface EntraStandIn {
  /** Origin, `http://127.0.0.1:P`. */
  readonly url: string;
  /** What `ENTRA_AUTHORITY` must be. */
  readonly authority: string;
  /** What `ENTRA_ISSUER` must be. */
  readonly issuer: string;
  /** The JWKS, for the Graph stand-in. */
  readonly keysUrl: string;
  /** The accounts that were there at the start. */
  readonly users: readonly SeededUser[];
  /** The accounts as they are now. */
  listUsers(): readonly SeededUser[];
  stop(): Promise<void>;
}

/**
 * Starts the local stand-in for Microsoft Entra ID, or what `shape` says; rejects when the port is
 * taken or the state file is not its own.
 */
export async function startEntraStandIn(options: EntraStandInOptions): Promise<EntraStandIn> {
  const { tenantId, shape = 'entra' } = options;
  const paths = entraPaths(shape, tenantId);
  const state = createKeptState(options.stateFile);
  const seeded = options.users ?? seedUsers(tenantId);
  const directory = createDirectory(seeded, tenantId, state);
  const server = await startLoopbackServer({
    ...(options.port === undefined ? {} : { port: options.port }),
    createHandler: async (url) => {
      const parts = await createParts(url, options, paths, directory, state);
      return createHandler(url, parts);
    },
  });
  return {
    url: server.url,
    authority: server.url + paths.authority,
    issuer: issuerOf(shape, tenantId, server.url),
    keysUrl: server.url + paths.keys,
    users: directory.list(),
    listUsers: () => directory.list(),
    stop: () => server.stop(),
  };
}

type Parts = Awaited<ReturnType<typeof createParts>>;

async function createParts(
  origin: string,
  { tenantId, shape = 'entra', graphAudience, client, otherClients = [] }: EntraStandInOptions,
  paths: EntraPaths,
  directory: ReturnType<typeof createDirectory>,
  state: KeptState,
) {
  const keys = await createSigningKeys(state);
  const faults = createEntraFaults();
  const clients = registerClients([client, ...otherClients]);
  const accessPolicies = createAccessPolicies();
  const notes = createSignInNotes(state);
  const issuer = {
    ...{ keys, faults, shape, graphAudience },
    issuer: issuerOf(shape, tenantId, origin),
  };
  const refusals = createRefusals(shape, faults);
  const shared = { directory, accessPolicies, notes, clients, paths, refusals, shape };
  const provider = createProvider({
    ...{ ...shared, state, issuer: origin + paths.authority },
    wantsRefreshToken: (codeId) => notes.ofGrant(codeId).scopes.includes('offline_access'),
    jwks: { keys: [await exportJWK(keys.current().privateKey)] },
  });
  registerRefreshGrant(provider, shared);
  answerAsEntra(provider, { ...shared, issuer });
  const panel = createControlPanel({ faults, directory, accessPolicies, keys });
  return { ...shared, provider, panel, issuer, keys, faults };
}

function createHandler(origin: string, parts: Parts): LoopbackHandler {
  const { paths, faults, provider } = parts;
  const callback = provider.callback();
  return async (request, response, url) => {
    const { pathname } = url;
    if (pathname === '/control' || pathname.startsWith('/control/')) {
      await answerControl(parts.panel, request, response, pathname);
    } else if (pathname === paths.metadata) {
      if (suffer(faults.metadataOutage.value, response)) return;
      const { value: stated } = faults.metadataIssuer;
      const { issuer } = parts.issuer;
      respondJson(response, 200, providerMetadata(origin, paths, stated === '' ? issuer : stated));
    } else if (pathname === paths.keys) {
      if (suffer(faults.keysOutage.value, response)) return;
      respondJson(response, 200, parts.keys.published());
    } else if (pathname === paths.logout) {
      await answerLogout(parts, request, response, url);
    } else if (pathname.startsWith(`${paths.signIn}/`)) {
      await answerSignIn(parts, request, response, url);
    } else if (pathname === paths.token) {
      const tokenEndpoint = origin + paths.token;
      const proven = await answerTokenRequest({ ...parts, tokenEndpoint }, request, response, url);
      if (proven !== undefined) await callback(proven, response);
    } else if (pathname === paths.authorize && answerSignInFault(parts, response, url)) {
      return;
    } else {
      await callback(request, response);
    }
  };
}
