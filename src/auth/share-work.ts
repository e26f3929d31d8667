import { abortable } from '../abortable';

/** A result is given for so long to those who had already read what it replaced. */
const keptMs = 1_000;

/** Runs work once for all who ask for the same key at the same time. */
export type ShareWork<T> = (key: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/**
 * Parallel requests of one session that find the same expired token: the first refreshes, the others wait for it, each
 * no longer than its own deadline. A failure is not kept, so the next request tries again.
 *
 * Keys must name a session (`sessionKey`): what one of its requests learns, only its other requests may know.
 */
export function createShareWork<T>(): ShareWork<T> {
  const running = new Map<string, Promise<T>>();
  return (key, signal, work) => {
    const shared = running.get(key) ?? start(running, key, work);
    return abortable(shared, signal, 'ERR_PROVIDER_UNAVAILABLE');
  };
}

function start<T>(
  running: Map<string, Promise<T>>,
  key: string,
  work: () => Promise<T>,
): Promise<T> {
  const started = work();
  running.set(key, started);
  started.then(
    () => {
      setTimeout(() => running.delete(key), keptMs).unref();
    },
    () => running.delete(key),
  );
  return started;
}
