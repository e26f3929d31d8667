import type { ServerResponse } from 'node:http';

/** One thing that a test can change while a stand-in runs. */
export interface Control<T> {
  /** What `offer` accepts, in words: `a whole number, 0 or more`. */
  readonly takes: string;
  readonly value: T;
  /** Sets the value. False, and nothing changes, when `input` is not acceptable. */
  offer(input: unknown): boolean;
  /** Gives a function that sets the value back to the current one. */
  remember(): () => void;
  reset(): void;
}

/** A control with the value `initial`. `accepts` checks a new value, and `takes` says in words what it accepts. */
export function createControl<T>(
  initial: T,
  accepts: (input: unknown) => input is T,
  takes: string,
): Control<T> {
  let value = initial;
  return {
    takes,
    get value() {
      return value;
    },
    offer(input) {
      if (!accepts(input)) return false;
      value = input;
      return true;
    },
    remember() {
      const now = value;
      return () => {
        value = now;
      };
    },
    reset() {
      value = initial;
    },
  };
}

export function isString(input: unknown): input is string {
  return typeof input === 'string';
}

export function isBoolean(input: unknown): input is boolean {
  return typeof input === 'boolean';
}

/** Zero or more: milliseconds, seconds. */
export function isCount(input: unknown): input is number {
  return Number.isSafeInteger(input) && Number(input) >= 0;
}

/** What `isCount` accepts. */
export const countInWords = 'a whole number, 0 or more';

/** Seconds that may be before or after. */
export function isWhole(input: unknown): input is number {
  return Number.isSafeInteger(input);
}

/** How often a fault still happens; null: until reset. */
export function isTimes(input: unknown): input is number | null {
  return input === null || isCount(input);
}

/** What `isTimes` accepts. */
export const timesInWords = `${countInWords}, or null for every time`;

/** What `isOneOf` accepts. */
export function oneOfInWords(values: readonly string[]): string {
  return `one of ${values.join(', ')}`;
}

export function isOneOf<const T extends string>(
  values: readonly T[],
): (input: unknown) => input is T {
  return (input): input is T => values.some((value) => value === input);
}

/** Counts `times` down. False when nothing is left of it. */
export function spend(times: Control<number | null>): boolean {
  if (times.value === null) return true;
  if (times.value === 0) return false;
  times.offer(times.value - 1);
  return true;
}

/** Sets the values of a form. When one is not acceptable, it gives a sentence about it; the others are set. */
export function offerAll(
  offers: readonly { readonly control: Control<unknown>; readonly value: unknown }[],
): string | undefined {
  const refused = offers.filter(({ control, value }) => !control.offer(value));
  return refused.length === 0
    ? undefined
    : `Not accepted. Possible values: ${refused.map(({ control }) => control.takes).join('; ')}.`;
}

/** A field of a form; '' for one that is missing. */
export function textOf(form: URLSearchParams, name: string): string {
  return (form.get(name) ?? '').trim();
}

/** null for an empty field. */
export function numberOf(form: URLSearchParams, name: string): number | null {
  const text = textOf(form, name);
  return text === '' ? null : Number(text);
}

/** How a service can be down: answers 500, never answers, drops the connection, or talks nonsense. */
export const outages = ['none', 'error', 'hang', 'drop', 'garbage'] as const;

export type Outage = (typeof outages)[number];

/** Makes `response` fail by the outage. False when there is none: the caller answers. */
export function suffer(outage: Outage, response: ServerResponse): boolean {
  switch (outage) {
    case 'none':
      return false;
    case 'hang':
      return true;
    case 'drop':
      response.destroy();
      return true;
    case 'error':
      response.writeHead(500, { 'Content-Type': 'text/html' }).end('<h1>Internal error</h1>');
      return true;
    case 'garbage':
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"this is not');
      return true;
  }
}
