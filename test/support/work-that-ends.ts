import { runInNewContext } from 'node:vm';

/**
 * What `work` gives. It fails after a minute instead of blocking the process: jest's own timeout cannot
 * interrupt work that never waits.
 */
export function workThatEnds<T>(work: () => T): T {
  return runInNewContext('work()', { work }, { timeout: 60_000 }) as T;
}
