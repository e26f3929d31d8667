import { compactDecrypt, CompactEncrypt, CompactSign, UnsecuredJWT } from 'jose';
import { AppError } from '../../src/errors';
import { parseJson } from '../../src/bodies';
import { deriveKey, type KeyRing, openSealed, seal } from '../../src/keys/encryption';
import { createStaticKeyRing } from '../support/static-key-ring';

const now = 1_800_000_000;
const signal = new AbortController().signal;
const keyRing: KeyRing = createStaticKeyRing(new Uint8Array(32).fill(1));
const foreign = createStaticKeyRing(new Uint8Array(32).fill(2));
const payload = { scopes: ['User.Read'], returnPath: '/ä' };

const sealIt = (ring = keyRing) =>
  seal('step-up', payload, { keyRing: ring, expiresAt: now + 600, signal });
const openIt = (text: string, at = now) =>
  openSealed('step-up', text, { keyRing, now: at, signal });

/** A JWE that only somebody with the ring's key could make, with the parts given. */
async function crafted(content: unknown, header: object = {}, label = 'stepUp' as const) {
  const ringKey = await keyRing.current(signal);
  return new CompactEncrypt(Buffer.from(JSON.stringify(content)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: ringKey.kid, ...header })
    .encrypt(deriveKey(ringKey, label));
}

describe('seal', () => {
  it('makes a compact JWE of cookie-safe characters whose content cannot be seen', async () => {
    const text = await sealIt();

    expect(text).toMatch(/^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(Buffer.from(text, 'base64url').toString('latin1')).not.toContain('User.Read');
  });
});

describe('openSealed', () => {
  it('gives back what was sealed', async () => {
    expect(await openIt(await sealIt())).toEqual(payload);
  });

  it('is undefined from the second of its expiry', async () => {
    const text = await sealIt();

    expect(await openIt(text, now + 599)).toEqual(payload);
    expect(await openIt(text, now + 600)).toBeUndefined();
  });

  it('is undefined for another purpose', async () => {
    expect(
      await openSealed('sign-in-state', await sealIt(), { keyRing, now, signal }),
    ).toBeUndefined();
  });

  it('is undefined when the purpose inside is another, even under the right key', async () => {
    const content = { p: 'step-up', e: now + 600, v: payload };

    expect(await openIt(await crafted(content))).toEqual(payload);
    expect(await openIt(await crafted({ ...content, p: 'sign-in-state' }))).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['has no expiry', { p: 'step-up', v: payload }],
    ['has a text as expiry', { p: 'step-up', e: `${now + 600}`, v: payload }],
    ['has no payload', { p: 'step-up', e: now + 600 }],
    ['is null', null],
    ['is a list', []],
  ])('is undefined when the content %s', async (_, content) => {
    expect(await openIt(await crafted(content))).toBeUndefined();
  });

  it('is undefined when another ring sealed it', async () => {
    expect(await openIt(await sealIt(foreign))).toBeUndefined();
  });

  it('is undefined when another key sealed it under the name of ours', async () => {
    const { kid } = await keyRing.current(signal);
    const renamed = { kid, secret: (await foreign.current(signal)).secret };
    const ring: KeyRing = { ...foreign, current: () => Promise.resolve(renamed) };

    expect(await openIt(await sealIt(ring))).toBeUndefined();
  });

  it.each([0, 1, 2, 3, 4])('is undefined when part %i is changed or missing', async (index) => {
    const parts = (await sealIt()).split('.');
    const part = parts[index] ?? '';
    const swap = part.startsWith('A') ? 'B' : 'A';

    expect(await openIt(parts.with(index, swap + part.slice(1)).join('.'))).toBeUndefined();
    expect(await openIt(parts.toSpliced(index, 1).join('.'))).toBeUndefined();
  });

  it.each(['', '.', '....', 'a.b.c.d.e', 'hello', `${'a'.repeat(9000)}....`])(
    'is undefined for other text (%#)',
    async (text) => {
      expect(await openIt(text)).toBeUndefined();
    },
  );

  it('is undefined for the same bytes in another text', async () => {
    const text = await sealIt();
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // The last four bits of a tag's last character mean nothing.
    const spare = alphabet.indexOf(text.at(-1) ?? '') ^ 1;
    const other = text.slice(0, -1) + (alphabet[spare] ?? '');

    expect(Buffer.from(other.split('.')[4] ?? '', 'base64url')).toEqual(
      Buffer.from(text.split('.')[4] ?? '', 'base64url'),
    );
    expect(await openIt(other)).toBeUndefined();
  });

  it('is undefined for a JWS and an unsecured JWT, even of the same claims', async () => {
    const { kid } = await keyRing.current(signal);
    const content = { p: 'step-up', e: now + 600, v: payload };
    const jws = await new CompactSign(Buffer.from(JSON.stringify(content)))
      .setProtectedHeader({ alg: 'HS256', kid })
      .sign(deriveKey(await keyRing.current(signal), 'stepUp'));

    expect(await openIt(jws)).toBeUndefined();
    expect(await openIt(new UnsecuredJWT(content).encode())).toBeUndefined();
  });

  it('is undefined for another encryption of ours, such as A128GCM or A256GCMKW', async () => {
    const ringKey = await keyRing.current(signal);
    const wrapped = await new CompactEncrypt(
      Buffer.from(JSON.stringify({ p: 'step-up', e: now + 600, v: payload })),
    )
      .setProtectedHeader({ alg: 'A256GCMKW', enc: 'A256GCM', kid: ringKey.kid })
      .encrypt(deriveKey(ringKey, 'stepUp'));

    expect(await openIt(wrapped)).toBeUndefined();
  });

  it('compresses what is long, and opens what jose compressed', async () => {
    const long = { p: 'step-up', e: now + 600, v: { claims: 'x'.repeat(2_000) } };
    const options = { keyRing, expiresAt: now + 600, signal };
    const text = await seal('step-up', long.v, options);

    expect(text.length).toBeLessThan(300);
    expect(await openIt(text)).toEqual(long.v);
    expect(await openIt(await crafted(long, { zip: 'DEF' }))).toEqual(long.v);
  });

  it('is undefined for what would be too long when it is decompressed', async () => {
    const content = { p: 'step-up', e: now + 600, v: 'x'.repeat(20_000) };

    expect(await openIt(await crafted(content, { zip: 'DEF' }))).toBeUndefined();
  });

  it('makes what jose opens, by the RFC', async () => {
    const key = deriveKey(await keyRing.current(signal), 'stepUp');
    for (const value of [payload, { claims: 'x'.repeat(2_000) }]) {
      const text = await seal('step-up', value, { keyRing, expiresAt: now + 600, signal });
      const { plaintext } = await compactDecrypt(text, key);
      expect(parseJson(plaintext)).toEqual({ p: 'step-up', e: now + 600, v: value });
    }
  });

  it('is undefined for a header that we would not write, though the right key sealed it', async () => {
    const content = { p: 'step-up', e: now + 600, v: payload };

    expect(await openIt(await crafted(content, { typ: 'JWE' }))).toBeUndefined();
    expect(await openIt(await crafted(content))).toEqual(payload);
  });

  it('says so when the ring cannot be read, instead of refusing what may be good', async () => {
    const text = await sealIt();
    const down: KeyRing = {
      current: () => Promise.reject(new AppError('ERR_KEYS_UNAVAILABLE')),
      find: () => Promise.reject(new AppError('ERR_KEYS_UNAVAILABLE')),
    };
    const unavailable = { code: 'ERR_KEYS_UNAVAILABLE' };

    await expect(openSealed('step-up', text, { keyRing: down, now, signal })).rejects.toMatchObject(
      unavailable,
    );
    await expect(sealIt(down)).rejects.toMatchObject(unavailable);
  });
});
