/** Times are Edm.DateTime in rows, so that they can be read and filtered there, and epoch seconds elsewhere. */
export function toRowTime(epochSeconds: number): Date {
  return new Date(epochSeconds * 1000);
}

/** Epoch seconds, or `undefined` when the property is no time. */
export function fromRowTime(value: unknown): number | undefined {
  if (!(value instanceof Date)) return undefined;
  const seconds = Math.floor(value.getTime() / 1000);
  return Number.isSafeInteger(seconds) ? seconds : undefined;
}
