import { TableClient } from '@azure/data-tables';
import { AppError } from '../errors';
import type { TraceHeaders } from '../events';
import { isHttpLoopback, proxyAgent } from '../proxy';
import { createTableHttp, type TableConnector } from './table-requests';

/** What `@azure/data-tables` asks of a TokenCredential. */
export interface TableCredential {
  getToken(
    scopes: string | string[],
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

/** Where the table is, and what gives access to it. */
export type TableConnection = { readonly tableName: string } & (
  | { readonly connectionString: string }
  | {
      /** `https://<account>.table.core.windows.net` */
      readonly endpoint: string;
      readonly credential: TableCredential;
    }
);

/**
 * The client of one table. It connects when it is first used. Plain http is allowed on loopback only, for the emulator.
 * @param traceHeaders sent with each request
 * @throws ERR_SETTINGS when the address cannot be understood, or would send data over plain http
 */
export function createTableClient(
  connection: TableConnection,
  traceHeaders: TraceHeaders = () => ({}),
): TableConnector {
  const client = connect(connection, traceHeaders, false);
  const url = URL.parse(client.url);
  if (url?.protocol === 'https:') return client;
  if (url === null || !isHttpLoopback(url)) {
    throw new AppError('ERR_SETTINGS', { note: 'the tables must be reached over https' });
  }
  return connect(connection, traceHeaders, true);
}

function connect(
  connection: TableConnection,
  traceHeaders: TraceHeaders,
  allowInsecureConnection: boolean,
): TableConnector {
  const { tableName } = connection;
  const httpClient = createTableHttp(traceHeaders, proxyAgent());
  const options = { allowInsecureConnection, httpClient };
  try {
    const client =
      'endpoint' in connection
        ? new TableClient(connection.endpoint, tableName, connection.credential, options)
        : TableClient.fromConnectionString(connection.connectionString, tableName, options);
    keepNeededPolicies(client);
    return Object.assign(client, { http: httpClient });
  } catch {
    // No cause: the library's message may repeat a part of the connection string.
    throw new AppError('ERR_SETTINGS', { note: 'the address of the tables cannot be understood' });
  }
}

/**
 * What the library would do at each request, and this app does not need: proxies by a rule of its own, retries without
 * knowing whether an earlier try was done (`createAskStorage()`), redirects, compression, forms, and telemetry of its own.
 */
const needlessPolicies = [
  'proxyPolicy',
  'decompressResponsePolicy',
  'wrapAbortSignalLikePolicy',
  'formDataPolicy',
  'userAgentPolicy',
  'setClientRequestIdPolicy',
  'multipartPolicy',
  'defaultRetryPolicy',
  'tracingPolicy',
  'redirectPolicy',
  'logPolicy',
];

/** Leaves the client with what signs requests and reads answers. */
function keepNeededPolicies({ pipeline }: TableClient): void {
  for (const name of needlessPolicies) pipeline.removePolicy({ name });
}
