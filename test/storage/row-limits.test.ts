import { assertWithinLimits, rowSize } from '../../src/storage/row-limits';
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
