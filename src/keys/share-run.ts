import { AppError } from '../errors';

/** Work that many requests may wait for. */
export interface SharedRun<T, Args extends readonly unknown[]> {
  /** Waits for the run that is under way, or for a new one with `args`. */
  run(signal: AbortSignal, ...args: Args): Promise<T>;
  isRunning(): boolean;
}

/**
 * Runs `work` once for all who ask while it runs. A caller's `signal` ends its own waiting, never
 * the work, which must end by itself.
 * @throws `run` throws ERR_KEYS_UNAVAILABLE once the caller's signal aborts, or what `work` throws
 */
export function shareRun<T, Args extends readonly unknown[]>(
  work: (...args: Args) => Promise<T>,
): SharedRun<T, Args> {
  let running: Promise<T> | undefined;
  return {
    isRunning: () => running !== undefined,
    run: async (signal, ...args) => {
      running ??= work(...args).finally(() => {
        running = undefined;
      });
      return untilAborted(running, signal);
    },
  };
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // When nobody waits any longer, a late failure must not end the process.
  work.catch(() => undefined);
  const deadline = Promise.withResolvers<never>();
  const giveUp = (): void => {
    const note = 'the deadline of the request passed while the keys were read';
    deadline.reject(new AppError('ERR_KEYS_UNAVAILABLE', { note }));
  };
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([work, deadline.promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
