import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { isLoopback } from '../../src/proxy';
import { type Log, logCategory } from './log';

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
