import { RestError } from '@azure/data-tables';
import { AppError, errorWord } from '../errors';
import { readRetryAfter } from '../waiting';

/** The failures that are answers: another writer was there, or nothing was. */
export type ExpectedFailure = 'exists' | 'missing' | 'conflict';

/** A failure of the service, or of the connection to it. */
interface StorageFailure {
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
 * What the library's error says. The code decides, not the status alone: a table that is missing or is being deleted
 * answers 404 and 409, too. That must count as an outage, or everybody would seem signed out.
 * https://learn.microsoft.com/rest/api/storageservices/table-service-error-codes
 */
export function readStorageFailure(error: unknown, tableName: string): StorageFailure {
  const code = errorCodeOf(error);
  const headers = error instanceof RestError ? error.response?.headers : undefined;
  return {
    expected: code === undefined ? undefined : expectedFailures.get(code),
    isLimit: code !== undefined && limitCodes.has(code),
    isPassing: isPassing(error),
    retryAfterSeconds: headers && readRetryAfter(headers),
    note: noteOf(code, tableName),
  };
}

const expectedFailures: ReadonlyMap<string, ExpectedFailure> = new Map([
  ['EntityAlreadyExists', 'exists'],
  ['ResourceNotFound', 'missing'],
  ['EntityNotFound', 'missing'],
  ['UpdateConditionNotSatisfied', 'conflict'],
  ['ConditionNotMet', 'conflict'],
]);

/** For a row that passed our own check (`assertWithinLimits()`), when the service counts differently. */
const limitCodes = new Set([
  'EntityTooLarge',
  'PropertyValueTooLarge',
  'RequestBodyTooLarge',
  'TooManyProperties',
]);

const maxTries = 3;
/** The pause before the second try. The third waits twice as long; more would use up the request's deadline. */
const pauseMs = 100;
/** A request cannot wait longer than this. */
const maxWaitSeconds = 3;

/** How long to wait before the next try; `undefined` when there is none. */
export function waitMs(
  { isPassing, retryAfterSeconds }: StorageFailure,
  tries: number,
): number | undefined {
  if (!isPassing || tries === maxTries) return undefined;
  if (retryAfterSeconds === undefined) return pauseMs * tries * (0.75 + Math.random() / 2);
  return retryAfterSeconds <= maxWaitSeconds ? retryAfterSeconds * 1000 : undefined;
}

export function faultOf(
  { isLimit, note, retryAfterSeconds }: StorageFailure,
  cause: unknown,
): AppError {
  if (isLimit) return new AppError('ERR_STORAGE_LIMIT', { note, cause });
  return new AppError('ERR_STORAGE_UNAVAILABLE', { note, cause, retryAfterSeconds });
}

export const lateNote = 'the tables did not answer before the deadline';

export function tooLate(cause: unknown): AppError {
  return new AppError('ERR_STORAGE_UNAVAILABLE', { note: lateNote, cause });
}

export function missingTableNote(tableName: string): string {
  return `there is no table ${tableName} in this storage account, and the app never creates it`;
}

/** Whether another try may help: after 408, 429, most of 5xx, and broken connections. */
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
 * The service's code. Table Storage puts it into the JSON body, and for answers about rows nowhere else. 401 and 403 have
 * it in a header, some with an XML body, which the library does not understand.
 */
function errorCodeOf(error: unknown): string | undefined {
  const details = valueOf(error, 'details');
  const fromBody = textOf(valueOf(details, 'odataError'), 'code');
  const fromHeader =
    error instanceof RestError ? error.response?.headers.get('x-ms-error-code') : undefined;
  // The system's own code (ECONNRESET) stands in the error itself.
  return errorWord(fromBody ?? fromHeader ?? textOf(error, 'code'));
}

function textOf(from: unknown, name: string): string | undefined {
  const value = valueOf(from, name);
  return typeof value === 'string' ? value : undefined;
}

function valueOf(from: unknown, name: string): unknown {
  if (typeof from !== 'object' || from === null) return undefined;
  return Object.getOwnPropertyDescriptor(from, name)?.value;
}
