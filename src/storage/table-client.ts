import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { RestError, TableClient, type TableServiceClientOptions } from '@azure/data-tables';
import { isObject, parseJson } from '../bodies';
import { AppError } from '../errors';
import { isHttpLoopback, proxyAgent } from '../proxy';
import { abortable, noLog, type OutgoingLog } from '../waiting';
import {
  type ExpectedFailure,
  faultOf,
  missingTableNote,
  readStorageFailure,
  lateNote,
  tooLate,
  waitMs,
} from './table-failures';

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

/** The library's client of one table, and what sends its requests. */
export type TableConnector = TableClient & { readonly http: TableHttp };

/** What sends the requests of `@azure/data-tables`. */
type TableHttp = NonNullable<TableServiceClientOptions['httpClient']>;

export type TableAnswer = Awaited<ReturnType<TableHttp['sendRequest']>>;

/**
 * The client of one table. It connects when it is first used. Plain http is allowed on loopback only, for the emulator.
 * @param log gives each request its trace, and counts how long its answer takes
 * @throws ERR_SETTINGS when the address cannot be understood, or would send data over plain http
 */
export function createTableClient(
  connection: TableConnection,
  log: OutgoingLog = noLog,
): TableConnector {
  const client = connect(connection, log, false);
  const url = URL.parse(client.url);
  if (url?.protocol === 'https:') return client;
  if (url === null || !isHttpLoopback(url)) {
    throw new AppError('ERR_SETTINGS', { note: 'the tables must be reached over https' });
  }
  return connect(connection, log, true);
}

function connect(
  connection: TableConnection,
  log: OutgoingLog,
  allowInsecureConnection: boolean,
): TableConnector {
  const { tableName } = connection;
  const httpClient = createTableHttp(log, proxyAgent());
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

interface Question {
  readonly method: 'GET' | 'POST';
  /** Behind the address of the account. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * Sends a request of our own through the policies of the library, which sign it. The library's forms for requests and answers
 * took more time than the rest of a point read, and they make a whole client for each transaction.
 */
export function send(
  { url, pipeline, http: tableHttp }: TableConnector,
  { method, path, headers, body }: Question,
  signal: AbortSignal,
): Promise<TableAnswer> {
  const { account, sas } = readAddress(url);
  const query = sas === undefined ? '' : `${path.includes('?') ? '&' : '?'}${sas}`;
  return pipeline.sendRequest(tableHttp, {
    ...{ method, withCredentials: false, timeout: 0, requestId: '', abortSignal: signal },
    url: account + path + query,
    headers: headersFrom({ 'x-ms-version': serviceVersion, ...headers }),
    ...(body !== undefined && { body }),
    // `createTableClient()` takes plain http on loopback only.
    allowInsecureConnection: account.startsWith('http:'),
  });
}

/** The address of a client, with a slash at the end of its path, and its shared access signature, if it has one. */
export function readAddress(url: string): { readonly account: string; readonly sas?: string } {
  const [path = '', sas] = url.split('?', 2);
  const account = path.endsWith('/') ? path : `${path}/`;
  return sas === undefined ? { account } : { account, sas };
}

/** As the library has it. */
const serviceVersion = '2019-02-02';

/** In the form of the library. Names are in lower case. */
function headersFrom(given: Readonly<Record<string, string>>): TableAnswer['headers'] {
  const values = new Map(Object.entries(given));
  return {
    get: (name) => values.get(name.toLowerCase()),
    has: (name) => values.has(name.toLowerCase()),
    set: (name, value) => void values.set(name.toLowerCase(), String(value)),
    delete: (name) => void values.delete(name.toLowerCase()),
    toJSON: () => Object.fromEntries(values),
    [Symbol.iterator]: () => values[Symbol.iterator](),
  };
}

/** The failure of an answer, in the form that the library gives to failures. */
export function refusal(answer: TableAnswer, text: string, statusCode = answer.status): RestError {
  const body = parseJson(text);
  const odataError = isObject(body) ? body['odata.error'] : undefined;
  const message = `the tables answered ${statusCode}`;
  const { request } = answer;
  const error = new RestError(message, { statusCode, request, response: answer });
  return Object.assign(error, { details: { odataError } });
}

/**
 * Sends requests to one table service, in place of the library's own client. Connections are kept open. Bodies are texts,
 * nothing is streamed, and redirects are not followed: a token must not go to another host. The request's signal ends it.
 *
 * A connection that breaks is a `RestError` without a status, as from the library's own client. `createAskStorage()` tries
 * again then.
 * @param httpsAgent of a proxy; without it, connections are direct
 */
function createTableHttp(
  { traceHeaders, measure }: OutgoingLog,
  httpsAgent: http.Agent = new https.Agent({ keepAlive: true }),
): TableHttp {
  const httpAgent = new http.Agent({ keepAlive: true });
  const send: TableHttp['sendRequest'] = (request) =>
    new Promise((resolve, reject) => {
      const { method, headers, body, abortSignal } = request;
      const { protocol, hostname, port, pathname, search } = new URL(request.url);
      const isHttps = protocol === 'https:';
      if (!isHttps && request.allowInsecureConnection !== true) {
        throw new TypeError('the tables must be reached over https');
      }
      if (body !== undefined && typeof body !== 'string') {
        throw new TypeError('the body of a request to the tables is a text');
      }
      const outgoing = (isHttps ? https : http).request({
        agent: isHttps ? httpsAgent : httpAgent,
        method,
        // An IPv6 address has brackets in a URL, and none here.
        hostname: hostname.replace(/^\[|\]$/g, ''),
        port,
        path: pathname + search,
        // A signature of the request does not cover them.
        headers: { ...headers.toJSON({ preserveCase: true }), ...traceHeaders() },
      });
      const abort = (): void => {
        outgoing.destroy(new Error('the deadline of the request passed'));
      };
      const fail = (error: NodeJS.ErrnoException): void => {
        abortSignal?.removeEventListener('abort', abort);
        reject(new RestError(error.message, { ...codeOf(error), request }));
      };
      abortSignal?.addEventListener('abort', abort);
      outgoing.on('error', fail);
      outgoing.on('response', (incoming) => {
        incoming.on('error', fail);
        readBody(incoming, (text) => {
          abortSignal?.removeEventListener('abort', abort);
          const { statusCode: status = 0, headers: received } = incoming;
          resolve({ request, status, headers: answerHeaders(received), bodyAsText: text });
        });
      });
      outgoing.end(body);
    });
  return { sendRequest: (request) => measure('storage', () => send(request)) };
}

function codeOf({ code }: NodeJS.ErrnoException): { readonly code?: string } {
  return code === undefined ? {} : { code };
}

/** Errors are events of `incoming`, one of a faulty compression too. */
function readBody(incoming: IncomingMessage, done: (text: string) => void): void {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
  });
  incoming.on('end', () => {
    const [first] = chunks;
    // Most answers come in one piece.
    const bytes = first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks);
    let text: string;
    try {
      // We do not ask for compression: a row is small and encrypted. A proxy may still compress.
      const isCompressed = incoming.headers['content-encoding'] === 'gzip';
      text = (isCompressed ? gunzipSync(bytes) : bytes).toString('utf8');
    } catch (error) {
      incoming.emit('error', error);
      return;
    }
    done(text);
  });
}

function answerHeaders(received: http.IncomingHttpHeaders): TableAnswer['headers'] {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(received)) values[name] = [value].flat()[0] ?? '';
  return headersFrom(values);
}

/** Asks one table, as often as makes sense. */
export interface AskStorage {
  /**
   * @returns what `work` gives, or the answer of `onExpected` to an expected failure
   * @throws ERR_STORAGE_LIMIT when the service refuses the size of a row, ERR_STORAGE_UNAVAILABLE for every other
   *   failure, and as soon as `signal` aborts
   */
  <Answer>(question: StorageQuestion<Answer>, signal: AbortSignal): Promise<Answer>;
}

interface StorageQuestion<Answer> {
  /** May run three times. */
  readonly work: () => Promise<Answer>;
  /**
   * The answer, if the failure is one; `undefined` when it is a fault after all.
   * @param isLate true after a try without an answer: the write may have been done, and this failure may be its result
   */
  readonly onExpected?: (
    failure: ExpectedFailure,
    isLate: boolean,
  ) => Expected<Answer> | Promise<Expected<Answer>>;
}

type Expected<Answer> = { readonly answer: Answer } | undefined;

/**
 * Our own retries instead of the library's. The library waits as long as `Retry-After` says, until the request's time is
 * over, and does not tell whether an earlier try may have been done.
 * @param findTable asks for something that only a table that is there can answer
 */
export function createAskStorage(
  tableName: string,
  findTable: (signal: AbortSignal) => Promise<void>,
): AskStorage {
  async function attempt<Answer>(
    { work, onExpected }: StorageQuestion<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    for (let tries = 1; ; tries += 1) {
      try {
        signal.throwIfAborted();
        // The library gets the signal too, but a body that stops halfway through its gzip stream would keep it waiting
        // for ever.
        return await abortable(work(), 'ERR_STORAGE_UNAVAILABLE', signal, lateNote);
      } catch (error) {
        if (error instanceof AppError) throw error;
        const failure = readStorageFailure(error, tableName);
        const expected = failure.expected && (await onExpected?.(failure.expected, tries > 1));
        if (expected !== undefined) return expected.answer;
        if (signal.aborted) throw tooLate(error);
        const wait = waitMs(failure, tries);
        if (wait === undefined) throw faultOf(failure, error);
        await pause(wait, () => faultOf(failure, error), signal);
      }
    }
  }

  /** The service may answer the same for a missing row and a missing table. A missing table must not sign people out. */
  const assertTable = (signal: AbortSignal): Promise<void> =>
    attempt(
      {
        work: () => findTable(signal),
        onExpected: (failure) => {
          if (failure !== 'missing') return undefined;
          throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: missingTableNote(tableName) });
        },
      },
      signal,
    );

  return ({ work, onExpected }, signal) =>
    attempt(
      {
        work,
        onExpected: async (failure, isLate) => {
          if (failure === 'missing') await assertTable(signal);
          return onExpected?.(failure, isLate);
        },
      },
      signal,
    );
}

async function pause(ms: number, fault: () => AppError, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    throw fault();
  }
}
