import { beginSession, isLive, renewedIdleExpiry } from '../../src/sessions/session';

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
