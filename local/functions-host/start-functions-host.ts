import { usualMostBodyBytes, type AnswerParts } from './answer-request';
import { createHostServer } from './create-host-server';
import { createRoutes } from './create-routes';
import { runHooks } from './invoke-function';
import { listenOnLoopback } from './listen-on-loopback';
import { listFunctions } from './list-functions';
import { loadApp } from './load-app';
import type { Log } from './log';
import { readHostJson } from './read-host-json';
import { runTimer } from './run-timer';
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
  readonly log: Log;
}

/** A host that answers. */
export interface FunctionsHost {
  readonly port: number;
  /** `http://localhost:7071` */
  readonly url: string;
  /** Why the app has no functions though the host runs: an entry file threw. */
  readonly loadError: string | undefined;
  /** Takes no more requests, lets those that run end within `graceMs`, then closes. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Loads the app in `scriptRoot` and serves it as the Azure Functions host would.
 * One host a process: the library under it keeps its registrations for the whole process.
 * @throws AppMissingError, PortTakenError
 */
export async function startFunctionsHost(options: FunctionsHostOptions): Promise<FunctionsHost> {
  const { scriptRoot, settings, log } = options;
  const hostJson = readHostJson(scriptRoot);
  const { core, loadError } = await loadApp(scriptRoot, log);
  const registered = loadError === undefined ? [...core.functions.values()] : [];
  const routes = createRoutes(registered, hostJson.routePrefix, log);
  const timers = createTimerFunctions(registered, settings, log);
  const running = new Set<Promise<void>>();
  const track = (work: Promise<void>): Promise<void> => {
    running.add(work);
    return work.finally(() => running.delete(work));
  };
  const run = (timer: TimerFunction): Promise<void> => track(runTimer(core, timer, log));
  const parts: AnswerParts = {
    core,
    routes,
    timers,
    runTimer: run,
    hostJson,
    isHttps: options.https !== undefined,
    hidesHostPage: settings['AzureWebJobsDisableHomepage']?.toLowerCase() === 'true',
    mostBodyBytes: Number(settings['FUNCTIONS_REQUEST_BODY_SIZE_LIMIT'] ?? usualMostBodyBytes),
    log,
  };
  await runHooks(core.hooks.appStart, { ...hookContext(core), functionAppDirectory: scriptRoot });
  const { port, servers } = await listenOnLoopback(
    () => createHostServer(parts, options.https, track),
    options.port,
  );
  const url = `${parts.isHttps ? 'https' : 'http'}://localhost:${port}`;
  log('information', listFunctions(url, routes, timers));
  const ticking = startTimers(timers, run);
  return {
    port,
    url,
    loadError,
    async stop(graceMs = 700) {
      ticking.stop();
      for (const server of servers) {
        server.close();
        server.closeIdleConnections();
      }
      await endWithin(Promise.allSettled([...running]), graceMs);
      await endWithin(runHooks(core.hooks.appTerminate, hookContext(core)), 200);
      for (const server of servers) {
        server.closeAllConnections();
      }
    },
  };
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
