import * as notices from '../../src/cookies';
import { type CookieSite, readCookies } from '../../src/cookies';

const readCookie = (header: string | null, name: string) => readCookies(header).get(name);

describe('readCookies', () => {
  it.each([
    ['alone', 'ours=abc.-_Z9'],
    ['among others', 'a=1; ours=abc.-_Z9; b=2'],
    ['before a comma of the host', 'a=1; ours=abc.-_Z9,b=2'],
    ['before a comma and a space', 'ours=abc.-_Z9, a=1; b=2'],
    ['before a comma and its own name: the header was sent twice', 'ours=abc.-_Z9,ours=abc.-_Z9'],
    ['without spaces', 'a=1;ours=abc.-_Z9;b=2'],
    ['behind a pair without a name', '=x; ours=abc.-_Z9'],
    ['behind text without a value', 'ours; ours=abc.-_Z9'],
    ['behind a foreign value with strange characters', 'a="x=y,z%"; ours=abc.-_Z9'],
    ['beside one that was planted in a foreign value', 'a=1,ours=evil; ours=abc.-_Z9; b=2,ours=x'],
    ['with names that only look alike', 'xours=1; oursx=2; Ours=3; __Host-ours=4; ours=abc.-_Z9'],
    ['as the last of 180, which a browser keeps', `${'a=1;'.repeat(179)}ours=abc.-_Z9`],
  ])('finds ours %s', (_, header) => {
    expect(readCookie(header, 'ours')).toBe('abc.-_Z9');
  });

  it.each<[string, string | null]>([
    ['no header', null],
    ['an empty header', ''],
    ['other cookies only', 'a=1; b=2'],
    ['a name in other case', 'OURS=abc'],
    ['a name inside a value', 'a=ours=abc'],
    ['a name behind a comma, inside a value', 'a=1,ours=abc'],
    ['a name behind a comma and a space', 'a=1, ours=abc'],
    ['an empty value', 'ours='],
    ['an empty value before a comma', 'ours=,abc'],
    ['a name without value', 'ours'],
    ['ours twice', 'ours=abc; ours=def'],
    ['ours twice alike', 'ours=abc; ours=abc'],
    ['ours three times', 'ours=abc; ours=abc; ours=abc'],
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
    ['ours behind two hundred others', `${'a=1;'.repeat(200)}ours=abc`],
  ])('believes no value for %s', (_, header) => {
    expect(readCookie(header, 'ours')).toBeUndefined();
  });

  it('takes 4096 characters', () => {
    expect(readCookie(`ours=${'a'.repeat(4096)}`, 'ours')).toHaveLength(4096);
  });

  it('knows that a cookie came, whatever it is worth', () => {
    expect(readCookies('ours=%; other=1').has('ours')).toBe(true);
    expect(readCookies('a=1,ours=abc').has('ours')).toBe(false);
  });

  it('looks at two hundred pairs and no more, however long the header', () => {
    const names = Array.from({ length: 5_000 }, (_value, index) => `n${index}=x`);
    expect(readCookies(names.join('; ')).size).toBe(200);
    expect(readCookies(';'.repeat(30_000)).size).toBe(0);
  });

  it.each(['__proto__', 'constructor', 'toString'])('knows no %s of its own', (name) => {
    expect(readCookie('a=1', name)).toBeUndefined();
    expect(readCookie(`${name}=abc`, name)).toBe('abc');
  });
});

const { clearNotice, noticeCookie } = notices;
const readNotice = (header: string | null, kind: notices.NoticeKind, site: CookieSite) =>
  notices.readNotice(readCookies(header), kind, site);

const content = { session: 'kept', until: 1_800_000_000 };

describe.each([true, false])('a notice, on https: %s', (isHttps) => {
  const site = { isHttps, loopbackPort: undefined };
  const cookie = noticeCookie('signed-out', content, site);
  const header = `${cookie.name}=${cookie.value}`;

  it('comes back as it was', () => {
    expect(readNotice(header, 'signed-out', site)).toEqual(content);
  });

  it('can be set by this host alone, seen by no script, and goes after ten minutes', () => {
    expect(cookie.name.startsWith('__Host-Http-')).toBe(isHttps);
    expect(cookie).toMatchObject({
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      secure: isHttps,
      maxAge: 600,
    });
    expect(cookie).not.toHaveProperty('domain');
    expect(cookie.value).toMatch(/^[\w-]+$/);
  });

  it('is for its own page only', () => {
    expect(readNotice(header, 'ended', site)).toBeUndefined();
  });

  it('can be taken away', () => {
    expect(clearNotice('signed-out', site)).toMatchObject({ name: cookie.name, maxAge: 0 });
  });

  it.each([
    ['nothing', null],
    ['no JSON', `${cookie.name}=abc`],
    ['two of them', `${header}; ${header}`],
  ])('reads %s as nothing', (_name, cookies) => {
    expect(readNotice(cookies, 'signed-out', site)).toBeUndefined();
  });
});

describe('a notice of one app of several on this machine', () => {
  const site = (loopbackPort: number) => ({ isHttps: false, loopbackPort });
  const { name, value } = noticeCookie('ended', content, site(7071));

  it('is for that app alone', () => {
    expect(readNotice(`${name}=${value}`, 'ended', site(7071))).toEqual(content);
    expect(readNotice(`${name}=${value}`, 'ended', site(7072))).toBeUndefined();
  });
});
