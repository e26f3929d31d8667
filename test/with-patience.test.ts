import { withPatience } from '../src/with-patience';

const never = new AbortController().signal;

/** Work that ends by its signal alone. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error(signal.reason instanceof DOMException ? signal.reason.name : 'no reason'));
    });
  });

describe('withPatience', () => {
  it('gives what the work gives', async () => {
    await expect(withPatience(never, 60_000, () => Promise.resolve('done'))).resolves.toBe('done');
  });

  it('ends the work when its time is over', async () => {
    await expect(withPatience(never, 5, untilAborted)).rejects.toThrow('TimeoutError');
  });

  it('ends the work with the request', async () => {
    const request = new AbortController();
    const work = withPatience(request.signal, 60_000, untilAborted);
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
    await withPatience(never, 60_000, work).catch(() => undefined);
    expect(timers()).toBe(before);
  });
});
