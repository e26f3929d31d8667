import { readLocalSettings } from '../functions-host/read-local-settings';
import { startAppProcess, type AppProcess } from './app-process';
import { appEnvironment, appSettings, hostSettings } from './app-settings';
import { tellStep, type StackListener } from './stack-listener';
import type { StackOptions, StartAppOptions } from './stack-options';
import type { StackFacts } from './start-stack';

/** What `onDeath` of a listener calls an app that has ended by itself. */
export const appPart = 'The app';

/** The instances of the app on a stack. */
export interface LaunchedApps {
  /** Those that have been started and not been replaced. */
  readonly apps: readonly AppProcess[];
  /** One more, on the next of the ports. */
  readonly start: (how?: StartAppOptions) => Promise<AppProcess>;
  /**
   * Ends an app and starts what is built now on its port, with its settings and those that
   * `local.settings.json` has now. When that fails there is no app on the port, and this can be tried again
   * with the same app.
   */
  readonly restart: (app: AppProcess) => Promise<AppProcess>;
}

interface Parts {
  /** Where apps can stand: the provider knows these beforehand. */
  readonly ports: readonly number[];
  readonly facts: StackFacts;
  readonly options: StackOptions;
  readonly listener: StackListener;
  /** Gets what was started, to be ended. */
  readonly running: { stop(): Promise<void> }[];
}

/** Starts instances of the app beside the parts of a stack that run already. */
export function launchApps(parts: Parts): LaunchedApps {
  const free = [...parts.ports];
  const apps: AppProcess[] = [];
  const launches = new WeakMap<AppProcess, () => Promise<AppProcess>>();
  const keep = async (launch: () => Promise<AppProcess>): Promise<AppProcess> => {
    const app = await launch();
    launches.set(app, launch);
    parts.running.push(app);
    apps.push(app);
    return app;
  };
  return {
    apps,
    start: async (how = {}) => {
      const port = free.shift();
      if (port === undefined) {
        throw new Error(`A stack has at most ${parts.ports.length} apps.`);
      }
      const launch = () => launchApp(parts, port, how);
      return tellStep(
        parts.listener,
        appPart,
        () => keep(launch),
        ({ url }) => url,
      );
    },
    restart: async (app) => {
      const launch = launches.get(app);
      if (launch === undefined) {
        throw new Error('That app is not of this stack.');
      }
      await app.stop();
      leave(parts.running, app);
      leave(apps, app);
      return keep(launch);
    },
  };
}

function launchApp(parts: Parts, port: number, how: StartAppOptions): Promise<AppProcess> {
  const { facts, options, listener } = parts;
  const https = how.https ?? options.https ?? false;
  const settings = appSettings({
    ...facts,
    baseUrl: `${https ? 'https' : 'http'}://localhost:${port}`,
    clientSecret: facts.client.secret,
  });
  const { scriptRoot = process.cwd(), usesLocalSettings = false } = options;
  // The host reads the file itself, for what the environment does not have.
  const fromFile = usesLocalSettings ? Object.keys(readLocalSettings(scriptRoot).values) : [];
  const forHost = Object.entries(hostSettings).filter(([name]) => !fromFile.includes(name));
  const own = { ...Object.fromEntries(forHost), ...process.env };
  return startAppProcess({
    port,
    https,
    scriptRoot,
    env: appEnvironment(own, usesLocalSettings, {
      ...settings,
      ...options.appEnv,
      ...how.env,
    }),
    onOutput: (text) => listener.onOutput?.(text),
    onDeath: () => listener.onDeath?.(appPart),
  });
}

function leave<T>(list: T[], one: T): void {
  const at = list.indexOf(one);
  if (at !== -1) list.splice(at, 1);
}
