import { listCookieNames, readCookie } from '../../src/cookies/read-cookie';

describe('readCookie', () => {
  it.each([
    ['alone', 'ours=abc.-_Z9'],
    ['among others', 'a=1; ours=abc.-_Z9; b=2'],
    ['behind a comma of the host', 'a=1,ours=abc.-_Z9,b=2'],
    ['behind a comma and a space', 'a=1, ours=abc.-_Z9'],
    ['without spaces', 'a=1;ours=abc.-_Z9;b=2'],
    ['behind a pair without a name', '=x; ours=abc.-_Z9'],
    ['behind text without a value', 'ours; ours=abc.-_Z9'],
    ['behind a foreign value with strange characters', 'a="x=y,z%"; ours=abc.-_Z9'],
    ['with names that only look alike', 'xours=1; oursx=2; Ours=3; __Host-ours=4; ours=abc.-_Z9'],
  ])('finds ours %s', (_, header) => {
    expect(readCookie(header, 'ours')).toBe('abc.-_Z9');
  });

  it.each<[string, string | null]>([
    ['no header', null],
    ['an empty header', ''],
    ['other cookies only', 'a=1; b=2'],
    ['a name in other case', 'OURS=abc'],
    ['a name inside a value', 'a=ours=abc'],
    ['an empty value', 'ours='],
    ['a name without value', 'ours'],
    ['ours twice', 'ours=abc; ours=def'],
    ['ours twice alike', 'ours=abc; ours=abc'],
    ['ours twice, parted by a comma', 'ours=abc,ours=def'],
    ['ours twice, one of them empty', 'ours=; ours=abc'],
    ['ours twice, one of them wrong', 'ours=%; ours=abc'],
    ['quotes', 'ours="abc"'],
    ['percent-encoding', 'ours=ab%63'],
    ['padding', 'ours=abc='],
    ['base64 that is not base64url', 'ours=ab+c'],
    ['a space inside', 'ours=ab c'],
    ['other alphabets', 'ours=abç'],
    ['a line end', 'ours=abc\ndef'],
    ['4097 characters', `ours=${'a'.repeat(4097)}`],
  ])('is undefined for %s', (_, header) => {
    expect(readCookie(header, 'ours')).toBeUndefined();
  });

  it('takes 4096 characters', () => {
    expect(readCookie(`ours=${'a'.repeat(4096)}`, 'ours')).toHaveLength(4096);
  });

  it.each(['__proto__', 'constructor', 'toString'])('knows no %s of its own', (name) => {
    expect(readCookie('a=1', name)).toBeUndefined();
    expect(readCookie(`${name}=abc`, name)).toBe('abc');
  });
});

describe('listCookieNames', () => {
  it('gives each name with the prefix once', () => {
    const header = 'try-b=1; other=2,try-a=3; try-b=4; Try-c=5; try-';

    expect(listCookieNames(header, 'try-')).toEqual(['try-b', 'try-a']);
    expect(listCookieNames(null, 'try-')).toEqual([]);
  });
});
