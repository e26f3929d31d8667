import { clearNotice, noticeCookie, readNotice } from '../../src/cookies/notice-cookie';

const content = { session: 'kept', until: 1_800_000_000 };

describe.each([true, false])('a notice, on https: %s', (isHttps) => {
  const cookie = noticeCookie('signed-out', content, { isHttps });
  const header = `${cookie.name}=${cookie.value}`;

  it('comes back as it was', () => {
    expect(readNotice(header, 'signed-out', { isHttps })).toEqual(content);
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
    expect(readNotice(header, 'ended', { isHttps })).toBeUndefined();
  });

  it('can be taken away', () => {
    expect(clearNotice('signed-out', { isHttps })).toMatchObject({ name: cookie.name, maxAge: 0 });
  });

  it.each([
    ['nothing', null],
    ['no JSON', `${cookie.name}=abc`],
    ['two of them', `${header}; ${header}`],
  ])('reads %s as nothing', (_name, cookies) => {
    expect(readNotice(cookies, 'signed-out', { isHttps })).toBeUndefined();
  });
});
