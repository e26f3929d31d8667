import { createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import {
  decryptValue,
  deriveKey,
  deriveSessionKey,
  encryptValue,
  isKid,
  keyLabels,
  type KeyUse,
  type ValueAddress,
} from '../../src/keys/encryption';
import { kidOf } from '../../src/keys/ring-rows';

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

const ringKey = { kid: '0.12345678', secret: new Uint8Array(32).fill(1) };
const otherRingKey = { kid: '0.12345678', secret: new Uint8Array(32).fill(2) };
const id = new Uint8Array(32).fill(3);
const uses: KeyUse[] = [
  ...(['sessionCookie', 'signInState', 'signInRest', 'stepUp', 'summary', 'activity'] as const),
];

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
