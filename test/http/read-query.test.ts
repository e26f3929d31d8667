import { readQuery } from '../../src/http/read-query';
import { thrownBy } from '../support/thrown-by';

const read = (query: string) => readQuery(new URLSearchParams(query), 'from', 5);

describe('readQuery', () => {
  it.each([
    ['from=abc', 'abc'],
    ['from=abcde', 'abcde'],
    ['from=', undefined],
    ['', undefined],
    ['other=abc', undefined],
  ])('%s gives %s', (query, expected) => {
    expect(read(query)).toBe(expected);
  });

  it.each(['from=a&from=b', 'from=a&from=a', 'from=&from=', 'from=abcdef'])(
    'refuses %s',
    (query) => {
      expect(thrownBy(() => read(query))).toMatchObject({ code: 'ERR_BAD_REQUEST' });
    },
  );
});
