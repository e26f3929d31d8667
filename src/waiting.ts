import { AppError, type ErrorCode, type ProviderRefusal } from './errors';

/**
 * Work that may take only part of a request's time. The timer ends with the work: that of `AbortSignal.timeout` cannot
 * be taken back, and would keep each answered request in memory until its time is over.
 * @param signal the request's own deadline, which counts as well
 */
export async function withTimeout<T>(
  signal: AbortSignal,
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = new AbortController();
  const timer = setTimeout(() => {
    timeout.abort(new DOMException('This part of the request took too long.', 'TimeoutError'));
  }, milliseconds);
  try {
    return await work(AbortSignal.any([signal, timeout.signal]));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits for work that other requests may wait for too: this request's deadline ends its own
 * waiting, not the work.
 * @throws `late` once `signal` is aborted, or what the work throws
 */
export async function abortable<T>(
  work: Promise<T>,
  signal: AbortSignal,
  late: ErrorCode,
): Promise<T> {
  // When nobody waits any longer, a late failure must not end the process.
  work.catch(() => undefined);
  const deadline = Promise.withResolvers<never>();
  const giveUp = (): void => {
    deadline.reject(new AppError(late, { note: 'the deadline of the request passed' }));
  };
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([work, deadline.promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

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

/** Which keys not to try again yet. Bounded: past `mostKeys` the oldest pause is forgotten, and tried again early. */
export interface PauseMemory {
  /** The seconds that are left of its pause; 0 without one. */
  left(key: string, now: number): number;
  /** @param until epoch seconds */
  pause(key: string, until: number, now: number): void;
}

const maxKeys = 10_000;

export function createPauseMemory(): PauseMemory {
  // A Map keeps the order of insertion.
  const pauses = new Map<string, number>();
  return {
    left: (key, now) => Math.max((pauses.get(key) ?? 0) - now, 0),
    pause: (key, until, now) => {
      for (const [oldest, end] of pauses) {
        if (end > now && pauses.size < maxKeys) break;
        pauses.delete(oldest);
      }
      pauses.delete(key);
      pauses.set(key, until);
    },
  };
}

/** The headers of an answer: `Headers` of fetch, or those of an Azure SDK. */
interface HeaderReader {
  get(name: string): string | null | undefined;
}

/** The longest wait: a wrong header must not keep people out for a day. */
const longestWaitSeconds = 3600;

/**
 * The seconds that a service asks its callers to wait, an hour at most; `undefined` where it does not say. A date is
 * compared with the service's own `Date`, so that its clock and ours may differ.
 * @see RFC 9110 section 10.2.3
 */
export function readRetryAfter(headers: HeaderReader): number | undefined {
  const asked = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+$/.test(asked)) return Math.min(Number(asked), longestWaitSeconds);
  // Each of the three forms begins with the day of the week.
  if (!/^[A-Z][a-z]{2,8},? /.test(asked)) return undefined;
  const seconds = Math.ceil((Date.parse(asked) - Date.parse(headers.get('date') ?? '')) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), longestWaitSeconds);
}

/** A service is busy and named a time. It gets no request before, and the client gets that time. */
export class AskedToWaitError extends AppError {
  readonly waitSeconds: number;

  /** @param waitSeconds what is left of the time that the service named */
  constructor(
    code: ErrorCode,
    waitSeconds: number,
    options: { readonly note?: string; readonly refusal?: ProviderRefusal },
  ) {
    // A client that came back after no time at all would only be sent away again.
    super(code, { ...options, retryAfterSeconds: Math.max(waitSeconds, 1) });
    this.waitSeconds = waitSeconds;
  }
}

/** Epoch seconds. Passed in wherever time matters, so that tests can fix it. */
export type Clock = () => number;

export const systemClock: Clock = () => Math.floor(Date.now() / 1000);
