import { describeDevice } from '../../src/sessions/describe-device';

const mozilla = 'Mozilla/5.0';
const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)';

describe('describeDevice', () => {
  it.each([
    [
      'Chrome on Windows',
      `${mozilla} (Windows NT 10.0; Win64; x64) ${webkit} Chrome/151.0.0.0 Safari/537.36`,
    ],
    [
      'Edge on Windows',
      `${mozilla} (Windows NT 10.0; Win64; x64) ${webkit} Chrome/151.0.0.0 Safari/537.36 Edg/151.0.0.0`,
    ],
    [
      'Opera on Linux',
      `${mozilla} (X11; Linux x86_64) ${webkit} Chrome/150.0.0.0 Safari/537.36 OPR/134.0.0.0`,
    ],
    ['Firefox on Linux', `${mozilla} (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0`],
    [
      'Safari on macOS',
      `${mozilla} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15`,
    ],
    [
      'Safari on iPhone',
      `${mozilla} (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1`,
    ],
    [
      'Chrome on iPad',
      `${mozilla} (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/151.0.0.0 Mobile/15E148 Safari/604.1`,
    ],
    [
      'Chrome on Android',
      `${mozilla} (Linux; Android 10; K) ${webkit} Chrome/151.0.0.0 Mobile Safari/537.36`,
    ],
    [
      'Samsung Internet on Android',
      `${mozilla} (Linux; Android 10; K) ${webkit} SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36`,
    ],
    [
      'Chrome on ChromeOS',
      `${mozilla} (X11; CrOS x86_64 14541.0.0) ${webkit} Chrome/151.0.0.0 Safari/537.36`,
    ],
    ['Unknown browser', 'curl/8.15.0'],
    ['Unknown browser', ''],
    ['Unknown browser', undefined],
    ['Unknown browser on Linux', 'someone (Linux)'],
    ['Unknown browser', '<script>alert(1)</script>'],
    ['Unknown browser', `${'x'.repeat(600)} Chrome/1 Windows`],
  ])('%s', (words, userAgent) => {
    expect(describeDevice(userAgent)).toBe(words);
  });
});
