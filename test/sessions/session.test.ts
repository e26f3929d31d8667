import { createHash } from 'node:crypto';
import {
  beginSession,
  describeDevice,
  isLive,
  lastUsedAbout,
  renewedIdleExpiry,
  userKeyOf,
} from '../../src/sessions/session';

const now = 1_800_000_000;
const limits = { idleSeconds: 100, lifetimeSeconds: 250 };

describe('beginSession', () => {
  it('begins both limits now', () => {
    expect(beginSession(now, limits)).toEqual({
      createdAt: now,
      idleExpiresAt: now + 100,
      expiresAt: now + 250,
    });
  });

  it('never lets idle outlast the session', () => {
    const { idleExpiresAt } = beginSession(now, { idleSeconds: 300, lifetimeSeconds: 250 });

    expect(idleExpiresAt).toBe(now + 250);
  });
});

describe('isLive', () => {
  it.each([
    [99, true],
    [100, false],
  ])('%i s into an idle time of 100 s: %s', (seconds, expected) => {
    expect(isLive({ idleExpiresAt: now + 100, expiresAt: now + 250 }, now + seconds)).toBe(
      expected,
    );
  });

  it('is over at the absolute limit, whatever idle says', () => {
    expect(isLive({ idleExpiresAt: now + 999, expiresAt: now + 250 }, now + 250)).toBe(false);
  });
});

describe('renewedIdleExpiry', () => {
  const session = beginSession(now, limits);

  it.each([
    [0, undefined],
    [50, undefined],
    [51, now + 151],
    [99, now + 199],
  ])('%i s after the beginning: %s', (seconds, expected) => {
    expect(renewedIdleExpiry(session, now + seconds, limits)).toBe(expected);
  });

  it('goes no further than the absolute limit, and then writes no more', () => {
    const late = { ...session, idleExpiresAt: now + 240 };

    expect(renewedIdleExpiry(late, now + 200, limits)).toBe(now + 250);
    expect(renewedIdleExpiry({ ...late, idleExpiresAt: now + 250 }, now + 240, limits)).toBe(
      undefined,
    );
  });
});

describe('userKeyOf', () => {
  it('is the SHA-256 of issuer and oid as JSON, base64url', () => {
    const expected = createHash('sha256').update('["https://i","o"]').digest('base64url');

    expect(userKeyOf('https://i', 'o', 's')).toBe(expected);
    expect(expected).toMatch(/^[\w-]{43}$/);
  });

  it('takes the subject without an oid', () => {
    expect(userKeyOf('https://i', undefined, 's')).toBe(userKeyOf('https://i', 's', 'ignored'));
  });

  it('keeps people of different issuers apart, however the texts are split', () => {
    expect(userKeyOf('https://i', 'o', 's')).not.toBe(userKeyOf('https://j', 'o', 's'));
    expect(userKeyOf('https://i","o', 'x', 's')).not.toBe(userKeyOf('https://i', 'o","x', 's'));
  });
});

const usedLimits = { idleSeconds: 3600, lifetimeSeconds: 43_200 };

describe('lastUsedAbout', () => {
  it.each([
    ['just begun', { createdAt: 1000, idleExpiresAt: 4600 }, 1000],
    ['renewed', { createdAt: 1000, idleExpiresAt: 9600 }, 6000],
    [
      'never before it began, where the last idle limit was cut',
      { createdAt: 1000, idleExpiresAt: 2000 },
      1000,
    ],
  ])('%s', (_name, session, expected) => {
    expect(lastUsedAbout(session, usedLimits.idleSeconds)).toBe(expected);
  });

  it('is never more than half of the idle time too early', () => {
    let session = { createdAt: 0, idleExpiresAt: 3600, expiresAt: 43_200 };
    for (let now = 0; now < 30_000; now += 70) {
      session = {
        ...session,
        idleExpiresAt: renewedIdleExpiry(session, now, usedLimits) ?? session.idleExpiresAt,
      };
      const about = lastUsedAbout(session, usedLimits.idleSeconds);
      expect(about).toBeLessThanOrEqual(now);
      expect(now - about).toBeLessThanOrEqual(1800);
    }
  });
});

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
