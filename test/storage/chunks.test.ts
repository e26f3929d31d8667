import { randomBytes } from 'node:crypto';
import { chunkSize, joinChunks, splitIntoChunks } from '../../src/storage/chunks';

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
    expect(joinChunks({ ...chunks, kid: 'x', expiresAt: new Date() })).toEqual(bytes);
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
