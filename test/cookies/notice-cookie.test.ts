import * as notices from '../../src/cookies/notice-cookie';
import type { CookiePlace } from '../../src/cookies/our-cookie';
import { readCookies } from '../../src/cookies/read-cookie';

const { clearNotice, noticeCookie } = notices;
const readNotice = (header: string | null, kind: notices.NoticeKind, place: CookiePlace) =>
  notices.readNotice(readCookies(header), kind, place);

const content = { session: 'kept', until: 1_800_000_000 };

describe.each([true, false])('a notice, on https: %s', (isHttps) => {
  const place = { isHttps, loopbackPort: undefined };
  const cookie = noticeCookie('signed-out', content, place);
  const header = `${cookie.name}=${cookie.value}`;

  it('comes back as it was', () => {
    expect(readNotice(header, 'signed-out', place)).toEqual(content);
  });

  it('can be set by this host alone, seen by no script, and goes after ten minutes', () => {
    expect(cookie.name.startsWith('__Host-')).toBe(isHttps);
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
    expect(readNotice(header, 'ended', place)).toBeUndefined();
  });

  it('can be taken away', () => {
    expect(clearNotice('signed-out', place)).toMatchObject({ name: cookie.name, maxAge: 0 });
  });

  it.each([
    ['nothing', null],
    ['no JSON', `${cookie.name}=abc`],
    ['two of them', `${header}; ${header}`],
  ])('reads %s as nothing', (_name, cookies) => {
    expect(readNotice(cookies, 'signed-out', place)).toBeUndefined();
  });
});

describe('a notice of one app of several on this machine', () => {
  const place = (loopbackPort: number) => ({ isHttps: false, loopbackPort });
  const { name, value } = noticeCookie('ended', content, place(7071));

  it('is for that app alone', () => {
    expect(readNotice(`${name}=${value}`, 'ended', place(7071))).toEqual(content);
    expect(readNotice(`${name}=${value}`, 'ended', place(7072))).toBeUndefined();
  });
});
