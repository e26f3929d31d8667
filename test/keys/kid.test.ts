import { isKid, kidOf } from '../../src/keys/kid';

const secret = new Uint8Array(32).fill(1);

describe('kidOf', () => {
  it('names the same secret alike everywhere, another secret or period differently', () => {
    const other = new Uint8Array(32).fill(2);

    expect(kidOf(229, secret)).toBe(kidOf(229, Uint8Array.from(secret)));
    expect(kidOf(229, secret)).toMatch(/^229\.[A-Za-z0-9_-]{8}$/);
    expect(kidOf(229, other)).not.toBe(kidOf(229, secret));
    expect(kidOf(230, secret)).not.toBe(kidOf(229, secret));
  });
});

describe('isKid', () => {
  it.each([kidOf(0, secret), kidOf(229, secret), '12.ab_-0123'])('takes %s', (kid) => {
    expect(isKid(kid)).toBe(true);
  });

  it.each([
    undefined,
    1,
    '',
    '0',
    '0.',
    '0.1234567',
    '0.123456789',
    '-1.12345678',
    '../../secret',
    '1234567.12345678',
    '0.1234567\n',
  ])('refuses %j', (kid) => {
    expect(isKid(kid)).toBe(false);
  });
});
