import { fork } from 'node:child_process';
import { readHostJson, readLocalSettings } from '../host/host-files';
import type { HostMessage } from '../host/run-host';
import { endProcess, onDeath } from '../loopback/processes';
import {
  type StackFacts,
  type StackListener,
  type StackOptions,
  type StartAppOptions,
  tellStep,
} from './options';
import { appEnvironment, appSettings, hostSettings } from './settings';

/** The app on a local Functions host, in a process of its own. */
export interface AppProcess {
  /** `http://localhost:7071`, where it listens. */
  readonly url: string;
  readonly port: number;
  /** Routes of its HTTP functions, with the prefix, without a leading slash. */
  readonly routes: readonly string[];
  /** Of the process, for tests that kill it as Azure would. */
  readonly pid: number;
  /** PEM, with https: what a client must trust. */
  readonly certificate: string | undefined;
  /** The last of what it has written: the log. */
  output(): string;
  stop(): Promise<void>;
}

export interface AppProcessOptions {
  readonly port: number;
  readonly scriptRoot: string;
  readonly https: boolean;
  /** Stands over `local.settings.json`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gets the log as it comes. */
  readonly onOutput?: ((text: string) => void) | undefined;
  /** Told when the app ends though nobody asked it to. */
  readonly onDeath?: (() => void) | undefined;
}

/** The app could not be started; the message is for people. */
export class AppStartError extends Error {
  readonly isPortTaken: boolean;

  constructor(reason: string, isPortTaken: boolean) {
    super(reason);
    this.isPortTaken = isPortTaken;
  }
}

const maxOutput = 1_000_000;

/**
 * Starts the built app (`dist/main.js`) and waits until it answers.
 * @throws AppStartError when the port is taken, the build missing, or an entry file throws
 */
export async function startAppProcess(options: AppProcessOptions): Promise<AppProcess> {
  const child = fork(
    new URL('./host.mjs', import.meta.url),
    [
      ...['--port', String(options.port), '--script-root', options.scriptRoot],
      ...(options.https ? ['--https'] : []),
    ],
    // The log is shown on our terminal, if that is where our output goes.
    { silent: true, env: { ...options.env, ...(process.stdout.isTTY && { FORCE_COLOR: '1' }) } },
  );
  let output = '';
  const listen = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-maxOutput);
    options.onOutput?.(chunk.toString());
  };
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);
  const message = await new Promise<HostMessage>((resolve) => {
    child.once('message', (sent) => {
      resolve(sent as HostMessage);
    });
    child.once('exit', () => {
      resolve({ type: 'failed', reason: `The app ended:\n${output}`, isPortTaken: false });
    });
  });
  if (message.type === 'failed' || message.loadError !== undefined) {
    await endProcess(child);
    throw message.type === 'failed'
      ? new AppStartError(message.reason, message.isPortTaken)
      : new AppStartError(message.loadError ?? 'The app did not load.', false);
  }
  onDeath(child, options.onDeath);
  return {
    url: message.url,
    port: message.port,
    routes: message.routes,
    pid: child.pid ?? 0,
    certificate: message.certificate,
    output: () => output,
    stop: () => endProcess(child),
  };
}

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
  // With a route prefix, the root and large bodies belong to the host and to other functions of the team.
  const isRootOwn = readHostJson(scriptRoot).routePrefix === '';
  const usual: Readonly<Record<string, string>> = isRootOwn ? hostSettings : {};
  const forHost = Object.entries(usual).filter(([name]) => !fromFile.includes(name));
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
