import type { RegisteredFunction } from './functions-core';
import { type Log, logCategory } from './log';
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

/** A schedule: the next time, in epoch seconds, after a given one; undefined when there is none. */
export type Schedule = (after: number) => number | undefined;

interface Field {
  readonly name: string;
  readonly least: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const fields: readonly Field[] = [
  { name: 'second', least: 0, max: 59 },
  { name: 'minute', least: 0, max: 59 },
  { name: 'hour', least: 0, max: 23 },
  { name: 'day', least: 1, max: 31 },
  { name: 'month', least: 1, max: 12, names: months },
  { name: 'day of week', least: 0, max: 6, names: days },
];

const daySeconds = 86_400;
// The 29th of February on a given day of the week comes back after at most forty years.
const furthestDays = 41 * 366;

/**
 * Reads an NCRONTAB expression, `{second} {minute} {hour} {day} {month} {day of week}` in UTC, as
 * timer triggers use it; five fields leave out the seconds. A day must fit both its fields.
 * https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
 * @throws Error when it is not one
 */
export function parseNcrontab(expression: string): Schedule {
  const texts = expression.trim().split(/\s+/);
  const six = texts.length === 5 ? ['0', ...texts] : texts;
  if (six.length !== fields.length) {
    throw new Error(`The schedule "${expression}" needs five or six fields.`);
  }
  const [seconds, minutes, hours, daysOfMonth, inMonths, daysOfWeek] = fields.map((field, index) =>
    parseField(six[index] ?? '', field),
  ) as Sets;

  const firstIn = (day: number, from: number): number | undefined => {
    for (const hour of hours) {
      for (const minute of minutes) {
        for (const second of seconds) {
          const time = day + hour * 3600 + minute * 60 + second;
          if (time >= from) {
            return time;
          }
        }
      }
    }
    return undefined;
  };

  return (after) => {
    const from = Math.floor(after) + 1;
    const firstDay = from - (from % daySeconds);
    for (let index = 0; index < furthestDays; index += 1) {
      const day = firstDay + index * daySeconds;
      const date = new Date(day * 1000);
      const fits =
        inMonths.has(date.getUTCMonth() + 1) &&
        daysOfMonth.has(date.getUTCDate()) &&
        daysOfWeek.has(date.getUTCDay());
      const time = fits ? firstIn(day, from) : undefined;
      if (time !== undefined) {
        return time;
      }
    }
    return undefined;
  };
}

type Sets = [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];

function parseField(text: string, field: Field): Set<number> {
  const values = text.split(',').flatMap((part) => parsePart(part, field));
  return new Set(values.sort((a, b) => a - b));
}

function parsePart(part: string, field: Field): number[] {
  const [, range = '', step] = /^([^/]+)(?:\/(\d+))?$/.exec(part) ?? [];
  const [first = '', last] = range.split('-');
  const least = first === '*' ? field.least : parseValue(first, field);
  // A step after a single value runs to the end: `5/15` is 5, 20, 35, 50.
  const open = first === '*' || (last === undefined && step !== undefined);
  const max = last === undefined ? (open ? field.max : least) : parseValue(last, field);
  const every = step === undefined ? 1 : Number(step);
  if (every < 1 || max < least || (first === '*' && last !== undefined)) {
    throw new Error(`"${part}" is not a ${field.name} of a schedule.`);
  }
  const values: number[] = [];
  for (let value = least; value <= max; value += every) {
    values.push(value);
  }
  return values;
}

function parseValue(text: string, field: Field): number {
  const named = field.names?.indexOf(text.slice(0, 3).toLowerCase()) ?? -1;
  const value = named === -1 ? (/^\d+$/.test(text) ? Number(text) : NaN) : named + field.least;
  if (!(value >= field.least && value <= field.max)) {
    throw new Error(`"${text}" is not a ${field.name} of a schedule.`);
  }
  return value;
}
