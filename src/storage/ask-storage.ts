import { setTimeout as sleep } from 'node:timers/promises';
import { RestError, TableClient } from '@azure/data-tables';
import { AppError } from '../errors';
import { isHttpLoopback, proxyAgent } from '../proxy';
import { abortable, readRetryAfter } from '../waiting';
import type { Properties, PropertyValue, Row, Table, TransactionAction } from './table';

/** What `@azure/data-tables` asks of a TokenCredential. */
export interface TableCredential {
  getToken(
    scopes: string | string[],
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

/** Where the table is, and what opens it. */
export type TableConnection = { readonly tableName: string } & (
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
export function createTableClient(connection: TableConnection): TableClient {
  const client = connect(connection, false);
  const url = URL.parse(client.url);
  if (url?.protocol === 'https:') return client;
  if (url === null || !isHttpLoopback(url)) {
    throw new AppError('ERR_SETTINGS', { note: 'the tables must be reached over https' });
  }
  return connect(connection, true);
}

function connect(connection: TableConnection, allowInsecureConnection: boolean): TableClient {
  const { tableName } = connection;
  const options = { retryOptions, allowInsecureConnection };
  try {
    return followProxy(
      'endpoint' in connection
        ? new TableClient(connection.endpoint, tableName, connection.credential, options)
        : TableClient.fromConnectionString(connection.connectionString, tableName, options),
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

/** The result of an expected failure; `undefined` when it is a fault after all. */
type OnExpected<Answer> = (
  failure: ExpectedFailure,
  /** True after a try without an answer: the write may have been done, and this failure may be its result. */
  isLate: boolean,
) => Promise<Answer | undefined> | Answer | undefined;

/** Asks one table, as often as makes sense. */
export interface AskStorage {
  /**
   * What `work` gives, or `onExpected(...)` for an expected failure that it accepts. `work` may run three times.
   * @throws ERR_STORAGE_LIMIT when the service refuses the size of a row, ERR_STORAGE_UNAVAILABLE for every other
   *   failure, and as soon as `signal` aborts
   */
  <Answer>(
    signal: AbortSignal,
    work: () => Promise<Answer>,
    onExpected?: OnExpected<Answer>,
  ): Promise<Answer>;
}

const maxTries = 3;
/** The pause before the second try; the third waits twice as long. Longer pauses would use up the request's deadline. */
const pauseMs = 100;
/** A request cannot wait longer than this. */
const longestWaitSeconds = 3;

/**
 * Our own retries instead of the library's: that one waits as long as `Retry-After` says, until the request's time is
 * over, and does not tell whether an earlier try may have been done.
 * @param findTable asks for something that only a table that is there can answer
 */
export function createAskStorage(
  tableName: string,
  findTable: (signal: AbortSignal) => Promise<unknown>,
): AskStorage {
  async function attempt<Answer>(
    signal: AbortSignal,
    work: () => Promise<Answer>,
    onExpected: OnExpected<Answer>,
  ): Promise<Answer> {
    for (let tries = 1; ; tries += 1) {
      try {
        signal.throwIfAborted();
        // The library gets the signal too, but a body that stops halfway through its gzip stream would keep it
        // waiting for ever.
        return await abortable(work(), 'ERR_STORAGE_UNAVAILABLE', signal);
      } catch (error) {
        if (error instanceof AppError) throw error;
        const failure = readStorageFailure(error, tableName);
        const { expected } = failure;
        const answer = expected && (await onExpected(expected, tries > 1));
        if (answer !== undefined) return answer;
        if (signal.aborted) throw tooLate(error);
        const wait = waitMs(failure, tries);
        if (wait === undefined) throw faultOf(failure, error);
        await pause(wait, signal, () => faultOf(failure, error));
      }
    }
  }

  /** The service may answer the same for a missing row and a missing table. A missing table must not sign people out. */
  async function assertTable(signal: AbortSignal): Promise<void> {
    await attempt(
      signal,
      () => findTable(signal),
      (failure) => {
        if (failure !== 'missing') return undefined;
        throw new AppError('ERR_STORAGE_UNAVAILABLE', { note: missingTableNote(tableName) });
      },
    );
  }

  return (signal, work, onExpected = () => undefined) =>
    attempt(signal, work, async (failure, isLate) => {
      if (failure === 'missing') await assertTable(signal);
      return onExpected(failure, isLate);
    });
}

/** Before the next try; `undefined` when there is none. */
function waitMs(
  { isPassing, retryAfterSeconds }: StorageFailure,
  tries: number,
): number | undefined {
  if (!isPassing || tries === maxTries) return undefined;
  if (retryAfterSeconds === undefined) return pauseMs * tries * (0.75 + Math.random() / 2);
  return retryAfterSeconds <= longestWaitSeconds ? retryAfterSeconds * 1000 : undefined;
}

async function pause(ms: number, signal: AbortSignal, fault: () => AppError): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    throw fault();
  }
}

function faultOf({ isLimit, note, retryAfterSeconds }: StorageFailure, cause: unknown): AppError {
  if (isLimit) return new AppError('ERR_STORAGE_LIMIT', { note, cause });
  return new AppError('ERR_STORAGE_UNAVAILABLE', {
    note,
    cause,
    // A client that came back after no time at all would only be sent away again.
    retryAfterSeconds: retryAfterSeconds === undefined ? undefined : Math.max(retryAfterSeconds, 1),
  });
}

function tooLate(cause: unknown): AppError {
  const note = 'the tables did not answer before the deadline';
  return new AppError('ERR_STORAGE_UNAVAILABLE', { note, cause });
}

/** The failures that are answers: another writer was there, or nothing was. */
export type ExpectedFailure = 'exists' | 'missing' | 'conflict';

const expectedFailures: Readonly<Record<string, ExpectedFailure>> = {
  EntityAlreadyExists: 'exists',
  ResourceNotFound: 'missing',
  EntityNotFound: 'missing',
  UpdateConditionNotSatisfied: 'conflict',
  ConditionNotMet: 'conflict',
};

/** What the service says of a row that passed our own check (row-limits.ts), should it count otherwise. */
const limitCodes = new Set([
  'EntityTooLarge',
  'PropertyValueTooLarge',
  'RequestBodyTooLarge',
  'TooManyProperties',
]);

/** A failure of the service, or of the connection to it. */
export interface StorageFailure {
  readonly expected: ExpectedFailure | undefined;
  /** The size of a row was refused. */
  readonly isLimit: boolean;
  /** Another try may help: the service is busy, or the connection broke. */
  readonly isPassing: boolean;
  /** What the service asked callers to wait. */
  readonly retryAfterSeconds: number | undefined;
  /** For the log. */
  readonly note: string;
}

/**
 * Understands what the library threw. The code decides, not just the status: a table that is missing or is being
 * deleted answers 404 and 409 too, and must count as an outage, or everybody would seem signed out.
 * Microsoft Learn, "Table service error codes".
 */
export function readStorageFailure(error: unknown, tableName: string): StorageFailure {
  const code = errorCodeOf(error);
  const headers = error instanceof RestError ? error.response?.headers : undefined;
  return {
    expected: code === undefined ? undefined : expectedFailures[code],
    isLimit: code !== undefined && limitCodes.has(code),
    isPassing: isPassing(error),
    retryAfterSeconds: headers && readRetryAfter(headers),
    note: noteOf(code, tableName),
  };
}

/** The note for a table that is not there. */
export function missingTableNote(tableName: string): string {
  return `there is no table ${tableName} in this storage account, and the app never creates it`;
}

/** Whether a retry may help: after 408, 429, most of 5xx, and broken connections. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof RestError)) return false;
  const { statusCode: status } = error;
  if (status === undefined) return true;
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

function noteOf(code: string | undefined, tableName: string): string {
  if (code === 'TableNotFound') return missingTableNote(tableName);
  if (code === 'AuthorizationPermissionMismatch') {
    return `the tables answered ${code}: the app's identity needs the role Storage Table Data Contributor on this storage account or table; a new assignment takes up to 30 minutes to work`;
  }
  return `the tables answered ${code ?? 'nothing that can be used'}`;
}

/**
 * Where the library leaves the service's code. Table Storage puts it into the JSON body, and only there where data is
 * concerned; 401 and 403 have it in a header, some with an XML body, which the library does not understand.
 */
function errorCodeOf(error: unknown): string | undefined {
  const details = valueOf(error, 'details');
  const fromBody = textOf(valueOf(details, 'odataError'), 'code');
  const fromHeader =
    error instanceof RestError ? error.response?.headers.get('x-ms-error-code') : undefined;
  // A transaction's code stands in the error itself, and so does the system's own (ECONNRESET).
  return fromBody ?? fromHeader ?? textOf(error, 'code');
}

function textOf(from: unknown, name: string): string | undefined {
  const value = valueOf(from, name);
  return typeof value === 'string' ? value : undefined;
}

function valueOf(from: unknown, name: string): unknown {
  if (typeof from !== 'object' || from === null) return undefined;
  return Object.getOwnPropertyDescriptor(from, name)?.value;
}

/**
 * A connection may break after the service did what it was asked, and before its answer arrives. The next try then meets
 * the traces of the first: the row exists already, has another ETag, or is gone. Whether they are ours is seen from what
 * is stored now.
 */

/** Whether a row is as `written` would leave it. */
export function isAsWritten(row: Row | undefined, written: Properties): row is Row {
  return (
    row !== undefined &&
    Object.entries(written).every(([name, value]) => isSame(row.properties[name], value))
  );
}

function isSame(stored: PropertyValue | undefined, written: PropertyValue): boolean {
  if (written instanceof Date) {
    return stored instanceof Date && stored.getTime() === written.getTime();
  }
  if (written instanceof Uint8Array) {
    return stored instanceof Uint8Array && Buffer.compare(stored, written) === 0;
  }
  return stored === written;
}

/**
 * The ETags that a transaction would have answered, `undefined` for a delete, when everything is as it would have left
 * it; else `undefined`.
 */
export async function etagsIfDone(
  table: Pick<Table, 'read' | 'list'>,
  partitionKey: string,
  actions: readonly TransactionAction[],
  signal: AbortSignal,
): Promise<readonly (string | undefined)[] | undefined> {
  const deleted = new Set(
    actions.filter(({ action }) => action === 'delete').map(({ rowKey }) => rowKey),
  );
  if (deleted.size > 0 && (await isAnyLeft(table, partitionKey, deleted, signal))) return undefined;
  const etags = await Promise.all(
    actions.map(async (action) => {
      if (action.action === 'delete') return 'gone';
      const row = await table.read({ partitionKey, rowKey: action.rowKey }, signal);
      return isAsWritten(row, action.properties) ? row.etag : undefined;
    }),
  );
  if (etags.includes(undefined)) return undefined;
  return etags.map((etag, index) => (actions[index]?.action === 'delete' ? undefined : etag));
}

async function isAnyLeft(
  table: Pick<Table, 'list'>,
  partitionKey: string,
  rowKeys: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const { rows } of table.list({ partitionKey, select: [] }, signal)) {
    if (rows.some(({ rowKey }) => rowKeys.has(rowKey))) return true;
  }
  return false;
}
