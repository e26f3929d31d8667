import { lastUsedAbout } from '../../src/sessions/last-used';
import { renewedIdleExpiry } from '../../src/sessions/session';

const limits = { idleSeconds: 3600, lifetimeSeconds: 43_200 };

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
    expect(lastUsedAbout(session, limits.idleSeconds)).toBe(expected);
  });

  it('is never more than half of the idle time too early', () => {
    let session = { createdAt: 0, idleExpiresAt: 3600, expiresAt: 43_200 };
    for (let now = 0; now < 30_000; now += 70) {
      session = {
        ...session,
        idleExpiresAt: renewedIdleExpiry(session, now, limits) ?? session.idleExpiresAt,
      };
      const about = lastUsedAbout(session, limits.idleSeconds);
      expect(about).toBeLessThanOrEqual(now);
      expect(now - about).toBeLessThanOrEqual(1800);
    }
  });
});
