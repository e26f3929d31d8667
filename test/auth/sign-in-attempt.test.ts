import { createAttempt, isAttemptLive, parseState } from '../../src/auth/sign-in-attempt';

describe('createAttempt', () => {
  it('draws 32 random bytes each for state, nonce and verifier', () => {
    const attempt = createAttempt({ returnPath: '/', round: 0, scopes: [] }, 1);
    const values = [attempt.state.slice(0, -2), attempt.nonce, attempt.codeVerifier];
    for (const value of values) expect(Buffer.from(value, 'base64url')).toHaveLength(32);
    expect(new Set(values).size).toBe(3);
  });
});

describe('parseState', () => {
  const random = 'Ab0_-'.repeat(8) + 'xyz';

  it.each([0, 1] as const)('reads the round %d', (round) => {
    expect(parseState(`${random}.${round}`)).toEqual({ round });
  });

  it('reads what createAttempt makes', () => {
    const { state } = createAttempt({ returnPath: '/', round: 1, scopes: [] }, 1);
    expect(parseState(state)).toEqual({ round: 1 });
  });

  it.each([
    '',
    random,
    `${random}.`,
    `${random}.2`,
    `${random}.01`,
    `${random}.0\n`,
    ` ${random}.0`,
    `${random.slice(1)}.0`,
    `${random}x.0`,
    `${random.slice(1)}+.0`,
    `${random}|0`,
  ])('refuses %j', (value) => {
    expect(parseState(value)).toBeUndefined();
  });
});

describe('isAttemptLive', () => {
  it('is true for 600 seconds', () => {
    expect(isAttemptLive({ startedAt: 1000 }, 1599)).toBe(true);
    expect(isAttemptLive({ startedAt: 1000 }, 1600)).toBe(false);
  });
});
