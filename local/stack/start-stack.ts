import type { SeededUser } from '../entra/seeded-user';
import type { AppProcess } from './app-process';
import { localClientId, localTenantId } from './app-settings';
import { freePort } from './free-port';
import { launchApps } from './launch-apps';
import { prepareDataDir } from './prepare-data-dir';
import type { StackListener } from './stack-listener';
import type { StackOptions, StartAppOptions } from './stack-options';
import { stackSecrets } from './stack-secrets';
import { startStandIns } from './start-stand-ins';
import { startStorage } from './start-storage';

/** What a stack consists of, as plain values. */
export interface StackFacts {
  readonly tenantId: string;
  readonly client: { readonly id: string; readonly secret: string };
  /** Origin of the Entra stand-in; its control page is `/control`. */
  readonly entraUrl: string;
  readonly authority: string;
  /** `iss` of the tokens: unlike the authority in the shapes of External ID and B2C. */
  readonly issuer: string;
  readonly graphUrl: string;
  /** With `/v1.0`. */
  readonly graphBaseUrl: string;
  /** The value of `GRAPH_SCOPES` where scopes of Microsoft Graph do not work. */
  readonly graphScopes?: string;
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
  /** Ends an app and starts what is built now in its place; if that fails, again with the same `app`. */
  restartApp(app: AppProcess): Promise<AppProcess>;
  /** Ends everything that was started, by its process id. */
  stop(): Promise<void>;
}

export const mostApps = 10;

/**
 * Starts Azurite, the Entra stand-in, the Graph stand-in and the app, as much at once as they allow.
 * When one fails, the others are ended.
 * @throws AppStartError, DataDirError, or what another part threw
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
    if (options.dataDir !== undefined) prepareDataDir(options.dataDir);
    const secrets = options.secrets ?? (await stackSecrets(options));
    const ports = await choosePorts(options.appPort);
    const shared = { options, secrets, running, listener };
    const tables = startStorage(shared);
    const standIns = startStandIns({ ...shared, appPorts: ports });
    const [tablesFacts, standInFacts] = await settleBoth(tables, standIns);
    const facts: StackFacts = {
      tenantId: localTenantId,
      client: { id: localClientId, secret: secrets.clientSecret },
      keyRingSecret: secrets.keyRingSecret,
      ...tablesFacts,
      ...standInFacts,
    };
    const launched = launchApps({ ports, facts, options, listener, running });
    const { apps, start: startApp, restart: restartApp } = launched;
    await Promise.all(Array.from({ length: options.apps ?? 1 }, () => startApp()));
    return { facts, apps, startApp, restartApp, stop };
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
