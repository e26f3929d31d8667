import { createShareWork } from '../../src/auth/share-work';

const patient = () => new AbortController().signal;

describe('createShareWork', () => {
  it('runs once for all who ask for the same key at once, and shortly after', async () => {
    const share = createShareWork<number>();
    let runs = 0;
    const work = async () => {
      await Promise.resolve();
      runs += 1;
      return runs;
    };
    const results = await Promise.all([1, 2, 3].map(() => share('a', patient(), work)));
    expect(results).toEqual([1, 1, 1]);
    expect(await share('a', patient(), work)).toBe(1);
    expect(runs).toBe(1);
  });

  it('never gives one key what belongs to another', async () => {
    const share = createShareWork<string>();
    const ask = (key: string) => share(key, patient(), () => Promise.resolve(key));
    expect(await Promise.all([ask('a'), ask('b')])).toEqual(['a', 'b']);
  });

  it('runs anew once the result is old', async () => {
    jest.useFakeTimers();
    try {
      const share = createShareWork<number>();
      let runs = 0;
      const work = () => Promise.resolve((runs += 1));
      await share('a', patient(), work);
      jest.advanceTimersByTime(1_000);
      expect(await share('a', patient(), work)).toBe(2);
    } finally {
      jest.useRealTimers();
    }
  });

  it('does not keep a failure', async () => {
    const share = createShareWork<string>();
    await expect(share('a', patient(), () => Promise.reject(new Error('down')))).rejects.toThrow(
      'down',
    );
    expect(await share('a', patient(), () => Promise.resolve('up'))).toBe('up');
  });

  it('lets each wait no longer than its own deadline, and the others go on', async () => {
    const share = createShareWork<string>();
    const finish = Promise.withResolvers<string>();
    const impatient = new AbortController();
    const first = share('a', impatient.signal, () => finish.promise);
    const second = share('a', patient(), () => finish.promise);
    impatient.abort();
    await expect(first).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' });
    finish.resolve('done');
    expect(await second).toBe('done');
  });
});
