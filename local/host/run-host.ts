import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bypassProxyOnLoopback, isLoopback, usesProxy } from '../../src/proxy';
import { settingDefaults } from '../../src/settings';
import { createThrowawayCertificate } from '../loopback/server';
import { PortTakenError } from '../loopback/processes';
import {
  createLog,
  FaultyFileError,
  type Log,
  logCategory,
  minLevel,
  readHostJson,
  readLocalSettings,
  readyLine,
} from './host-files';
import { readFrontEndUrl } from './beside-functions';
import { AppMissingError, captureConsole } from './functions-core';
import { startFunctionsHost } from './functions-host';
import { describeError } from './invoke';

// The program of `npm run host`: the built app alone on the local Functions host, with any provider, Graph and tables
// that its settings name. The stack starts it too. Nothing on this machine goes through a proxy.
bypassProxyOnLoopback(process.env);

/** A message to the parent, when it started the host with a message channel. */
export type HostMessage =
  | {
      readonly type: 'ready';
      readonly port: number;
      readonly url: string;
      /** Routes of the HTTP functions, with the prefix, without a leading slash. */
      readonly routes: readonly string[];
      /** PEM, with https: what a client must trust. */
      readonly certificate?: string;
      /** An entry file threw: every request is answered 404. */
      readonly loadError?: string;
    }
  | { readonly type: 'failed'; readonly reason: string; readonly isPortTaken: boolean };

const usage = `Usage: npm run host -- [--port P] [--script-root DIR] [--verbose] [--enableAuth]
                    [--https | --https-key FILE --https-cert FILE] [--front-end URL]`;

/**
 * The command line of the host. A setting of the environment wins over the same one in `local.settings.json`.
 * Ends by SIGINT, SIGTERM or, with a message channel, when the parent goes.
 */
async function runHost(args: readonly string[]): Promise<void> {
  const write = (text: string): void => {
    process.stdout.write(text);
  };
  const ending = endWithParent();
  try {
    const options = readOptions(args);
    // The real host starts the worker in this folder, and apps read files there.
    if (existsSync(options.scriptRoot)) process.chdir(options.scriptRoot);
    const hostJson = readHostJson(options.scriptRoot);
    const log = createLog({
      write,
      clock: () => new Date(),
      minLevelOf: (category) =>
        options.isVerbose ? 'trace' : minLevel(hostJson.logLevels, category),
      colours: wantsColours(),
    });
    captureConsole(log);
    const host = await startFunctionsHost({ ...options, hostJson, log });
    goOnAfterFaults(log);
    if (options.key !== undefined) {
      log.say(`Functions with an authLevel and /admin ask for: x-functions-key: ${options.key}`);
    }
    const unwatch = watchAddresses(options.named, options.hasProxy, log);
    ending.through(() => {
      unwatch();
      return host.stop();
    });
    log.say(`${readyLine} ${host.url}`);
    tellParent({
      type: 'ready',
      port: host.port,
      url: host.url,
      routes: host.routes,
      ...(options.https && { certificate: options.https.cert }),
      ...(host.loadError !== undefined && { loadError: host.loadError }),
    });
  } catch (error) {
    const reason = explain(error);
    process.stderr.write(`${reason}\n`);
    tellParent({ type: 'failed', reason, isPortTaken: error instanceof PortTakenError });
    process.exitCode = 1;
    ending.leave();
  }
}

/**
 * Tells of an error in the app that nobody waits for: thrown in a timer, or a rejection without `catch`. In Azure the
 * worker process logs it and ends, and the host starts another one. Here host and app are one process, so it goes on.
 * An error at the start still ends it.
 * @see https://github.com/Azure/azure-functions-nodejs-worker/issues/180
 */
function goOnAfterFaults(log: Log): void {
  process.on('uncaughtException', (error) => {
    log(
      'error',
      logCategory.worker,
      `Worker uncaught exception: ${describeError(error)}\n` +
        'In Azure the process ends here and a new one starts: requests that run fail, and what is in memory is lost.',
    );
  });
}

// A parent that shows our output on its terminal sets FORCE_COLOR (node:tty).
function wantsColours(): boolean {
  const { FORCE_COLOR: forced } = process.env;
  return forced === undefined ? process.stdout.isTTY && process.stdout.hasColors() : forced !== '0';
}

function readOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string' },
      'script-root': { type: 'string', default: '.' },
      verbose: { type: 'boolean', default: false },
      // Written as func writes it.
      enableAuth: { type: 'boolean', default: false },
      https: { type: 'boolean', default: false },
      'https-key': { type: 'string' },
      'https-cert': { type: 'string' },
      'front-end': { type: 'string' },
    },
  });
  const scriptRoot = resolve(values['script-root']);
  const local = readLocalSettings(scriptRoot);
  // The app reads process.env, as in Azure. A setting that is there already wins.
  for (const [name, value] of Object.entries(local.values)) {
    process.env[name] ??= value;
  }
  const port = values.port === undefined ? (local.port ?? 7071) : Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new UsageError('--port takes a number up to 65535.');
  }
  return {
    scriptRoot,
    port,
    settings: process.env,
    named: Object.fromEntries(
      [...Object.keys(local.values), ...Object.keys(settingDefaults)].map((name) => [
        name,
        process.env[name],
      ]),
    ),
    hasProxy: usesProxy(process.env),
    https: readTls(values.https, values['https-key'], values['https-cert']),
    isVerbose: values.verbose,
    frontEndUrl: values['front-end'] && readFrontEndUrl(values['front-end']),
    // For this run only, and for loopback only.
    key: values.enableAuth ? randomBytes(32).toString('base64url') : undefined,
  };
}

function readTls(throwaway: boolean, key: string | undefined, cert: string | undefined) {
  if (key !== undefined && cert !== undefined) {
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  }
  if (key !== undefined || cert !== undefined) {
    throw new UsageError('--https-key and --https-cert go together.');
  }
  return throwaway ? createThrowawayCertificate() : undefined;
}

class UsageError extends Error {}

function explain(error: unknown): string {
  if (error instanceof PortTakenError) {
    return `Port ${error.port} is taken. Choose another one: npm run host -- --port ${error.port + 1}`;
  }
  if (error instanceof AppMissingError || error instanceof FaultyFileError) {
    return error.message;
  }
  const isUsage =
    error instanceof UsageError ||
    (error instanceof TypeError &&
      (error.message.startsWith('--front-end') ||
        ('code' in error && String(error.code).startsWith('ERR_PARSE_'))));
  return isUsage ? `${error.message}\n${usage}` : describeError(error);
}

function tellParent(message: HostMessage): void {
  if (process.connected) process.send?.(message);
}

/**
 * Ends this process when the parent goes, and when nobody reads the log any more. Both count from the first moment: a parent
 * that goes while the app is still loading would otherwise leave a process behind that nobody ends.
 */
function endWithParent() {
  let isEnding = false;
  let stop = (): Promise<void> => Promise.resolve();
  const end = (): void => {
    if (isEnding) return;
    isEnding = true;
    void stop().finally(() => process.exit(0));
  };
  process.on('disconnect', end);
  // If the log told of it, each failed write would cause the next one, and the process would be too busy to hear a signal.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => process.exit(1));
  }
  return {
    /** From now on a signal ends it, too. `given` is done before the end. */
    through(given: () => Promise<void>): void {
      stop = given;
      process.on('SIGINT', end);
      process.on('SIGTERM', end);
    },
    /** It ends by itself, when everything is written. */
    leave(): void {
      process.off('disconnect', end);
      if (process.connected) process.disconnect();
    },
  };
}

/** An address that the app needs. */
interface WatchedAddress {
  /** `http://127.0.0.1:7083`. Nothing else of the setting is shown, since it may hold keys. */
  readonly origin: string;
  readonly host: string;
  readonly port: number;
  /** Names of the settings that have this address. */
  readonly settings: string[];
}

/** `APP_BASE_URL` is the app itself, issuers, scopes and audiences are only names, and this host does not use host storage. */
const neverAsked = new Set([
  ...['APP_BASE_URL', 'ENTRA_ISSUER', 'GRAPH_SCOPES', 'API_AUDIENCE', 'AzureWebJobsStorage'],
]);
/** A person who starts the app should not wait longer before the warning appears. */
const connectTimeoutMs = 700;
const pauseMs = 1000;

/**
 * Tells which addresses in `settings` do not answer when the app starts, and later that they do. The real host tells
 * nothing: while its storage is out of reach, the listener of its timers holds every request for half a minute.
 * @param settings settings that may have an address: a URL, or a connection string of Azure Storage
 * @param hasProxy connections to other machines go through a proxy, so that only loopback can be asked
 * @returns a function that ends the watch
 */
export function watchAddresses(
  settings: Readonly<Record<string, string | undefined>>,
  hasProxy: boolean,
  log: Log,
): () => void {
  const ended = new AbortController();
  for (const address of addressesIn(settings)) {
    const isHere = isLoopback(address.host);
    if (isHere || !hasProxy) {
      void watch(address, isHere, log, ended.signal);
    }
  }
  return () => {
    ended.abort();
  };
}

async function watch(
  address: WatchedAddress,
  isHere: boolean,
  log: Log,
  ended: AbortSignal,
): Promise<void> {
  const isEnded = (): boolean => ended.aborted;
  if ((await answers(address, ended)) || isEnded()) {
    return;
  }
  const what = `${address.origin} (${address.settings.join(', ')})`;
  const remedy = isHere
    ? 'Start it; the parts of the local stack: npm start -- --no-app'
    : 'Check the address, the network and the firewall.';
  log(
    'warning',
    logCategory.startup,
    `Nothing answers at ${what} yet. Until it does, requests that need it fail. ${remedy}`,
  );
  do {
    // An address that never answers must not keep the process running.
    await setTimeout(pauseMs, undefined, { ref: false, signal: ended }).catch(() => undefined);
  } while (!isEnded() && !(await answers(address, ended)));
  if (isEnded()) {
    return;
  }
  log('warning', logCategory.startup, `${what} answers now.`);
}

function addressesIn(
  settings: Readonly<Record<string, string | undefined>>,
): readonly WatchedAddress[] {
  const addresses = new Map<string, WatchedAddress>();
  for (const [name, value] of Object.entries(settings)) {
    const url = neverAsked.has(name) ? undefined : urlIn(value ?? '');
    if (url !== undefined) {
      const { origin, protocol, hostname } = url;
      const port = Number(url.port) || (protocol === 'https:' ? 443 : 80);
      const address = addresses.get(origin) ?? { origin, host: hostname, port, settings: [] };
      address.settings.push(name);
      addresses.set(origin, address);
    }
  }
  return [...addresses.values()];
}

/** https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string */
function urlIn(value: string): URL | undefined {
  const parts = new Map(
    value.split(';').map((part): [string, string] => {
      const [key = '', ...rest] = part.split('=');
      return [key.trim().toLowerCase(), rest.join('=').trim()];
    }),
  );
  const account = parts.get('accountname');
  const text = /^https?:/i.test(value)
    ? value
    : parts.get('usedevelopmentstorage') === 'true'
      ? 'http://127.0.0.1:10002'
      : (parts.get('tableendpoint') ??
        parts.get('blobendpoint') ??
        (account &&
          `https://${account}.table.${parts.get('endpointsuffix') ?? 'core.windows.net'}`));
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) ? url : undefined;
}

function answers({ host, port }: WatchedAddress, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ''), port, signal });
    const end = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.setTimeout(connectTimeoutMs, () => {
      end(false);
    });
    socket.once('connect', () => {
      end(true);
    });
    socket.once('error', () => {
      end(false);
    });
  });
}

// Last, since it needs everything above.
await runHost(process.argv.slice(2));
