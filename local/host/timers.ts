import { Cron } from 'croner';
import type { RegisteredFunction, RpcTypedData } from './functions-core';
import { type Log, logCategory } from './host-files';

/** A function that a timer starts. */
export interface TimerFunction {
  readonly name: string;
  readonly registered: RegisteredFunction;
  readonly bindingName: string;
  readonly schedule: Schedule;
  readonly runsOnStartup: boolean;
}

/** Timers that tick until they are stopped. */
interface Timers {
  stop(): void;
}

// setTimeout takes at most 2^31 ms. After an hour the clock is read again, which also helps when it was changed.
const longestWaitMs = 3_600_000;

/**
 * The timer functions among `functions`. In a schedule, `%NAME%` is the value of an app setting. A schedule that cannot be
 * read is logged, and its function is left out.
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
    stop() {
      isStopped = true;
      for (const handle of waiting.values()) {
        clearTimeout(handle);
      }
    },
  };
}

/**
 * The input of a timer function, as the real host writes it (the library makes the first letters lower-case). The real
 * host keeps no status of a timer that runs more often than once a minute.
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

/** Gives the next time after a given one, both in epoch seconds. Undefined when there is none. */
export type Schedule = (after: number) => number | undefined;

// The largest value of each field, from the seconds to the day of the week.
const maxValues = [59, 59, 23, 31, 12, 6];

/**
 * Reads an NCRONTAB expression, `{second} {minute} {hour} {day} {month} {day of week}` in UTC, as timer triggers use
 * it. With five fields the second is 0. A day must fit both the day of the month and the day of the week.
 * https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
 * @throws Error when it is not one
 */
export function parseNcrontab(expression: string): Schedule {
  const fields = expression.trim().split(/\s+/);
  const six = fields.length === 5 ? ['0', ...fields] : fields;
  if (six.length !== maxValues.length) {
    throw new Error(`The schedule "${expression}" needs five or six fields.`);
  }
  const cron = readCron(six.map(toCronField).join(' '), expression);
  return (after) => {
    const next = cron.nextRun(new Date(after * 1000));
    return next === null ? undefined : next.getTime() / 1000;
  };
}

/** One field as croner takes it. croner knows more than NCRONTAB (`L`, `W`, `#`, `?`, 7 for Sunday); that is refused here. */
function toCronField(field: string, index: number): string {
  const max = maxValues[index] ?? 0;
  const parts = field.split(',').map((part) => {
    const [, range, from, to, step] =
      /^(\*|(\d+|[a-z]{3,})(?:-(\d+|[a-z]{3,}))?)(\/\d+)?$/i.exec(part) ?? [];
    if (range === undefined || Number(from) > max || Number(to) > max) {
      throw new Error(`"${part}" in a schedule is not a value, a range or a step.`);
    }
    // `5/20` has no end, and means 5-59/20.
    const hasEnd = range === '*' || to !== undefined || step === undefined;
    return `${shortNames(range)}${hasEnd ? '' : `-${max}`}${step ?? ''}`;
  });
  return parts.join(',');
}

/** NCRONTAB takes `Friday` too: it reads the first three letters. */
function shortNames(range: string): string {
  return range.replace(/[a-z]+/gi, (name) => name.slice(0, 3));
}

function readCron(fields: string, expression: string): Cron {
  try {
    return new Cron(fields, { mode: '6-part', timezone: 'UTC', domAndDow: true, paused: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The schedule "${expression}" cannot be read. ${reason}`, { cause });
  }
}
