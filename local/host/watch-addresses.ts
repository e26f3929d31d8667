import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { isLoopback } from '../../src/proxy';
import { type Log, logCategory } from './log';

/** Where something that the app needs is to listen. */
interface Place {
  /** `http://127.0.0.1:7083`: nothing else of the setting is shown, since it may hold keys. */
  readonly origin: string;
  readonly host: string;
  readonly port: number;
  /** Names of the settings that say so. */
  readonly settings: string[];
}

/** `APP_BASE_URL` is the app itself, an issuer is a name, and this host keeps nothing in host storage. */
const neverAsked = new Set(['APP_BASE_URL', 'ENTRA_ISSUER', 'AzureWebJobsStorage']);
/** The wait after which an address counts as silent. The person who started the app should not wait longer to hear of it. */
const patienceMs = 700;
const pauseMs = 1000;

/**
 * Tells which addresses in `settings` do not answer when the app starts, and later that they do. The real host tells
 * nothing: while its storage is out of reach, the listener of its timers holds every request for half a minute.
 * @param settings those that may name a place: a URL, or a connection string of Azure Storage
 * @param hasProxy connections to other machines go through a proxy, so that only loopback can be asked
 * @returns ends it
 */
export function watchAddresses(
  settings: Readonly<Record<string, string | undefined>>,
  hasProxy: boolean,
  log: Log,
): () => void {
  const ended = new AbortController();
  for (const place of placesIn(settings)) {
    const isHere = isLoopback(place.host);
    if (isHere || !hasProxy) {
      void watch(place, isHere, log, ended.signal);
    }
  }
  return () => {
    ended.abort();
  };
}

async function watch(place: Place, isHere: boolean, log: Log, ended: AbortSignal): Promise<void> {
  const isEnded = (): boolean => ended.aborted;
  if ((await answers(place, ended)) || isEnded()) {
    return;
  }
  const what = `${place.origin} (${place.settings.join(', ')})`;
  const remedy = isHere
    ? 'Start it; the parts of the local stack: npm start -- --no-app'
    : 'Check the address, the network and the firewall.';
  log(
    'warning',
    logCategory.startup,
    `Nothing answers at ${what} yet. Until it does, requests that need it fail. ${remedy}`,
  );
  do {
    // An address that never answered must not delay the end.
    await setTimeout(pauseMs, undefined, { ref: false, signal: ended }).catch(() => undefined);
  } while (!isEnded() && !(await answers(place, ended)));
  if (isEnded()) {
    return;
  }
  log('warning', logCategory.startup, `${what} answers now.`);
}

function placesIn(settings: Readonly<Record<string, string | undefined>>): readonly Place[] {
  const places = new Map<string, Place>();
  for (const [name, value] of Object.entries(settings)) {
    const address = neverAsked.has(name) ? undefined : addressIn(value ?? '');
    if (address !== undefined) {
      const { origin, protocol, hostname } = address;
      const port = Number(address.port) || (protocol === 'https:' ? 443 : 80);
      const place = places.get(origin) ?? { origin, host: hostname, port, settings: [] };
      place.settings.push(name);
      places.set(origin, place);
    }
  }
  return [...places.values()];
}

/** https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string */
function addressIn(value: string): URL | undefined {
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
  const address = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  return address !== undefined && /^https?:$/.test(address.protocol) ? address : undefined;
}

function answers({ host, port }: Place, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ''), port, signal });
    const end = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.setTimeout(patienceMs, () => {
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
