import { type ChildProcess, fork } from 'node:child_process';
import { readHostJson, readLocalSettings, readyLine } from '../host/host-files';
import type { HostMessage } from '../host/run-host';
import { endProcess, killWithUs, onDeath } from '../loopback/processes';
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
  /** The end of its log, at most 1 MB. */
  output(): string;
  stop(): Promise<void>;
}

interface AppProcessOptions {
  readonly port: number;
  readonly scriptRoot: string;
  readonly https: boolean;
  readonly frontEndUrl?: string | undefined;
  /** Settings that win over those of `local.settings.json`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gets the log as it comes. */
  readonly onOutput?: ((text: string) => void) | undefined;
  /** Called when the app ends by itself. */
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
async function startAppProcess(options: AppProcessOptions): Promise<AppProcess> {
  const child = forkHost(options);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-maxOutput);
      options.onOutput?.(chunk.toString());
    });
  }
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
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (output.includes(readyLine)) resolve();
    };
    child.stdout?.on('data', look);
    child.once('exit', resolve);
    look();
  });
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

/** The host in a process that ends with this one at the latest. */
function forkHost(options: AppProcessOptions): ChildProcess {
  const child = fork(
    new URL('./host.mjs', import.meta.url),
    [
      ...['--port', String(options.port), '--script-root', options.scriptRoot],
      ...(options.https ? ['--https'] : []),
      ...(options.frontEndUrl === undefined ? [] : ['--front-end', options.frontEndUrl]),
    ],
    // The log is shown on our terminal, so it may have colours there.
    { silent: true, env: { ...options.env, ...(process.stdout.isTTY && { FORCE_COLOR: '1' }) } },
  );
  killWithUs(child);
  return child;
}

/** The name that `onDeath` of a listener gets for an app. */
export const appPart = 'The app';

/** The instances of the app on a stack. */
export interface LaunchedApps {
  /** All instances that were started and not replaced. */
  readonly apps: readonly AppProcess[];
  /** Starts one more, on the next port. */
  readonly start: (how?: StartAppOptions) => Promise<AppProcess>;
  /**
   * Ends an app and starts the current build on its port, with the current `local.settings.json`. When that fails, no
   * app is on the port. It can be tried again with the same app.
   */
  readonly restart: (app: AppProcess) => Promise<AppProcess>;
}

interface LaunchContext {
  /** Ports for apps. The provider has registered their redirect URIs. */
  readonly ports: readonly number[];
  readonly facts: StackFacts;
  readonly options: StackOptions;
  readonly listener: StackListener;
  /** Gets each part that was started, so that the stack can end it. */
  readonly running: { stop(): Promise<void> }[];
}

/** Starts instances of the app beside the parts of a stack that run already. */
export function launchApps(stack: LaunchContext): LaunchedApps {
  const free = [...stack.ports];
  const apps: AppProcess[] = [];
  const launches = new WeakMap<AppProcess, () => Promise<AppProcess>>();
  const keep = async (launch: () => Promise<AppProcess>): Promise<AppProcess> => {
    const app = await launch();
    launches.set(app, launch);
    stack.running.push(app);
    apps.push(app);
    return app;
  };
  return {
    apps,
    start: async (how = {}) => {
      const port = free.shift();
      if (port === undefined) {
        throw new Error(`A stack has at most ${stack.ports.length} apps.`);
      }
      const launch = () => launchApp(stack, port, how);
      return tellStep(
        stack.listener,
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
      leave(stack.running, app);
      leave(apps, app);
      return keep(launch);
    },
  };
}

function launchApp(stack: LaunchContext, port: number, how: StartAppOptions): Promise<AppProcess> {
  const { facts, options, listener } = stack;
  const https = how.https ?? options.https ?? false;
  const settings = appSettings({
    ...facts,
    baseUrl: `${https ? 'https' : 'http'}://localhost:${port}`,
    clientSecret: facts.client.secret,
  });
  const { scriptRoot = process.cwd(), usesLocalSettings = false } = options;
  // The host reads the file itself. The environment wins over it, so what the file sets is left out here.
  const fromFile = usesLocalSettings ? Object.keys(readLocalSettings(scriptRoot).values) : [];
  // With a route prefix, the page at `/` is the host's, and the team's own functions may take large bodies.
  const isRootOwn = readHostJson(scriptRoot).routePrefix === '';
  const usual: Readonly<Record<string, string>> = isRootOwn ? hostSettings : {};
  const forHost = Object.entries(usual).filter(([name]) => !fromFile.includes(name));
  const own = { ...Object.fromEntries(forHost), ...process.env };
  return startAppProcess({
    port,
    https,
    scriptRoot,
    frontEndUrl: options.frontEndUrl,
    env: appEnvironment(own, usesLocalSettings, {
      ...settings,
      // Not a setting of Anteroom: examples call this API.
      ORDERS_URL: facts.ordersUrl,
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
