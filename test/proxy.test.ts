import { bypassProxyOnLoopback, isLoopback, loopbackHosts } from '../src/proxy';

const hostOf = (url: string) => new URL(url).hostname;

describe('isLoopback', () => {
  it.each([
    'http://localhost:7071',
    'http://LOCALHOST',
    'http://127.0.0.1:10002/a',
    'http://127.1',
    'http://[::1]:7071',
    'http://[0:0:0:0:0:0:0:1]',
  ])('is true for %s', (url) => {
    expect(isLoopback(hostOf(url))).toBe(true);
  });

  it.each([
    'http://localhost.example',
    'http://127.0.0.1.example',
    'http://127.0.0.2',
    'http://0.0.0.0',
    'http://[::2]',
    'http://[::ffff:127.0.0.1]',
    'http://app.localhost',
  ])('is false for %s', (url) => {
    expect(isLoopback(hostOf(url))).toBe(false);
  });

  it('is true for no host that a proxy could get requests for', () => {
    const environment: Record<string, string | undefined> = {};
    bypassProxyOnLoopback(environment);
    expect(environment['NO_PROXY']?.split(',')).toEqual(expect.arrayContaining([...loopbackHosts]));
  });
});
