import { createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import { CompactEncrypt, CompactSign, UnsecuredJWT } from 'jose';
import { AppError } from '../../src/errors';
import {
  decryptValue,
  deriveKey,
  deriveSessionKey,
  encryptValue,
  isKid,
  keyLabels,
  type KeyRing,
  type KeyUse,
  kidOf,
  openSealed,
  seal,
  type ValueAddress,
} from '../../src/keys/encryption';
import { createStaticKeyRing } from '../support/static-key-ring';

const key = createSecretKey(new Uint8Array(32).fill(1));
const address: ValueAddress = {
  table: 't',
  partitionKey: 'p',
  rowKey: 'session:r',
  property: 'data',
};
const value = Buffer.from('what nobody else may read');
const encrypted = encryptValue(key, address, value);

/** `encrypted` with one byte changed. */
function changed(at: number): Buffer {
  const copy = Buffer.from(encrypted);
  const index = at < 0 ? copy.length + at : at;
  copy.writeUInt8((copy[index] ?? 0) ^ 1, index);
  return copy;
}

describe('encryptValue', () => {
  it('is version, IV, ciphertext and tag', () => {
    expect(encrypted).toHaveLength(1 + 12 + value.length + 16);
    expect(encrypted[0]).toBe(1);
    expect(encrypted.includes(value.subarray(0, 8))).toBe(false);
  });

  it('never repeats itself', () => {
    const copies = Array.from({ length: 100 }, () => encryptValue(key, address, value));

    expect(new Set(copies.map((copy) => copy.subarray(1, 13).toString('hex'))).size).toBe(100);
  });
});

describe('decryptValue', () => {
  it.each([0, 1, 15, 16, 100_000])('gives back %i bytes', (size) => {
    const bytes = Buffer.alloc(size, 'x');

    expect(decryptValue(key, address, encryptValue(key, address, bytes))).toEqual(bytes);
  });

  it('reads a view into a larger buffer', () => {
    const larger = Buffer.concat([Buffer.from('before'), encrypted, Buffer.from('after')]);

    expect(decryptValue(key, address, larger.subarray(6, 6 + encrypted.length))).toEqual(value);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', encrypted.toString('base64')],
    ['no bytes', Buffer.alloc(0)],
    ['a version alone', Buffer.of(1)],
    ['less than version, IV and tag', encrypted.subarray(0, 28)],
    ['an unknown version', Buffer.concat([Buffer.of(2), encrypted.subarray(1)])],
    ['version 0', Buffer.concat([Buffer.of(0), encrypted.subarray(1)])],
    ['one byte too few', encrypted.subarray(0, -1)],
    ['one byte too many', Buffer.concat([encrypted, Buffer.of(0)])],
    ['a cut beginning', encrypted.subarray(1)],
    ['a changed IV', changed(1)],
    ['a changed ciphertext', changed(13)],
    ['a changed tag', changed(-1)],
  ])('is undefined for %s', (_, input) => {
    expect(decryptValue(key, address, input)).toBeUndefined();
  });

  it('is undefined under another key', () => {
    const other = createSecretKey(new Uint8Array(32).fill(2));

    expect(decryptValue(other, address, encrypted)).toBeUndefined();
  });

  it.each<[string, Partial<ValueAddress>]>([
    ['table', { table: 'u' }],
    ['partition', { partitionKey: 'q' }],
    ['row', { rowKey: 'session:s' }],
    ['property', { property: 'summary' }],
    ['split between partition and row', { partitionKey: 'psession:', rowKey: 'r' }],
    ['split with the separators of the encoding', { partitionKey: 'p","session:r', rowKey: '' }],
  ])('is undefined when moved to another %s', (_, moved) => {
    expect(decryptValue(key, { ...address, ...moved }, encrypted)).toBeUndefined();
  });
});

const now = 1_800_000_000;
const signal = new AbortController().signal;
const keyRing = createStaticKeyRing(new Uint8Array(32).fill(1));
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

const ringKey = { kid: '0.12345678', secret: new Uint8Array(32).fill(1) };
const otherRingKey = { kid: '0.12345678', secret: new Uint8Array(32).fill(2) };
const id = new Uint8Array(32).fill(3);
const uses: KeyUse[] = ['sessionCookie', 'signInState', 'signInRest', 'stepUp', 'summary'];

describe('deriveKey', () => {
  it('is HKDF-SHA-256 under the label', () => {
    const expected = Buffer.from(hkdfSync('sha256', ringKey.secret, '', keyLabels.summary, 32));

    expect(deriveKey(ringKey, 'summary').export()).toEqual(expected);
  });

  it('gives each use a key of its own', () => {
    const keys = uses.map((use) => deriveKey(ringKey, use).export().toString('hex'));

    expect(new Set(keys).size).toBe(uses.length);
    expect(new Set(Object.values(keyLabels)).size).toBe(uses.length + 3);
  });

  it('derives once for a ring key, and never takes one for another with the same name', () => {
    expect(deriveKey(ringKey, 'summary')).toBe(deriveKey(ringKey, 'summary'));
    expect(deriveKey(ringKey, 'summary').equals(deriveKey(otherRingKey, 'summary'))).toBe(false);
  });
});

describe('deriveSessionKey', () => {
  it('is HKDF-SHA-256 of both under its label', () => {
    for (let round = 0; round < 100; round += 1) {
      const [secret, sessionId] = [randomBytes(32), randomBytes(32)];
      const both = Buffer.concat([secret, sessionId]);
      const expected = Buffer.from(hkdfSync('sha256', both, '', keyLabels.session, 32));

      expect(deriveSessionKey({ ...ringKey, secret }, sessionId).export()).toEqual(expected);
    }
  });

  it('depends on the ring key and on the session id', () => {
    const key = deriveSessionKey(ringKey, id);

    expect(key.symmetricKeySize).toBe(32);
    expect(deriveSessionKey(ringKey, Uint8Array.from(id)).equals(key)).toBe(true);
    expect(deriveSessionKey(otherRingKey, id).equals(key)).toBe(false);
    expect(deriveSessionKey(ringKey, new Uint8Array(32).fill(4)).equals(key)).toBe(false);
  });
});

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
