import { abortable } from './abortable';
import type { ErrorCode } from './error-facts';

/** Work that many requests may wait for. */
export interface SharedRun<T, Args extends readonly unknown[]> {
  /** Waits for the run that is under way, or for a new one with `args`. */
  run(signal: AbortSignal, ...args: Args): Promise<T>;
  isRunning(): boolean;
}

/**
 * Runs `work` once for all who ask while it runs. A caller's `signal` ends its own waiting, never
 * the work, which must end by itself.
 * @throws `run` throws `late` once the caller's signal aborts, or what `work` throws
 */
export function shareRun<T, Args extends readonly unknown[]>(
  work: (...args: Args) => Promise<T>,
  late: ErrorCode,
): SharedRun<T, Args> {
  let running: Promise<T> | undefined;
  return {
    isRunning: () => running !== undefined,
    run: async (signal, ...args) => {
      running ??= work(...args).finally(() => {
        running = undefined;
      });
      return abortable(running, signal, late);
    },
  };
}
