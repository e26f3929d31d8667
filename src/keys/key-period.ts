const day = 86_400;

/** A key signs for 90 days. */
export const periodSeconds = 90 * day;

/** Made so early, every instance has read the next key long before anything is signed with it. */
const aheadSeconds = 7 * day;

/** Clocks differ, and a request in flight may still write under the old key. */
const marginSeconds = day;

/** Six digits sort as numbers for the next two hundred thousand years. */
const digits = 6;

/** The period that `now` (epoch seconds) lies in. */
export function periodAt(now: number): number {
  return Math.floor(now / periodSeconds);
}

/** The first second of a period. */
export function startOf(period: number): number {
  return period * periodSeconds;
}

/** True in the last seven days of a period, when the next one's key must be there. */
export function isNextPeriodDue(now: number): boolean {
  return periodAt(now + aheadSeconds) > periodAt(now);
}

/**
 * When everything that a period's key protected has expired.
 * @param retainSeconds the longest life of anything under a key
 */
export function expiryOf(period: number, retainSeconds: number): number {
  return startOf(period + 1) + retainSeconds + marginSeconds;
}

/** Whether an instance may meet that period's key at `now`: not expired, and not beyond the next period. */
export function isInRange(period: number, now: number, retainSeconds: number): boolean {
  return period <= periodAt(now) + 1 && now < expiryOf(period, retainSeconds);
}

/** The row key of a period's key, of fixed width so that rows sort. */
export function rowKeyOf(period: number): string {
  return String(period).padStart(digits, '0');
}

/** The period a row key names, or `undefined`. */
export function periodOfRow(rowKey: string): number | undefined {
  return /^\d{6}$/.test(rowKey) ? Number(rowKey) : undefined;
}

/** The period a `kid` of the right form names. */
export function periodOfKid(kid: string): number {
  return Number.parseInt(kid, 10);
}
