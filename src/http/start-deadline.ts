import { AppError } from '../errors';

/** A request's time, running. */
export interface Deadline {
  /** Aborted when the time is over. */
  readonly signal: AbortSignal;
  /** What `work` gives, which ends the time; or ERR_DEADLINE when `work` turns out to be deaf to the signal. */
  race<T>(work: Promise<T>): Promise<T>;
}

/** What waits learns of the deadline first, so that it can say which service did not answer. */
const lastResortMs = 500;

/**
 * Starts a request's time. Not by `AbortSignal.timeout`: that cannot be taken back, and so keeps every request that was
 * answered, and all that listened to its signal, in memory until its time is over.
 */
export function startDeadline(milliseconds: number): Deadline {
  const controller = new AbortController();
  const lastResort = Promise.withResolvers<never>();
  // Node ends the process, with all its requests, for a rejection that nobody handles.
  lastResort.promise.catch(() => undefined);
  let lastResortTimer: NodeJS.Timeout | undefined;
  let isWaitedFor = true;
  const timer = setTimeout(() => {
    controller.abort(new DOMException('The time of the request is over.', 'TimeoutError'));
    if (!isWaitedFor) return;
    lastResortTimer = setTimeout(() => {
      lastResort.reject(new AppError('ERR_DEADLINE'));
    }, lastResortMs);
  }, milliseconds).unref();
  return {
    signal: controller.signal,
    race: async (work) => {
      try {
        const result = await Promise.race([work, lastResort.promise]);
        // Not after a failure: what was begun beside what failed ends by the signal.
        clearTimeout(timer);
        return result;
      } finally {
        isWaitedFor = false;
        clearTimeout(lastResortTimer);
      }
    },
  };
}
