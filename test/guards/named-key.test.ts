import { parseNamedKey } from '../../src/guards/named-key';
import { thrownBy } from '../support/thrown-by';

describe('parseNamedKey', () => {
  it('takes a SHA-256 in base64url', () => {
    const key = `${'Ab1_-'.repeat(8)}xyz`;
    expect(parseNamedKey(key, 'session')).toBe(key);
  });

  it.each([
    ['nothing', undefined],
    ['an empty text', ''],
    ['one character too few', 'a'.repeat(42)],
    ['one character too many', 'a'.repeat(44)],
    ['plain base64', `${'a'.repeat(42)}+`],
    ['padding', `${'a'.repeat(42)}=`],
    ['a quote, which a filter could be left by', `${'a'.repeat(42)}'`],
    ['a colon, which names another kind of row', `${'a'.repeat(42)}:`],
    ['a line end', `${'a'.repeat(43)}\n`],
  ])('refuses %s, and repeats only the name of the field', (_name, value) => {
    const thrown = thrownBy(() => parseNamedKey(value, 'session'));
    expect(thrown).toMatchObject({ code: 'ERR_BAD_REQUEST', note: 'session is no key' });
  });
});
