import { setTimeout as sleep } from 'node:timers/promises';
import { RestError } from '@azure/data-tables';
import { AppError, errorWord } from '../errors';
import { abortable, readRetryAfter } from '../waiting';

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
        return await abortable(work(), 'ERR_STORAGE_UNAVAILABLE', signal);
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

/** The failures that are answers: another writer was there, or nothing was. */
type ExpectedFailure = 'exists' | 'missing' | 'conflict';

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
function waitMs(
  { isPassing, retryAfterSeconds }: StorageFailure,
  tries: number,
): number | undefined {
  if (!isPassing || tries === maxTries) return undefined;
  if (retryAfterSeconds === undefined) return pauseMs * tries * (0.75 + Math.random() / 2);
  return retryAfterSeconds <= maxWaitSeconds ? retryAfterSeconds * 1000 : undefined;
}

function faultOf({ isLimit, note, retryAfterSeconds }: StorageFailure, cause: unknown): AppError {
  if (isLimit) return new AppError('ERR_STORAGE_LIMIT', { note, cause });
  return new AppError('ERR_STORAGE_UNAVAILABLE', { note, cause, retryAfterSeconds });
}

function tooLate(cause: unknown): AppError {
  const note = 'the tables did not answer before the deadline';
  return new AppError('ERR_STORAGE_UNAVAILABLE', { note, cause });
}

function missingTableNote(tableName: string): string {
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
