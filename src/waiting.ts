import type { InvocationContext } from '@azure/functions';
import type { ErrorCode } from './error-facts';
import { AppError, type ProviderRefusal } from './errors';

/** The time in epoch seconds. Passed in wherever time counts, so that tests can fix it. */
export type Clock = () => number;

export const systemClock: Clock = () => Math.floor(Date.now() / 1000);

/**
 * Gives work a part of a request's time. The timer ends with the work: `AbortSignal.timeout` cannot be cancelled, and
 * would keep each answered request in memory until its time is over.
 * @param signal the request's own deadline, which counts as well
 * @param work gets a signal that aborts at the earlier of the two
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
 * Waits for work that other requests may wait for too. The deadline of this request ends its own waiting, not the work.
 * @param note says in the log what did not come in time
 * @throws `late` once `signal` is aborted, or what the work throws
 */
export async function abortable<T>(
  work: Promise<T>,
  late: ErrorCode,
  signal: AbortSignal,
  note = 'the deadline of the request passed',
): Promise<T> {
  // When nobody waits any longer, a late failure must not end the process.
  work.catch(() => undefined);
  const deadline = Promise.withResolvers<never>();
  const giveUp = (): void => {
    deadline.reject(new AppError(late, { note }));
  };
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([work, deadline.promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** Makes a value when it is first asked for, and gives the same one from then on. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Runs work once for all callers that ask for the same key while it runs ("single-flight"). */
export interface SingleFlight<T> {
  /**
   * Waits for the run of `key` that is under way, or starts one with `work`. The work must end by itself: a caller's
   * signal ends only the caller's waiting. A failure is not kept, so the next caller tries again.
   * @throws the error code of this single-flight once `signal` aborts, or what the work throws
   */
  run(key: string, work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  isRunning(key: string): boolean;
}

/**
 * @param late the error code for a caller whose deadline passes
 * @param keptMs for how long a result is still given to callers that come just after it
 */
export function createSingleFlight<T>(late: ErrorCode, keptMs = 0): SingleFlight<T> {
  const runs = new Map<string, Promise<T>>();
  function start(key: string, work: () => Promise<T>): Promise<T> {
    const run = work();
    runs.set(key, run);
    const forget = (): void => void runs.delete(key);
    run.then(keptMs === 0 ? forget : () => void setTimeout(forget, keptMs).unref(), forget);
    return run;
  }
  return {
    run: (key, work, signal) => abortable(runs.get(key) ?? start(key, work), late, signal),
    isRunning: (key) => runs.has(key),
  };
}

/** Values that are kept for a time, in the memory of one instance. */
interface ShortMemory<T> {
  /** `undefined` when there is none, or its time is over. */
  find(key: string, now: number): T | undefined;
  /** @param until epoch seconds */
  keep(key: string, value: T, until: number, now: number): void;
  /** @returns how many values are left */
  forgetOld(now: number): number;
}

/** @param maxKeys past this number the oldest value is forgotten before its time is over */
export function createShortMemory<T>(maxKeys: number): ShortMemory<T> {
  // A Map keeps the order of insertion.
  const kept = new Map<string, { readonly value: T; readonly until: number }>();
  return {
    find: (key, now) => {
      const found = kept.get(key);
      return found !== undefined && now < found.until ? found.value : undefined;
    },
    keep: (key, value, until, now) => {
      for (const [oldest, entry] of kept) {
        if (entry.until > now && kept.size < maxKeys) break;
        kept.delete(oldest);
      }
      kept.delete(key);
      kept.set(key, { value, until });
    },
    forgetOld: (now) => {
      for (const [key, { until }] of kept) if (until <= now) kept.delete(key);
      return kept.size;
    },
  };
}

/** Keys that must not be tried again yet. */
export interface PauseMemory {
  /** The seconds that are left of the pause of `key`; 0 without one. */
  left(key: string, now: number): number;
  /** @param until epoch seconds */
  pause(key: string, until: number, now: number): void;
}

export function createPauseMemory(): PauseMemory {
  const ends = createShortMemory<number>(10_000);
  return {
    left: (key, now) => (ends.find(key, now) ?? now) - now,
    pause: (key, until, now) => {
      ends.keep(key, until, until, now);
    },
  };
}

/** The headers of an answer: `Headers` of fetch, or those of an Azure SDK. */
interface HeaderReader {
  get(name: string): string | null | undefined;
}

/** A wrong header must not keep people out for a day. */
const maxWaitSeconds = 3600;

/**
 * The seconds that a service asks its callers to wait, an hour at most; `undefined` when it does not say. A date is
 * compared with the service's own `Date`, so that its clock and ours may differ.
 * @see RFC 9110 section 10.2.3
 */
export function readRetryAfter(headers: HeaderReader): number | undefined {
  const asked = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+$/.test(asked)) return Math.min(Number(asked), maxWaitSeconds);
  // Each of the three forms of a date begins with the day of the week.
  if (!/^[A-Z][a-z]{2,8},? /.test(asked)) return undefined;
  const seconds = Math.ceil((Date.parse(asked) - Date.parse(headers.get('date') ?? '')) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), maxWaitSeconds);
}

/** A service is busy and named a time. It gets no request before, and the client is told that time. */
export class AskedToWaitError extends AppError {
  readonly waitSeconds: number;

  /** @param waitSeconds what is left of the time that the service named */
  constructor(
    code: ErrorCode,
    waitSeconds: number,
    options: {
      readonly note?: string;
      readonly refusal?: ProviderRefusal;
      readonly api?: string;
    },
  ) {
    super(code, { ...options, retryAfterSeconds: waitSeconds });
    this.waitSeconds = waitSeconds;
  }
}

// Requests to other services: their trace, and how long their answers take. Application Insights does not see the requests
// that a Node.js worker sends: https://github.com/Azure/azure-functions-host/issues/5901

/**
 * Headers of the request that runs now, for a request to another service. Its log can then be joined with ours. Empty outside
 * of requests.
 * @see https://www.w3.org/TR/trace-context/
 */
type TraceHeaders = () => Readonly<Record<string, string>>;

/**
 * Does work that waits for one answer of another service, and counts how long it took, also when it failed.
 * @param service as operators know it: `storage`, `provider`, `key vault`, or the name of an API
 * @throws as `work`
 */
type Measure = <T>(service: string, work: () => Promise<T>) => Promise<T>;

/** What a request to another service needs of the log. */
export interface OutgoingLog {
  readonly traceHeaders: TraceHeaders;
  readonly measure: Measure;
}

type Traced = Pick<InvocationContext, 'traceContext'>;

/** The trace of an invocation, as headers of a request to another service. */
export function traceHeadersOf(invocation?: Traced): Readonly<Record<string, string>> {
  const { traceParent = '', traceState = '' } = invocation?.traceContext ?? {};
  if (!/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceParent)) return {};
  // It comes from the browser. `fetch` throws for some texts, and a service refuses long ones.
  const isSent = /^[\x20-\x7e]{1,512}$/.test(traceState);
  return { traceparent: traceParent, ...(isSent && { tracestate: traceState }) };
}

/** The id by which Application Insights joins everything of one request, and its `operation_Id`. */
export function operationOf(invocation?: Traced): string | undefined {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(invocation?.traceContext?.traceParent ?? '')?.[1];
}

/** For requests that belong to no log. */
export const noLog: OutgoingLog = { traceHeaders: () => ({}), measure: (_service, work) => work() };

/** The answers of one service in a window of time. */
interface Latency {
  readonly count: number;
  /** Milliseconds, and how many answers took no longer, and longer than the pair before says. In order, without zeros. */
  readonly times: readonly (readonly [ms: number, answers: number])[];
  /** Milliseconds of the slowest. */
  readonly ms: number;
}

/** One event for each answer would be most of the log. */
const windowSeconds = 300;

/** In milliseconds. Counts of several instances can be added up, and percentiles be calculated from them. */
const bounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 60_000];

/** The APIs of an app have names of its own, so their number has a limit. */
const maxServices = 50;

/**
 * Counts answers by how long they took.
 * @param tell called for each service when a window is over, at the next answer after it. That may be hours later, so it
 *   gets the end of the window, epoch seconds
 */
export function createLatencies(
  clock: Clock,
  tell: (service: string, latency: Latency, at: number) => void,
): { readonly measure: Measure; readonly tell: () => void } {
  let services = new Map<string, { readonly counts: Map<number, number>; slowest: number }>();
  let endsAt = 0;

  const tellAll = (): void => {
    const ended = services;
    const at = Math.min(clock(), endsAt);
    services = new Map();
    for (const [service, { counts, slowest }] of ended) {
      const times = [...counts].sort(([one], [other]) => one - other);
      const count = times.reduce((sum, [, answers]) => sum + answers, 0);
      tell(service, { count, times, ms: Math.round(slowest) }, at);
    }
  };

  const count = (service: string, ms: number): void => {
    const now = clock();
    // Also when the clock was set back.
    if (now >= endsAt || now < endsAt - windowSeconds) {
      tellAll();
      endsAt = now + windowSeconds;
    }
    const known = services.get(service) ?? { counts: new Map<number, number>(), slowest: 0 };
    if (services.size < maxServices) services.set(service, known);
    const bound = bounds.find((most) => ms <= most) ?? Math.ceil(ms);
    known.counts.set(bound, (known.counts.get(bound) ?? 0) + 1);
    known.slowest = Math.max(known.slowest, ms);
  };

  return {
    measure: async (service, work) => {
      const began = performance.now();
      try {
        return await work();
      } finally {
        count(service, performance.now() - began);
      }
    },
    tell: tellAll,
  };
}
