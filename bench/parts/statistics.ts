/** Some measurements of one thing: the middle one, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** @throws RangeError when there are none */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other);
  const lowest = sorted[0];
  const highest = sorted.at(-1);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (lowest === undefined || highest === undefined || upper === undefined || lower === undefined) {
    throw new RangeError('nothing was measured');
  }
  return { median: (lower + upper) / 2, lowest, highest };
}

/** `1.23 (1.10 to 1.41)` */
export function showSpread({ median, lowest, highest }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${lowest.toFixed(digits)} to ${highest.toFixed(digits)})`;
}

/** Whether a median keeps an aim: `at most 300 ms: yes`. */
export function showAim({ median }: Spread, max: number, unit: string): string {
  return `at most ${max}${unit}: ${median <= max ? 'yes' : 'no'}`;
}
