import { startEntraStandIn, type SeededUser } from '../entra/start-entra-stand-in';
import { startGraphStandIn } from '../graph/start-graph-stand-in';
import { startAppProcess, type AppProcess } from './app-process';
import { appEnvironment, appSettings, localClientId, localTenantId } from './app-settings';
import { freePort } from './free-port';
import type { StackOptions, StartAppOptions } from './stack-options';
import { stackSecrets, type StackSecrets } from './stack-secrets';
import { createTable, startAzurite } from './start-azurite';

/** What a stack consists of, as plain values. */
export interface StackFacts {
  readonly tenantId: string;
  readonly client: { readonly id: string; readonly secret: string };
  /** Origin of the Entra stand-in; its control page is `/control`. */
  readonly entraUrl: string;
  readonly authority: string;
  readonly graphUrl: string;
  /** With `/v1.0`. */
  readonly graphBaseUrl: string;
  readonly tablesConnectionString: string;
  readonly tableName: string;
  readonly keyRingSecret: string;
  readonly users: readonly SeededUser[];
}

/** A running stack. */
export interface Stack {
  readonly facts: StackFacts;
  readonly apps: readonly AppProcess[];
  /** One more instance; at most `mostApps` in all, since the stand-in knows their URLs beforehand. */
  startApp(options?: StartAppOptions): Promise<AppProcess>;
  /** Ends everything that was started, by its process id. */
  stop(): Promise<void>;
}

/** Steps as they are done, and the apps' log. */
export interface StackListener {
  onStep?(step: string): void;
  onOutput?(text: string): void;
}

export const mostApps = 10;

/**
 * Starts Azurite, the Entra stand-in, the Graph stand-in and the app, as much at once as they allow.
 * When one fails, the others are ended.
 * @throws AppStartError, or what another part threw
 */
export async function startStack(
  options: StackOptions = {},
  listener: StackListener = {},
): Promise<Stack> {
  const running: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    await Promise.allSettled(running.splice(0).map((part) => part.stop()));
  };
  try {
    const secrets = options.secrets ?? (await stackSecrets(options.dataDir));
    const ports = await choosePorts(options.appPort);
    const tables = startTables(options, secrets, running, listener);
    const standIns = startStandIns(options, secrets, ports, running, listener);
    const [tablesFacts, standInFacts] = await settleBoth(tables, standIns);
    const facts: StackFacts = {
      tenantId: localTenantId,
      client: { id: localClientId, secret: secrets.clientSecret },
      keyRingSecret: secrets.keyRingSecret,
      ...tablesFacts,
      ...standInFacts,
    };
    const apps: AppProcess[] = [];
    const startApp = async (how: StartAppOptions = {}): Promise<AppProcess> => {
      const port = ports.shift();
      if (port === undefined) {
        throw new Error(`A stack has at most ${mostApps} apps.`);
      }
      const app = await launchApp({ port, facts, options, how, listener });
      running.push(app);
      apps.push(app);
      return app;
    };
    await Promise.all(Array.from({ length: options.apps ?? 1 }, () => startApp()));
    return { facts, apps, startApp, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function choosePorts(first: number | undefined): Promise<number[]> {
  const ports = new Set<number>(first === undefined ? [] : [first]);
  while (ports.size < mostApps) {
    ports.add(await freePort());
  }
  return [...ports];
}

// Both are waited for, so that nothing is still starting when the first failure ends the rest.
async function settleBoth<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

type Running = { stop(): Promise<void> }[];

async function startTables(
  options: StackOptions,
  secrets: StackSecrets,
  running: Running,
  listener: StackListener,
): Promise<Pick<StackFacts, 'tablesConnectionString' | 'tableName'>> {
  const { dataDir, tableName = 'anteroom' } = options;
  let connectionString = options.tablesConnectionString;
  if (connectionString === undefined) {
    const { account, tablesPort } = secrets;
    const azurite = await startAzurite({
      account,
      ...(tablesPort !== 0 && { port: tablesPort }),
      ...(dataDir !== undefined && { dataDir }),
    });
    running.push(azurite);
    ({ connectionString } = azurite);
  }
  await createTable(connectionString, tableName);
  listener.onStep?.(`Table Storage (Azurite${dataDir === undefined ? ', in memory' : ''})`);
  return { tablesConnectionString: connectionString, tableName };
}

async function startStandIns(
  options: StackOptions,
  secrets: StackSecrets,
  appPorts: readonly number[],
  running: Running,
  listener: StackListener,
): Promise<Pick<StackFacts, 'entraUrl' | 'authority' | 'graphUrl' | 'graphBaseUrl' | 'users'>> {
  const origins = appPorts.flatMap((port) => [
    `http://localhost:${port}`,
    `https://localhost:${port}`,
  ]);
  const scheme = options.https === true ? 'https' : 'http';
  const firstOrigin = `${scheme}://localhost:${appPorts[0] ?? 0}`;
  const graphAudience = 'https://graph.microsoft.com';
  const entra = await startEntraStandIn({
    port: secrets.entraPort,
    tenantId: localTenantId,
    client: {
      id: localClientId,
      secret: secrets.clientSecret,
      redirectUris: origins.map((origin) => `${origin}/auth/redirect`),
      postLogoutRedirectUris: origins.map((origin) => `${origin}/auth/signed-out`),
      frontChannelLogoutUri: `${firstOrigin}/auth/front-channel-logout`,
    },
    graphAudience,
  });
  running.push(entra);
  listener.onStep?.(`Entra ID stand-in   ${entra.url}`);
  const { authority, keysUrl, issuer, users } = entra;
  const graph = await startGraphStandIn({
    port: secrets.graphPort,
    keysUrl,
    issuer,
    audience: graphAudience,
    users,
  });
  running.push(graph);
  listener.onStep?.(`Graph stand-in      ${graph.url}`);
  return {
    entraUrl: entra.url,
    authority,
    graphUrl: graph.url,
    graphBaseUrl: graph.baseUrl,
    users,
  };
}

async function launchApp(parts: {
  readonly port: number;
  readonly facts: StackFacts;
  readonly options: StackOptions;
  readonly how: StartAppOptions;
  readonly listener: StackListener;
}): Promise<AppProcess> {
  const { port, facts, options, how, listener } = parts;
  const https = how.https ?? options.https ?? false;
  const usesLocalSettings = options.usesLocalSettings ?? false;
  const settings = appSettings({
    ...facts,
    baseUrl: `${https ? 'https' : 'http'}://localhost:${port}`,
    clientSecret: facts.client.secret,
  });
  const app = await startAppProcess({
    port,
    https,
    scriptRoot: options.scriptRoot ?? process.cwd(),
    env: appEnvironment(process.env, usesLocalSettings, {
      ...settings,
      ...options.appEnv,
      ...how.env,
    }),
    onOutput: (text) => listener.onOutput?.(text),
  });
  listener.onStep?.(`The app             ${app.url}`);
  return app;
}
