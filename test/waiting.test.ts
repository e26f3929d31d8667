import {
  AskedToWaitError,
  createPauseMemory,
  createSingleFlight,
  readRetryAfter,
  withTimeout,
} from '../src/waiting';

const never = new AbortController().signal;

/** Work that ends by its signal alone. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error(signal.reason instanceof DOMException ? signal.reason.name : 'no reason'));
    });
  });

describe('withTimeout', () => {
  it('gives what the work gives', async () => {
    await expect(withTimeout(never, 60_000, () => Promise.resolve('done'))).resolves.toBe('done');
  });

  it('ends the work when its time is over', async () => {
    await expect(withTimeout(never, 5, untilAborted)).rejects.toThrow('TimeoutError');
  });

  it('ends the work with the request', async () => {
    const request = new AbortController();
    const work = withTimeout(request.signal, 60_000, untilAborted);
    request.abort(new DOMException('gone', 'AbortError'));
    await expect(work).rejects.toThrow('AbortError');
  });

  it.each([
    ['done', () => Promise.resolve('done')],
    ['failed', () => Promise.reject(new Error('failed'))],
  ])('leaves no timer behind when the work is %s', async (_, work) => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    await withTimeout(never, 60_000, work).catch(() => undefined);
    expect(timers()).toBe(before);
  });
});

const patient = () => new AbortController().signal;

describe('createSingleFlight', () => {
  it('runs once for all who ask for the same key at once, and shortly after', async () => {
    const flight = createSingleFlight<number>('ERR_PROVIDER_UNAVAILABLE', 1_000);
    let runs = 0;
    const work = async () => {
      await Promise.resolve();
      runs += 1;
      return runs;
    };
    const results = await Promise.all([1, 2, 3].map(() => flight.run('a', work, patient())));
    expect(results).toEqual([1, 1, 1]);
    expect(await flight.run('a', work, patient())).toBe(1);
    expect(runs).toBe(1);
  });

  it('never gives one key what belongs to another', async () => {
    const flight = createSingleFlight<string>('ERR_PROVIDER_UNAVAILABLE');
    const ask = (key: string) => flight.run(key, () => Promise.resolve(key), patient());
    expect(await Promise.all([ask('a'), ask('b')])).toEqual(['a', 'b']);
  });

  it('runs anew once the result is old', async () => {
    jest.useFakeTimers();
    try {
      const flight = createSingleFlight<number>('ERR_PROVIDER_UNAVAILABLE', 1_000);
      let runs = 0;
      const work = () => Promise.resolve((runs += 1));
      await flight.run('a', work, patient());
      jest.advanceTimersByTime(1_000);
      expect(await flight.run('a', work, patient())).toBe(2);
    } finally {
      jest.useRealTimers();
    }
  });

  it('keeps no result unless it is told to, and says whether work runs', async () => {
    const flight = createSingleFlight<number>('ERR_PROVIDER_UNAVAILABLE');
    let runs = 0;
    const work = () => Promise.resolve((runs += 1));
    const first = flight.run('a', work, patient());
    expect([flight.isRunning('a'), flight.isRunning('b')]).toEqual([true, false]);
    await first;
    expect(flight.isRunning('a')).toBe(false);
    expect(await flight.run('a', work, patient())).toBe(2);
  });

  it('does not keep a failure', async () => {
    const flight = createSingleFlight<string>('ERR_PROVIDER_UNAVAILABLE');
    await expect(
      flight.run('a', () => Promise.reject(new Error('down')), patient()),
    ).rejects.toThrow('down');
    expect(await flight.run('a', () => Promise.resolve('up'), patient())).toBe('up');
  });

  it('lets each wait no longer than its own deadline, and the others go on', async () => {
    const flight = createSingleFlight<string>('ERR_PROVIDER_UNAVAILABLE');
    const finish = Promise.withResolvers<string>();
    const impatient = new AbortController();
    const first = flight.run('a', () => finish.promise, impatient.signal);
    const second = flight.run('a', () => finish.promise, patient());
    impatient.abort();
    await expect(first).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' });
    finish.resolve('done');
    expect(await second).toBe('done');
  });
});

describe('createPauseMemory', () => {
  it('pauses a key until its time, and no other key', () => {
    const pauses = createPauseMemory();
    pauses.pause('a', 60, 0);
    expect([pauses.left('a', 59), pauses.left('a', 60), pauses.left('b', 0)]).toEqual([1, 0, 0]);
  });

  it('stays bounded: past ten thousand the oldest is forgotten', () => {
    const pauses = createPauseMemory();
    for (let count = 0; count <= 10_000; count += 1) pauses.pause(`key-${count}`, 60, 0);
    expect(pauses.left('key-0', 1)).toBe(0);
    expect(pauses.left('key-1', 1)).toBe(59);
    expect(pauses.left('key-10000', 1)).toBe(59);
  });
});

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
