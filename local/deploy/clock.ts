import { setTimeout } from 'node:timers/promises';

/** Time, so that tests need none. */
export interface Clock {
  /** Milliseconds since some moment; only differences mean something. */
  now(): number;
  /** @param wake ends the pause early */
  pause(milliseconds: number, wake?: AbortSignal): Promise<void>;
}

/**
 * The real one. It is not the time of day, which may be set while people wait.
 * @param interrupt makes every pause fail with its reason
 */
export function createClock(interrupt: AbortSignal): Clock {
  return {
    now: () => performance.now(),
    pause: async (milliseconds, wake) => {
      const signal = wake === undefined ? interrupt : AbortSignal.any([interrupt, wake]);
      await setTimeout(milliseconds, undefined, { signal }).catch(() => undefined);
      interrupt.throwIfAborted();
    },
  };
}
