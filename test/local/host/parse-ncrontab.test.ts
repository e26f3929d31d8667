import { parseNcrontab } from '../../../local/host/timers';

const seconds = (iso: string) => Date.parse(iso) / 1000;

describe('parseNcrontab', () => {
  it.each([
    ['* * * * * *', '2026-11-21T10:00:00Z', '2026-11-21T10:00:01Z'],
    ['*/5 * * * * *', '2026-11-21T10:00:03Z', '2026-11-21T10:00:05Z'],
    ['0 */15 * * * *', '2026-11-21T10:46:00Z', '2026-11-21T11:00:00Z'],
    ['*/15 * * * *', '2026-11-21T10:46:00Z', '2026-11-21T11:00:00Z'],
    ['0 5/20 * * * *', '2026-11-21T10:06:00Z', '2026-11-21T10:25:00Z'],
    ['0 0 9-17 * * *', '2026-11-21T17:00:00Z', '2026-11-22T09:00:00Z'],
    ['0 0 9-17/4 * * *', '2026-11-21T09:00:00Z', '2026-11-21T13:00:00Z'],
    ['0 30 9 * Jan,Mar Mon-Fri', '2026-11-21T00:00:00Z', '2027-01-01T09:30:00Z'],
    ['0 0 0 29 2 *', '2026-11-21T00:00:00Z', '2028-02-29T00:00:00Z'],
    ['0 0 0 13 * Friday', '2026-11-21T00:00:00Z', '2027-08-13T00:00:00Z'],
    ['0 0 0 31 12 *', '2026-12-31T00:00:00Z', '2027-12-31T00:00:00Z'],
  ])('%s after %s is %s', (expression, after, expected) => {
    expect(parseNcrontab(expression)(seconds(after))).toBe(seconds(expected));
  });

  it('knows that some days never come', () => {
    expect(parseNcrontab('0 0 0 30 2 *')(seconds('2026-11-21T00:00:00Z'))).toBeUndefined();
  });

  it.each([
    '',
    '* * * *',
    '60 * * * * *',
    '* * * 0 * *',
    '* * * * 13 *',
    '* * * * * 7',
    '*/0 * * * * *',
    '5-1 * * * * *',
    '*-5 * * * * *',
    'a * * * * *',
    '1,,2 * * * * *',
    '-1 * * * * *',
  ])('refuses %p', (expression) => {
    expect(() => parseNcrontab(expression)).toThrow();
  });
});
