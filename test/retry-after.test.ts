import { AskedToWaitError, readRetryAfter } from '../src/retry-after';

const date = 'Wed, 21 Oct 2026 07:28:00 GMT';

describe('readRetryAfter', () => {
  it.each<[string, Record<string, string>, number | undefined]>([
    ['seconds', { 'retry-after': '60' }, 60],
    ['no wait at all', { 'retry-after': '0' }, 0],
    [
      'a date, by the clock of the service',
      { date, 'retry-after': 'Wed, 21 Oct 2026 07:29:30 GMT' },
      90,
    ],
    [
      'a date in the form of RFC 850',
      { date, 'retry-after': 'Wednesday, 21-Oct-26 07:29:30 GMT' },
      90,
    ],
    ['a number with many digits as an hour', { 'retry-after': '99999999999' }, 3600],
    ['a date that has passed', { date, 'retry-after': 'Wed, 21 Oct 2026 07:27:00 GMT' }, 0],
    ['more than an hour as an hour', { 'retry-after': '86400' }, 3600],
    ['a date in a year as an hour', { date, 'retry-after': 'Thu, 21 Oct 2027 07:28:00 GMT' }, 3600],
    ['nothing', {}, undefined],
    ['a fraction', { 'retry-after': '1.5' }, undefined],
    ['less than nothing', { 'retry-after': '-1' }, undefined],
    ['no date', { date, 'retry-after': 'Wed, soon' }, undefined],
    ['a date without a date to compare it with', { 'retry-after': date }, undefined],
  ])('reads %s', (_what, headers, expected) => {
    expect(readRetryAfter(new Headers(headers))).toBe(expected);
  });
});

describe('AskedToWaitError', () => {
  it('never tells a client to come back at once', () => {
    const error = new AskedToWaitError('ERR_PROVIDER_UNAVAILABLE', 0, { note: 'busy' });
    expect([error.waitSeconds, error.retryAfterSeconds]).toEqual([0, 1]);
  });
});
