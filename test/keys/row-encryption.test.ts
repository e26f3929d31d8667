import { createSecretKey } from 'node:crypto';
import type { ValuePlace } from '../../src/keys/row-encryption';
import { decryptValue, encryptValue } from '../../src/keys/row-encryption';

const key = createSecretKey(new Uint8Array(32).fill(1));
const place: ValuePlace = { table: 't', partitionKey: 'p', rowKey: 'session:r', property: 'data' };
const value = Buffer.from('what nobody else may read');
const encrypted = encryptValue(key, place, value);

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
    const copies = Array.from({ length: 100 }, () => encryptValue(key, place, value));

    expect(new Set(copies.map((copy) => copy.subarray(1, 13).toString('hex'))).size).toBe(100);
  });
});

describe('decryptValue', () => {
  it.each([0, 1, 15, 16, 100_000])('gives back %i bytes', (size) => {
    const bytes = Buffer.alloc(size, 'x');

    expect(decryptValue(key, place, encryptValue(key, place, bytes))).toEqual(bytes);
  });

  it('reads a view into a larger buffer', () => {
    const larger = Buffer.concat([Buffer.from('before'), encrypted, Buffer.from('after')]);

    expect(decryptValue(key, place, larger.subarray(6, 6 + encrypted.length))).toEqual(value);
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
    expect(decryptValue(key, place, input)).toBeUndefined();
  });

  it('is undefined under another key', () => {
    const other = createSecretKey(new Uint8Array(32).fill(2));

    expect(decryptValue(other, place, encrypted)).toBeUndefined();
  });

  it.each<[string, Partial<ValuePlace>]>([
    ['table', { table: 'u' }],
    ['partition', { partitionKey: 'q' }],
    ['row', { rowKey: 'session:s' }],
    ['property', { property: 'summary' }],
    ['split between partition and row', { partitionKey: 'psession:', rowKey: 'r' }],
    ['split with the separators of the encoding', { partitionKey: 'p","session:r', rowKey: '' }],
  ])('is undefined when moved to another %s', (_, moved) => {
    expect(decryptValue(key, { ...place, ...moved }, encrypted)).toBeUndefined();
  });
});
