import { RestError } from '@azure/data-tables';
import { readRetryAfter } from '../retry-after';

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
