import { abortable } from '../abortable';
import { AppError } from '../errors';

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

/**
 * Reads the service's error code, not just the status: a table that is missing or being deleted
 * answers 404 and 409 too, and must count as an outage, or everybody would seem signed out.
 * Microsoft Learn, "Table service error codes".
 */
export function expectedFailureOf(error: unknown): ExpectedFailure | undefined {
  const code = errorCodeOf(error);
  return code === undefined ? undefined : expectedFailures[code];
}

/**
 * What `work` gives, or `onExpected(failure)` for an expected failure that it accepts.
 * @throws ERR_STORAGE_LIMIT when the service refuses the size of a row, ERR_STORAGE_UNAVAILABLE for
 *   every other failure, and as soon as `signal` aborts
 */
export async function askStorage<Answer>(
  signal: AbortSignal,
  work: () => Promise<Answer>,
  onExpected: (failure: ExpectedFailure) => Answer | undefined = () => undefined,
): Promise<Answer> {
  try {
    signal.throwIfAborted();
    // The library gets the signal too, but a body that stops halfway through its gzip stream would
    // keep it waiting for ever.
    return await abortable(work(), signal, 'ERR_STORAGE_UNAVAILABLE');
  } catch (error) {
    const failure = expectedFailureOf(error);
    const answer = failure === undefined ? undefined : onExpected(failure);
    if (answer !== undefined) return answer;
    if (error instanceof AppError) throw error;
    const isLimit = limitCodes.has(errorCodeOf(error) ?? '');
    throw new AppError(isLimit ? 'ERR_STORAGE_LIMIT' : 'ERR_STORAGE_UNAVAILABLE', {
      cause: error,
      note: noteOf(error, signal),
    });
  }
}

function noteOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'the tables did not answer before the deadline';
  return `the tables answered ${errorCodeOf(error) ?? 'nothing that can be used'}`;
}

/** A transaction's error has `code`; that of a single operation has the header in its `details`. */
function errorCodeOf(error: unknown): string | undefined {
  return textOf(error, 'code') ?? textOf(valueOf(error, 'details'), 'errorCode');
}

function textOf(from: unknown, name: string): string | undefined {
  const value = valueOf(from, name);
  return typeof value === 'string' ? value : undefined;
}

function valueOf(from: unknown, name: string): unknown {
  if (typeof from !== 'object' || from === null) return undefined;
  return Object.getOwnPropertyDescriptor(from, name)?.value;
}
