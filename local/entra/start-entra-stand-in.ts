import { exportJWK } from 'jose';
import type Provider from 'oidc-provider';
import { answerControl } from '../loopback/answer-control';
import { suffer } from '../loopback/outage';
import { respondJson } from '../loopback/respond';
import { startLoopbackServer } from '../loopback/start-loopback-server';
import type { LoopbackHandler } from '../loopback/start-loopback-server';
import { answerAsEntra } from './answer-as-entra';
import { answerLogout } from './answer-logout';
import { answerSignIn } from './answer-sign-in';
import { answerTokenFault } from './answer-token-fault';
import { createAskedScopes } from './asked-scopes';
import { createProvider } from './create-provider';
import { createControlPanel } from './create-control-panel';
import { createDirectory } from './directory';
import type { Directory } from './directory';
import { entraPaths } from './entra-paths';
import type { EntraPaths } from './entra-paths';
import type { AppRegistration, EntraStandInOptions } from './entra-stand-in-options';
import { createEntraFaults } from './faults';
import type { TokenIssuer } from './issue-tokens';
import { providerMetadata } from './provider-metadata';
import { registerRefreshGrant } from './refresh-grant';
import { seedUsers } from './seed-users';
import type { SeededUser } from './seeded-user';
import { createSigningKeys } from './signing-keys';

export type { SeededUser } from './seeded-user';

export interface EntraStandIn {
  /** Origin, `http://127.0.0.1:P`. */
  readonly url: string;
  /** What `ENTRA_AUTHORITY` must be. */
  readonly authority: string;
  readonly issuer: string;
  /** The JWKS, for the Graph stand-in. */
  readonly keysUrl: string;
  readonly users: readonly SeededUser[];
  stop(): Promise<void>;
}

/** Starts the local stand-in for Microsoft Entra ID; rejects when the port is taken. */
export async function startEntraStandIn(options: EntraStandInOptions): Promise<EntraStandIn> {
  const users = options.users ?? seedUsers(options.tenantId);
  const paths = entraPaths(options.tenantId);
  const server = await startLoopbackServer({
    ...(options.port === undefined ? {} : { port: options.port }),
    createHandler: (url) => createHandler(url, { ...options, users }),
  });
  return {
    url: server.url,
    authority: server.url + paths.issuer,
    issuer: server.url + paths.issuer,
    keysUrl: server.url + paths.keys,
    users,
    stop: () => server.stop(),
  };
}

async function createHandler(
  origin: string,
  options: EntraStandInOptions & { readonly users: readonly SeededUser[] },
): Promise<LoopbackHandler> {
  const { client, tenantId } = options;
  const paths = entraPaths(tenantId);
  const keys = await createSigningKeys();
  const faults = createEntraFaults();
  const directory = createDirectory(options.users);
  const panel = createControlPanel(faults, directory, keys);
  const issuer = {
    keys,
    faults,
    issuer: origin + paths.issuer,
    client,
    graphAudience: options.graphAudience,
  };
  const provider = await createEntraProvider(issuer, client, directory, paths);
  const callback = provider.callback();

  return async (request, response, url) => {
    const { pathname } = url;
    if (pathname === '/control' || pathname.startsWith('/control/')) {
      await answerControl(panel, request, response, pathname);
    } else if (pathname === paths.metadata) {
      if (suffer(faults.metadataOutage.value, response)) return;
      const metadata = providerMetadata(origin, paths);
      const stated = faults.metadataIssuer.value;
      respondJson(response, 200, stated === '' ? metadata : { ...metadata, issuer: stated });
    } else if (pathname === paths.keys) {
      if (suffer(faults.keysOutage.value, response)) return;
      respondJson(response, 200, keys.published());
    } else if (pathname === paths.logout) {
      await answerLogout({ provider, client }, request, response, url);
    } else if (pathname.startsWith(`${paths.signIn}/`)) {
      await answerSignIn({ provider, directory, paths, client }, request, response, url);
    } else if (
      pathname !== paths.token ||
      !(await answerTokenFault(faults, request, response, url))
    ) {
      await callback(request, response);
    }
  };
}

/** oidc-provider with refresh tokens, tokens and errors as Microsoft Entra ID has them. */
async function createEntraProvider(
  issuer: TokenIssuer,
  client: AppRegistration,
  directory: Directory,
  paths: EntraPaths,
): Promise<Provider> {
  const askedScopes = createAskedScopes();
  const provider = createProvider({
    issuer: issuer.issuer,
    paths,
    client,
    directory,
    wantsRefreshToken: (codeId) => askedScopes.of(codeId).includes('offline_access'),
    jwks: { keys: [await exportJWK(issuer.keys.current().privateKey)] },
  });
  registerRefreshGrant(provider, { directory, askedScopes });
  answerAsEntra(provider, { directory, askedScopes, issuer });
  return provider;
}
