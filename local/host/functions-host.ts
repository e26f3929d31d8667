import type { RegisteredFunction } from './functions-core';
import { listenOnLoopback } from '../loopback/ports';
import type { HostJson } from './host-files';
import { readMaxBodyBytes } from './http-request';
import { type HostContext, runHooks, runTimer } from './invoke';
import { loadApp } from './load-app';
import { type Log, logCategory } from './log';
import { createRoutes, type HttpFunction } from './routes';
import { createHostServer } from './server';
import { createTimerFunctions, startTimers, type TimerFunction } from './timers';

/** How to start the host. */
export interface FunctionsHostOptions {
  /** Folder of host.json, package.json and the built app. */
  readonly scriptRoot: string;
  /** 0: a free one. */
  readonly port: number;
  /** App settings; the app itself reads process.env. */
  readonly settings: Readonly<Record<string, string | undefined>>;
  /** PEM key and certificate: the host then serves https. */
  readonly https?: { readonly key: string; readonly cert: string } | undefined;
  readonly hostJson: HostJson;
  /** The key that functions with an `authLevel` and `/admin` then ask for. */
  readonly key?: string | undefined;
  readonly log: Log;
}

/** A host that answers. */
export interface FunctionsHost {
  readonly port: number;
  /** `http://localhost:7071` */
  readonly url: string;
  /** Routes of the HTTP functions, with the prefix, without a leading slash. */
  readonly routes: readonly string[];
  /** Why the app has no functions though the host runs: an entry file threw. */
  readonly loadError: string | undefined;
  /** Takes no more requests, waits up to `graceMs` for those that run, then closes. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Loads the app in `scriptRoot` and serves it as the Azure Functions host would.
 * Only one host can run in a process, since `@azure/functions` keeps its registrations for the whole process.
 * @throws AppMissingError, PortTakenError
 */
export async function startFunctionsHost(options: FunctionsHostOptions): Promise<FunctionsHost> {
  const { scriptRoot, log } = options;
  const running = new Set<Promise<void>>();
  const track = (work: Promise<void>): Promise<void> => {
    running.add(work);
    return work.finally(() => running.delete(work));
  };
  const { host, loadError } = await loadHost(options, track);
  const { hooks } = host.core;
  await runHooks(hooks.appStart, { ...hookContext(host.core), functionAppDirectory: scriptRoot });
  const { port, servers } = await listenOnLoopback(
    () => createHostServer(host, options.https, track),
    options.port,
  );
  const url = `${host.isHttps ? 'https' : 'http'}://localhost:${port}`;
  log.say(listFunctions(url, host.routes, host.timers));
  const ticking = startTimers(host.timers, host.runTimer);
  return {
    port,
    url,
    routes: host.routes.map(({ route }) => route),
    loadError,
    async stop(graceMs = 700) {
      ticking.stop();
      for (const server of servers) {
        server.close();
        server.closeIdleConnections();
      }
      await endWithin(Promise.allSettled([...running]), graceMs);
      await endWithin(runHooks(hooks.appTerminate, hookContext(host.core)), 200);
      for (const server of servers) {
        server.closeAllConnections();
      }
    },
  };
}

async function loadHost(
  { scriptRoot, settings, https, hostJson, key, log }: FunctionsHostOptions,
  track: (work: Promise<void>) => Promise<void>,
): Promise<{ readonly host: HostContext; readonly loadError: string | undefined }> {
  const { timeoutSeconds } = hostJson;
  const { core, loadError } = await loadApp(scriptRoot, log);
  if (hostJson.namesBundle) {
    log(
      'information',
      logCategory.startup,
      'The extension bundle of host.json is not fetched: no bundle is needed here.',
    );
  }
  const loaded = loadError === undefined ? core.functions.values() : [];
  const functions = selectFunctions(loaded, settings, log);
  const host: HostContext = {
    core,
    routes: createRoutes(functions, hostJson.routePrefix, log),
    timers: createTimerFunctions(functions, settings, log),
    runTimer: (timer) => track(runTimer({ core, timeoutSeconds, log }, timer)),
    hostJson,
    timeoutSeconds,
    key,
    isHttps: https !== undefined,
    hidesHostPage: settings['AzureWebJobsDisableHomepage']?.toLowerCase() === 'true',
    maxBodyBytes: readMaxBodyBytes(settings['FUNCTIONS_REQUEST_BODY_SIZE_LIMIT']),
    log,
  };
  return { host, loadError };
}

function hookContext({ appHookData }: { readonly appHookData: object }): object {
  return { hookData: {}, appHookData };
}

async function endWithin(work: Promise<unknown>, ms: number): Promise<void> {
  let timeout: NodeJS.Timeout | undefined;
  const tooLong = new Promise((resolve) => {
    timeout = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => undefined), tooLong]);
  clearTimeout(timeout);
}

// The real host has these built in. All others come from an extension bundle.
const builtIn = new Set(['httptrigger', 'http', 'timertrigger']);

/**
 * The functions that this host runs. Those with a binding that it does not have are logged and left out, as on the real
 * host without an extension bundle. Those that `AzureWebJobs.<name>.Disabled` turns off are left out too.
 * https://learn.microsoft.com/azure/azure-functions/disable-function
 */
export function selectFunctions(
  functions: Iterable<RegisteredFunction>,
  settings: Readonly<Record<string, string | undefined>>,
  log: Log,
): readonly RegisteredFunction[] {
  return [...functions].filter(({ metadata: { name, bindings } }) => {
    const missing = Object.values(bindings)
      .map(({ type }) => type ?? '')
      .filter((type) => !builtIn.has(type.toLowerCase()));
    if (missing.length > 0) {
      log(
        'error',
        logCategory.startup,
        `The '${name}' function is in error: The binding type(s) '${missing.join(', ')}' are not registered. This host has HTTP and timers; \`func start\` has the others.`,
      );
      return false;
    }
    if (isDisabled(name, settings)) {
      log('information', logCategory.startup, `Function ${name} is disabled`);
      return false;
    }
    return true;
  });
}

// On some Linux systems a name of an environment variable cannot have dots. So both forms are read.
function isDisabled(name: string, settings: Readonly<Record<string, string | undefined>>): boolean {
  const value =
    settings[`AzureWebJobs.${name}.Disabled`] ?? settings[`AzureWebJobs_${name}_Disabled`];
  return value === '1' || value?.toLowerCase() === 'true';
}

/** The list of functions and their URLs, as `func start` shows it. */
export function listFunctions(
  url: string,
  routes: readonly HttpFunction[],
  timers: readonly TimerFunction[],
): string {
  const lines = [
    ...routes.map((each) => `\t${each.name}: [${each.methods.join(',')}] ${url}/${each.route}`),
    ...timers.map((each) => `\t${each.name}: timerTrigger`),
  ];
  return lines.length === 0 ? 'No functions were found.' : `Functions:\n\n${lines.join('\n')}\n`;
}
