import type { RegisteredFunction } from './functions-core';
import { logCategory, type Log } from './log';
import { parseNcrontab, type Schedule } from './parse-ncrontab';
import type { RpcTypedData } from './rpc';

/** A function that a timer starts. */
export interface TimerFunction {
  readonly name: string;
  readonly registered: RegisteredFunction;
  readonly bindingName: string;
  readonly schedule: Schedule;
  readonly runsOnStartup: boolean;
}

/** Timers that tick until they are stopped. */
export interface Timers {
  readonly functions: readonly TimerFunction[];
  stop(): void;
}

// setTimeout holds at most 2^31 ms; an hour also keeps a clock that jumps from mattering long.
const longestWaitMs = 3_600_000;

/**
 * The timer functions among `functions`. A schedule that cannot be read is logged and left out;
 * `%NAME%` in it stands for an app setting.
 */
export function createTimerFunctions(
  functions: Iterable<RegisteredFunction>,
  settings: Readonly<Record<string, string | undefined>>,
  log: Log,
): readonly TimerFunction[] {
  const timers: TimerFunction[] = [];
  for (const registered of functions) {
    const { name, bindings } = registered.metadata;
    for (const [bindingName, binding] of Object.entries(bindings)) {
      if (binding.type?.toLowerCase() !== 'timertrigger') {
        continue;
      }
      try {
        const written = typeof binding['schedule'] === 'string' ? binding['schedule'] : '';
        const schedule = parseNcrontab(
          written.replace(/%([^%]+)%/g, (whole, setting: string) => settings[setting] ?? whole),
        );
        const runsOnStartup = binding['runOnStartup'] === true;
        timers.push({ name, registered, bindingName, schedule, runsOnStartup });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        log('error', logCategory.startup, `The '${name}' function is in error: ${reason}`);
      }
    }
  }
  return timers;
}

/** Starts the timers. A function that still runs when its time comes misses that time. */
export function startTimers(
  functions: readonly TimerFunction[],
  run: (timer: TimerFunction) => Promise<void>,
): Timers {
  const waiting = new Map<TimerFunction, NodeJS.Timeout>();
  let isStopped = false;

  const wait = (timer: TimerFunction, due: number | undefined): void => {
    if (isStopped || due === undefined) {
      return;
    }
    const ms = Math.max(0, due * 1000 - Date.now());
    const handle = setTimeout(
      () => {
        if (Date.now() < due * 1000) {
          wait(timer, due);
          return;
        }
        void run(timer).finally(() => {
          wait(timer, timer.schedule(Date.now() / 1000));
        });
      },
      Math.min(ms, longestWaitMs),
    );
    waiting.set(timer, handle);
  };

  for (const timer of functions) {
    if (timer.runsOnStartup) {
      void run(timer);
    }
    wait(timer, timer.schedule(Date.now() / 1000));
  }
  return {
    functions,
    stop() {
      isStopped = true;
      for (const handle of waiting.values()) {
        clearTimeout(handle);
      }
    },
  };
}

/**
 * What a timer function gets, as the real host writes it (the library lowers the first letters). Of a timer that runs
 * more often than once a minute the real host keeps no status, and gives none.
 * https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#usage
 */
export function toRpcTimer(timer: TimerFunction, now: number): RpcTypedData {
  const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
  const next = timer.schedule(now);
  return {
    json: JSON.stringify({
      Schedule: { AdjustForDST: true },
      ScheduleStatus: isWithinMinute(timer, next)
        ? null
        : {
            Last: iso(now),
            Next: next === undefined ? null : iso(next),
            LastUpdated: iso(now),
          },
      IsPastDue: false,
    }),
  };
}

function isWithinMinute(timer: TimerFunction, next: number | undefined): boolean {
  const afterNext = next === undefined ? undefined : timer.schedule(next);
  return next !== undefined && afterNext !== undefined && afterNext - next < 60;
}
