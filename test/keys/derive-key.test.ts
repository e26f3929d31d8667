import { hkdfSync, randomBytes } from 'node:crypto';
import type { KeyUse } from '../../src/keys/derive-key';
import { deriveKey, deriveSessionKey, keyLabels } from '../../src/keys/derive-key';

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
