import { randomBytes } from 'node:crypto';
import { chunkSize, joinChunks, splitIntoChunks } from '../../src/sessions/session-rows';
import { assertWithinLimits, rowSize } from '../../src/storage/azure-table';
import { thrownBy } from '../support/thrown-by';

describe('rowSize', () => {
  it('counts as the service does', () => {
    const row = { partitionKey: 'ab', rowKey: 'c', properties: {} };

    expect(rowSize(row)).toBe(4 + 2 * 3);
    expect(rowSize({ ...row, properties: { name: 'text' } })).toBe(10 + 8 + 8 + 4 + 8);
    expect(rowSize({ ...row, properties: { b: new Uint8Array(5) } })).toBe(10 + 8 + 2 + 4 + 5);
    expect(rowSize({ ...row, properties: { d: new Date() } })).toBe(10 + 8 + 2 + 8);
    expect(rowSize({ ...row, properties: { t: true } })).toBe(10 + 8 + 2 + 1);
  });
});

describe('assertWithinLimits', () => {
  const sixty = new Uint8Array(60 * 1024);
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`data${i}`, sixty]));
  const row = { partitionKey: 'p', rowKey: 'r', properties: many };
  const left = 1024 * 1024 - rowSize(row) - 8 - 2 - 4;

  it('takes a row of exactly 1 MiB and refuses one byte more', () => {
    const filled = (count: number) => ({
      ...row,
      properties: { ...many, x: new Uint8Array(count) },
    });

    expect(rowSize(filled(left))).toBe(1024 * 1024);
    expect(
      thrownBy(() => {
        assertWithinLimits(filled(left));
      }),
    ).toBeUndefined();
    expect(
      thrownBy(() => {
        assertWithinLimits(filled(left + 1));
      }),
    ).toMatchObject({ code: 'ERR_STORAGE_LIMIT' });
  });
});

describe('splitIntoChunks', () => {
  it.each([
    [0, 1],
    [1, 1],
    [chunkSize, 1],
    [chunkSize + 1, 2],
    [3 * chunkSize, 3],
    [17 * chunkSize, 17],
  ])('%i bytes become %i properties that join again', (size, count) => {
    const bytes = randomBytes(size);

    const chunks = splitIntoChunks(bytes);

    expect(Object.keys(chunks)).toEqual(Array.from({ length: count }, (_, i) => `data${i}`));
    const joined = joinChunks({ ...chunks, kid: 'x', expiresAt: new Date() });
    // `toEqual` looks at each byte, which takes a second.
    expect(bytes.equals(joined ?? new Uint8Array(1))).toBe(true);
  });
});

describe('joinChunks', () => {
  const chunks = splitIntoChunks(randomBytes(2 * chunkSize + 1));

  it.each([
    ['the first is missing', { ...chunks, data0: undefined }],
    ['one in the middle is missing', { ...chunks, data1: undefined }],
    ['one is a text', { ...chunks, data1: 'text' }],
    ['there are none', {}],
    ['there are more than a row can hold', { ...chunks, data40: Uint8Array.of(1) }],
  ])('is undefined when %s', (_, properties) => {
    const left = Object.fromEntries(
      Object.entries(properties).filter(([, value]) => value !== undefined),
    );
    expect(joinChunks(left)).toBeUndefined();
  });
});
