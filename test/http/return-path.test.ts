import { localPath, loginPathTo, wantedPage } from '../../src/http/return-path';

describe('localPath', () => {
  it.each([
    ['/', '/'],
    ['/auth/me', '/auth/me'],
    ['/auth/admin?page=2', '/auth/admin?page=2'],
    ['/reports/2026/q3?sort=name&dir=up#top', '/reports/2026/q3?sort=name&dir=up#top'],
    ['/search?q=https://contoso.com/a', '/search?q=https://contoso.com/a'],
    ['/a/../b', '/b'],
    ['/%C3%A9', '/%C3%A9'],
    ['/é', '/%C3%A9'],
    ['/mail/user@contoso.com', '/mail/user@contoso.com'],
    ['/a//b', '/a//b'],
    ['/auth/logins', '/auth/logins'],
    ['/my/auth/login', '/my/auth/login'],
    ['/a%2Flogin', '/a%2Flogin'],
    ['/a%ff', '/a%ff'],
    ['/search?q=two words', '/search?q=two%20words'],
    ['/two words/#and more', '/two%20words/#and%20more'],
    ['/files?path=C:\\new\\reports', '/files?path=C:\\new\\reports'],
    ['/files#C:\\new', '/files#C:\\new'],
    ['/files?next=/\\evil.example', '/files?next=/\\evil.example'],
  ])('keeps the local path %j', (value, expected) => {
    expect(localPath(value)).toBe(expected);
  });

  it.each([
    ['absent', undefined],
    ['null', null],
    ['empty', ''],
    ['absolute https', 'https://evil.example/'],
    ['absolute http', 'http://evil.example/'],
    ['upper-case scheme', 'HTTPS://evil.example/'],
    ['scheme without slashes', 'https:evil.example'],
    ['scheme with one slash', 'https:/evil.example'],
    ['javascript', 'javascript:alert(1)'],
    ['data', 'data:text/html,x'],
    ['protocol-relative', '//evil.example'],
    ['three slashes', '///evil.example'],
    ['four slashes', '////evil.example'],
    ['backslash first', '\\evil.example'],
    ['two backslashes', '\\\\evil.example'],
    ['slash then backslash', '/\\evil.example'],
    ['backslash then slash', '\\/evil.example'],
    ['slash, backslash, slash', '/\\/evil.example'],
    ['backslash later in the path', '/a\\..\\\\evil.example'],
    ['backslash before a query', '/a\\b?c'],
    ['tab in a query', '/a?b=\t/evil.example'],
    ['tab after the slash', '/\t/evil.example'],
    ['line feed after the slash', '/\n/evil.example'],
    ['carriage return after the slash', '/\r/evil.example'],
    ['tab before the slash', '\t//evil.example'],
    ['space before', ' //evil.example'],
    ['space before a path', ' /auth/me'],
    ['NUL before', '\u0000//evil.example'],
    ['NUL inside', '/\u0000/evil.example'],
    ['delete character', '/\u007f/evil.example'],
    ['C1 control character', '/\u0085/evil.example'],
    ['header splitting', '/a\r\nSet-Cookie: x=1'],
    ['dot segment leaving two slashes', '/.//evil.example'],
    ['dot-dot leaving two slashes', '/a/..//evil.example'],
    ['encoded dot leaving two slashes', '/%2e//evil.example'],
    ['encoded dot-dot leaving two slashes', '/a/%2e%2e//evil.example'],
    ['encoded slash first', '/%2fevil.example'],
    ['encoded slash first, upper case', '/%2Fevil.example'],
    ['encoded backslash first', '/%5cevil.example'],
    ['user name trick', '//user@evil.example'],
    ['port trick', '//evil.example:443'],
    ['host without scheme', 'evil.example'],
    ['relative path', 'auth/me'],
    ['dot relative', './auth/me'],
    ['dot-dot relative', '../auth/me'],
    ['query only', '?next=/'],
    ['fragment only', '#top'],
    ['lone surrogate', '/\ud800'],
    ['ideographic full stop host', '//evil。example'],
    ['full-width slashes', '／／evil.example'],
    ['the login itself', '/auth/login'],
    ['the login itself with a query', '/auth/login?return_to=/auth/login'],
    ['the login itself by another way', '/a/../auth/login'],
    ['the redirect', '/auth/redirect?code=x'],
    ['the redirect in capitals', '/AUTH/Redirect'],
    ['the logout', '/auth/logout/'],
    ['the page after signing out', '/auth/signed-out'],
    ['the login with an escaped letter', '/auth/%6cogin'],
    ['the login with an escaped letter, upper case', '/auth/%6Cogin'],
    ['the redirect with an escaped letter', '/auth/%72edirect?hop=1'],
    ['the login with an escaped slash', '/auth%2flogin'],
    ['all of it escaped', '/%61%75%74%68/%6c%6f%67%69%6e'],
    ['longer than 2 KB', `/${'a'.repeat(2048)}`],
    ['longer than 2 KB once encoded', `/${'é'.repeat(400)}`],
    ['longer than a query takes once encoded', `/?${'&'.repeat(1400)}`],
  ])('falls back to / for %s', (_name, value) => {
    expect(localPath(value)).toBe('/');
  });

  it('keeps a path of exactly 2 KB', () => {
    const path = `/${'a'.repeat(2047)}`;
    expect(localPath(path)).toBe(path);
  });
});

describe('wantedPage', () => {
  it('is the page, fragment included', () => {
    expect(wantedPage('/reports?a=1#row-17')).toEqual({ path: '/reports?a=1#row-17' });
  });

  it('is the path alone of a page that is too long, which is named', () => {
    const long = `/reports?q=${'a'.repeat(2048)}#part`;
    expect(wantedPage(long)).toEqual({ path: '/reports', lost: long });
    const longer = `/${'a'.repeat(3000)}?b`;
    expect(wantedPage(longer)).toEqual({ path: '/', lost: longer });
  });

  it('is too long as well when it takes more than 3,900 characters in a query', () => {
    const longest = `/r?${'&'.repeat(1299)}`;
    expect(wantedPage(longest)).toEqual({ path: longest });
    expect(wantedPage(`${longest}&`)).toEqual({ path: '/r', lost: `${longest}&` });
  });

  it.each([null, undefined, 'https://evil.example', `//evil.example/${'a'.repeat(3000)}`])(
    'names nothing that is not on this origin: %#',
    (value) => {
      expect(wantedPage(value)).toEqual({ path: '/' });
    },
  );
});

describe('loginPathTo', () => {
  const returnTo = (loginPath: string) =>
    new URL(loginPath, 'http://localhost').searchParams.get('return_to');

  it.each([
    '/',
    '/a?b=c&d=%20+e#f',
    `/${'%D0%B0'.repeat(340)}?a&b+c#d`,
    `/?q=${'a/'.repeat(1000)}`,
  ])('comes back to %.40s', (path) => {
    const loginPath = loginPathTo(path, 'select_account');
    expect(returnTo(loginPath)).toBe(path);
    expect(loginPath.length).toBeLessThan(4000);
  });
});
