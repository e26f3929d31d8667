import { createStaticKeyRing } from '../../src/keys/static-key-ring';
import { isKid, kidOf } from '../../src/keys/kid';
import { thrownBy } from '../support/thrown-by';

const signal = new AbortController().signal;
const secret = new Uint8Array(32).fill(1);

describe('createStaticKeyRing', () => {
  it('has one key, found by its name', async () => {
    const ring = createStaticKeyRing(secret);
    const key = await ring.current(signal);

    expect(key.secret).toEqual(secret);
    expect(await ring.find(key.kid, signal)).toBe(key);
    expect(await ring.find('0.AAAAAAAA', signal)).toBeUndefined();
  });

  it('names the same secret alike in every instance, and another one differently', async () => {
    const kid = async (fill: number) =>
      (await createStaticKeyRing(new Uint8Array(32).fill(fill)).current(signal)).kid;

    expect(await kid(1)).toBe(await kid(1));
    expect(await kid(1)).not.toBe(await kid(2));
    expect(isKid(await kid(1))).toBe(true);
  });

  it.each([0, 16, 31, 33])('refuses a secret of %i bytes', (size) => {
    expect(thrownBy(() => createStaticKeyRing(new Uint8Array(size)))).toMatchObject({
      code: 'ERR_SETTINGS',
    });
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
