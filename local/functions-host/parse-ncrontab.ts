/** A schedule: the next time, in epoch seconds, after a given one; undefined when there is none. */
export type Schedule = (after: number) => number | undefined;

interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const fields: readonly Field[] = [
  { name: 'second', least: 0, most: 59 },
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12, names: months },
  { name: 'day of week', least: 0, most: 6, names: days },
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
  const most = last === undefined ? (open ? field.most : least) : parseValue(last, field);
  const every = step === undefined ? 1 : Number(step);
  if (every < 1 || most < least || (first === '*' && last !== undefined)) {
    throw new Error(`"${part}" is not a ${field.name} of a schedule.`);
  }
  const values: number[] = [];
  for (let value = least; value <= most; value += every) {
    values.push(value);
  }
  return values;
}

function parseValue(text: string, field: Field): number {
  const named = field.names?.indexOf(text.slice(0, 3).toLowerCase()) ?? -1;
  const value = named === -1 ? (/^\d+$/.test(text) ? Number(text) : NaN) : named + field.least;
  if (!(value >= field.least && value <= field.most)) {
    throw new Error(`"${text}" is not a ${field.name} of a schedule.`);
  }
  return value;
}
