import { setTimeout as sleep } from 'node:timers/promises';
import { abortable } from '../abortable';
import { AppError } from '../errors';
import type { ExpectedFailure, StorageFailure } from './storage-failure';
import { missingTableNote, readStorageFailure } from './storage-failure';

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

const mostTries = 3;
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
        return await abortable(work(), signal, 'ERR_STORAGE_UNAVAILABLE');
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
  if (!isPassing || tries === mostTries) return undefined;
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
