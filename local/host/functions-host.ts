import http, { STATUS_CODES } from 'node:http';
import https from 'node:https';
import { type Duplex, duplexPair } from 'node:stream';
import { listenOnLoopback } from '../loopback/processes';
import { answerWithoutFunction, createFrontEndServer } from './beside-functions';
import { loadApp, type RegisteredFunction } from './functions-core';
import { type HostJson, type Log, logCategory } from './host-files';
import { decodePath } from './http-request';
import { emptyResponse, type HostResponse } from './http-response';
import { answerRequest, describeError, type HostContext, runHooks, runTimer } from './invoke';
import { createRoutes, type HttpFunction } from './routes';
import { createTimerFunctions, startTimers, type TimerFunction } from './timers';

/** How to start the host. */
interface FunctionsHostOptions {
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
  /** Origin of the development server that answers where no function does. */
  readonly frontEndUrl?: string | undefined;
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
      host.frontEnd?.stop();
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
  { scriptRoot, settings, https, hostJson, key, frontEndUrl, log }: FunctionsHostOptions,
  track: (work: Promise<void>) => Promise<void>,
): Promise<{ readonly host: HostContext; readonly loadError: string | undefined }> {
  const { timeoutSeconds } = hostJson;
  const { core, loadError, streamUri } = await loadApp(scriptRoot, log);
  if (hostJson.namesBundle) {
    log(
      'information',
      logCategory.startup,
      'The extension bundle of host.json is not fetched: no bundle is needed here.',
    );
  }
  const loaded = loadError === undefined ? core.functions.values() : [];
  const functions = selectFunctions(loaded, settings, log);
  const routes = createRoutes(functions, hostJson.routePrefix, log);
  const host: HostContext = {
    core,
    routes: frontEndUrl === undefined ? routes : besideFrontEnd(routes),
    frontEnd: frontEndUrl === undefined ? undefined : createFrontEndServer(frontEndUrl),
    timers: createTimerFunctions(functions, settings, log),
    runTimer: (timer) => track(runTimer({ core, timeoutSeconds, log }, timer)),
    hostJson,
    timeoutSeconds,
    key,
    isHttps: https !== undefined,
    hidesHostPage: settings['AzureWebJobsDisableHomepage']?.toLowerCase() === 'true',
    streamUri,
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
function selectFunctions(
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
function listFunctions(
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

/**
 * A server that answers with the functions of `host`. It does not listen yet.
 * @param track gets every answer that is being made, so that the host can wait for it at its end
 */
function createHostServer(
  host: HostContext,
  tls: { readonly key: string; readonly cert: string } | undefined,
  track: (work: Promise<void>) => Promise<void>,
): http.Server | https.Server {
  const limits = {
    // Much higher than the real limits. readRequestLine checks those, since the answers differ.
    maxHeaderSize: 256 * 1024,
    requireHostHeader: false,
    // The same as Kestrel's. It is long enough that no idle connection is closed while a request arrives.
    keepAliveTimeout: 130_000,
  };
  const listener: http.RequestListener = (request, response) => {
    const work = answerRequest(host, request, response).catch((error: unknown) => {
      host.log('error', logCategory.general, `The host failed. ${describeError(error)}`);
      response.destroy();
    });
    void track(work);
  };
  const server =
    tls === undefined
      ? http.createServer(limits, listener)
      : https.createServer({ ...limits, ...tls }, listener);
  server.maxHeadersCount = 0;
  const { frontEnd } = host;
  if (frontEnd !== undefined) {
    server.on('upgrade', (request: http.IncomingMessage, socket, head) => {
      frontEnd.upgrade(request, socket, head);
    });
  }
  server.on('clientError', (error: ParserError, socket) => {
    const withoutLength = takeLengthAway(error);
    if (withoutLength === undefined) {
      refuse(host, error, socket);
    } else {
      const [inner, outer] = duplexPair();
      server.emit(tls === undefined ? 'connection' : 'secureConnection', inner);
      socket.removeAllListeners('data');
      outer.pipe(socket);
      outer.write(withoutLength, 'latin1');
      socket.pipe(outer);
    }
  });
  return server;
}

interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
  readonly reason?: string;
}

/**
 * Node refuses a request with both Transfer-Encoding and Content-Length. Kestrel takes it and ignores the length (RFC 9112
 * section 6.3). Gives the request without its length; undefined when the fault is another one.
 */
function takeLengthAway({ reason = '', rawPacket }: ParserError): string | undefined {
  const sent = rawPacket?.toString('latin1') ?? '';
  const end = sent.indexOf('\r\n\r\n');
  if (!reason.includes("can't be present with") || end === -1 || !/^[A-Z]+ \S+ HTTP/.test(sent)) {
    return undefined;
  }
  return sent.slice(0, end).replace(/\r\ncontent-length:[^\r]*/gi, '') + sent.slice(end);
}

function refuse(host: HostContext, error: ParserError, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, headers, body } =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? emptyResponse(431)
      : error.code === 'HPE_INVALID_METHOD'
        ? answerUnknownMethod(host, error.rawPacket)
        : emptyResponse(400);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body.length === 0 && status !== 204 ? ['Content-Length: 0'] : []),
    'Connection: close',
    'Server: Kestrel',
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  socket.end(body);
}

/** Node refuses methods that it does not know, such as `get`. To Kestrel they are methods that no function has. */
function answerUnknownMethod(host: HostContext, packet: Buffer | undefined): HostResponse {
  const [, target] =
    /^[\w!#$%&'*+\-.^`|~]+ (\/\S*) HTTP\/1\.[01]\r\n/.exec(packet?.toString('latin1') ?? '') ?? [];
  const path = target === undefined ? undefined : decodePath(target.replace(/[?#].*$/, ''));
  return path === undefined ? emptyResponse(400) : answerWithoutFunction(host, path);
}

/**
 * The functions that answer beside a development server. Those that would answer in its place are left out: for `/`, and for every
 * address (`{*path}`), as `frontEnd` registers one.
 */
function besideFrontEnd(routes: readonly HttpFunction[]): readonly HttpFunction[] {
  return routes.filter(({ segments: [first, ...others] }) => {
    const isEverything = first?.kind === 'catch-all' && others.length === 0;
    return first !== undefined && !isEverything;
  });
}

const usualMostBodyBytes = 104_857_600;

/**
 * The longest body, in bytes, by FUNCTIONS_REQUEST_BODY_SIZE_LIMIT. Like the real host, it ignores a value that is not a
 * whole number:
 * https://github.com/Azure/azure-functions-host/blob/dev/src/WebJobs.Script.WebHost/Middleware/HttpRequestBodySizeMiddleware.cs
 */
function readMaxBodyBytes(setting: string | undefined): number {
  return /^\s*\d+\s*$/.test(setting ?? '') ? Number(setting) : usualMostBodyBytes;
}
