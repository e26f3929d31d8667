import { TableClient } from '@azure/data-tables';
import { AppError } from '../errors';
import { isLoopback } from '../loopback';
import { proxyAgent } from '../proxy';

/** What `@azure/data-tables` asks of a TokenCredential. */
export interface TableCredential {
  getToken(
    scopes: string | string[],
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

/** Where the table is, and what opens it. */
export type TablePlace = { readonly tableName: string } & (
  | { readonly connectionString: string }
  | {
      /** `https://<account>.table.core.windows.net` */
      readonly endpoint: string;
      readonly credential: TableCredential;
    }
);

// ask-storage.ts tries again, and knows what an earlier try may have done.
const retryOptions = { maxRetries: 0 };

/**
 * The client of one table; it connects when first used. http is allowed on loopback only, for the
 * emulator.
 * @throws ERR_SETTINGS when the place cannot be understood or would send data over plain http
 */
export function createTableClient(place: TablePlace): TableClient {
  const client = connect(place, false);
  const url = URL.parse(client.url);
  if (url?.protocol === 'https:') return client;
  if (url?.protocol !== 'http:' || !isLoopback(url.hostname)) {
    throw new AppError('ERR_SETTINGS', { note: 'the tables must be reached over https' });
  }
  return connect(place, true);
}

function connect(place: TablePlace, allowInsecureConnection: boolean): TableClient {
  const { tableName } = place;
  const options = { retryOptions, allowInsecureConnection };
  try {
    return followProxy(
      'endpoint' in place
        ? new TableClient(place.endpoint, tableName, place.credential, options)
        : TableClient.fromConnectionString(place.connectionString, tableName, options),
    );
  } catch {
    // No cause: the library's message may repeat a part of the connection string.
    throw new AppError('ERR_SETTINGS', { note: 'the place of the tables cannot be understood' });
  }
}

/** The library has its own rule for proxies, and would also send calls to the emulator through them. */
function followProxy(client: TableClient): TableClient {
  client.pipeline.removePolicy({ name: 'proxyPolicy' });
  const agent = proxyAgent();
  const isRemote = URL.parse(client.url)?.protocol === 'https:';
  if (agent !== undefined && isRemote) {
    client.pipeline.addPolicy({
      name: 'proxy of the environment',
      sendRequest: (request, next) => {
        request.agent = agent;
        return next(request);
      },
    });
  }
  return client;
}
