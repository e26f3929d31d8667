import { isNextPeriodDue, periodAt } from '../../src/keys/encryption';
import { isInRange, periodOfRow, rowKeyOf } from '../../src/keys/ring-rows';

const day = 86_400;
const periodSeconds = 90 * day;
const retainSeconds = 30 * day;

describe('periods', () => {
  it.each([
    ['the first second', 229 * periodSeconds, 229],
    ['the last second', 230 * periodSeconds - 1, 229],
    ['the first second of the next', 230 * periodSeconds, 230],
  ])('begin and end exactly: %s', (_, now, period) => {
    expect(periodAt(now)).toBe(period);
  });

  it('have row keys that sort as numbers', () => {
    const keys = [1, 9, 10, 229, 1000, 99_999].map(rowKeyOf);

    expect([...keys].sort()).toEqual(keys);
    expect(keys.map(periodOfRow)).toEqual([1, 9, 10, 229, 1000, 99_999]);
  });

  it.each(['', '229', '0000229', '00022x', '-00229', '000229 '])('do not read %j', (rowKey) => {
    expect(periodOfRow(rowKey)).toBeUndefined();
  });

  it('call for the next key seven days ahead', () => {
    const end = 230 * periodSeconds;

    expect(isNextPeriodDue(end - 7 * day - 1)).toBe(false);
    expect(isNextPeriodDue(end - 7 * day)).toBe(true);
    expect(isNextPeriodDue(end)).toBe(false);
  });

  it('keep their key for a day longer than the longest session that could begin in them', () => {
    const expiry = 230 * periodSeconds + 31 * day;

    expect(isInRange(229, expiry - 1, retainSeconds)).toBe(true);
    expect(isInRange(229, expiry, retainSeconds)).toBe(false);
  });

  it('are met no further ahead than the next one', () => {
    const now = 229 * periodSeconds;

    expect(isInRange(230, now, retainSeconds)).toBe(true);
    expect(isInRange(231, now, retainSeconds)).toBe(false);
  });
});
