import { AppError } from '../../src/errors';
import { localPath, loginPathTo, wantedPage } from '../../src/http/request';
import { bounce, pathWithoutMarker, wantedPath } from '../../src/http/responses';
import {
  browserHeaders,
  createContextFixture,
  type ContextFixture,
  testSite,
} from '../support/context-fixture';

const baseUrl = 'https://app.contoso.com';

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
    expect(localPath(testSite, value)).toBe(expected);
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
    expect(localPath(testSite, value)).toBe('/');
  });

  it('keeps a path of exactly 2 KB', () => {
    const path = `/${'a'.repeat(2047)}`;
    expect(localPath(testSite, path)).toBe(path);
  });
});

describe('wantedPage', () => {
  it('is the page, fragment included', () => {
    expect(wantedPage(testSite, baseUrl, '/reports?a=1#row-17')).toEqual({
      path: '/reports?a=1#row-17',
    });
  });

  it.each([
    ['https://app.contoso.com/reports?a=1#row-17', '/reports?a=1#row-17'],
    ['https://APP.contoso.com:443/reports', '/reports'],
    ['https://app.contoso.com', '/'],
    ['https://app.contoso.com/auth/login?return_to=/a', '/'],
    ['https://app.contoso.com//evil.example', '/'],
    ['https://app.contoso.com\\@evil.example/a', '/@evil.example/a'],
    ['https://app.contoso.com@evil.example/', '/'],
    ['https://ada@app.contoso.com/reports', '/'],
    ['https://app.contoso.com.evil.example/reports', '/'],
    ['http://app.contoso.com/reports', '/'],
    ['https://app.contoso.com:8443/reports', '/'],
    ['https:app.contoso.com/reports', '/reports'],
    ['blob:https://app.contoso.com/reports', '/'],
  ])('is of this origin alone: %j', (value, expected) => {
    expect(wantedPage(testSite, baseUrl, value)).toEqual({ path: expected });
  });

  it('is the path alone of a page that is too long, which is named', () => {
    const long = `/reports?q=${'a'.repeat(2048)}#part`;
    expect(wantedPage(testSite, baseUrl, long)).toEqual({ path: '/reports', lost: long });
    const longer = `/${'a'.repeat(3000)}?b`;
    expect(wantedPage(testSite, baseUrl, longer)).toEqual({ path: '/', lost: longer });
  });

  it('is too long as well when it takes more than 3,900 characters in a query', () => {
    const longest = `/r?${'&'.repeat(1299)}`;
    expect(wantedPage(testSite, baseUrl, longest)).toEqual({ path: longest });
    expect(wantedPage(testSite, baseUrl, `${longest}&`)).toEqual({
      path: '/r',
      lost: `${longest}&`,
    });
  });

  it.each([null, undefined, 'https://evil.example', `//evil.example/${'a'.repeat(3000)}`])(
    'names nothing that is not on this origin: %#',
    (value) => {
      expect(wantedPage(testSite, baseUrl, value)).toEqual({ path: '/' });
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
    const loginPath = loginPathTo(testSite, path, 'select_account');
    expect(returnTo(loginPath)).toBe(path);
    expect(loginPath.length).toBeLessThan(4000);
  });
});

const app = 'http://localhost:7071';

let fixture: ContextFixture;

beforeAll(async () => {
  fixture = await createContextFixture();
});
afterAll(() => fixture.stop());

/** A browser without Fetch Metadata. */
const old = { accept: browserHeaders.accept };
const fromElsewhere = { ...browserHeaders, 'sec-fetch-site': 'cross-site' };

/** What `bounce` does: nothing, a page that leads somewhere, or a redirect. */
function outcome(
  path: string,
  headers: Record<string, string>,
  hasCookie = false,
  method = 'GET',
  needsCookie = false,
) {
  const answer = bounce(fixture.context(path, { method, headers }), hasCookie, { needsCookie });
  if (answer === undefined) return 'nothing';
  const location = new Headers(answer.headers).get('location');
  if (location !== null) return `${answer.status ?? 200} ${location}`;
  const body = typeof answer.body === 'string' ? answer.body : '';
  const goTo = /<meta http-equiv="refresh" content="0; ?url=([^"]*)"/.exec(body)?.[1];
  return `page ${goTo?.replaceAll('&amp;', '&') ?? 'without refresh'}`;
}

function codeThrownBy(work: () => unknown): string {
  try {
    work();
    return 'nothing';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

describe('bounce', () => {
  it.each([
    ['/reports', `${app}/reports?anteroom-bounced=1`],
    ['/reports?a=1', `${app}/reports?a=1&anteroom-bounced=1`],
    ['/', `${app}/?anteroom-bounced=1`],
    ['//evil.example/a', `${app}//evil.example/a?anteroom-bounced=1`],
    ['/\\evil.example', `${app}//evil.example?anteroom-bounced=1`],
    ['/a?x=%22%3E%3Cscript%3E', `${app}/a?x=%22%3E%3Cscript%3E&anteroom-bounced=1`],
  ])('asks for %s again, on this origin, with a marker', (path, expected) => {
    expect(outcome(path, fromElsewhere)).toBe(`page ${expected}`);
  });

  it('leaves an address as it is that is too long for the marker', () => {
    const longest = `/reports?${'a'.repeat(4096 - '&anteroom-bounced=1'.length)}`;
    expect(outcome(longest, fromElsewhere)).toBe(`page ${app}${longest}&anteroom-bounced=1`);
    expect(outcome(`${longest}a`, fromElsewhere)).toBe('nothing');
  });

  it.each<[string, Record<string, string>]>([
    ['typed by a person', browserHeaders],
    ['from our own page', { ...browserHeaders, 'sec-fetch-site': 'same-origin' }],
    ['from another origin of our site', { ...browserHeaders, 'sec-fetch-site': 'same-site' }],
    ['of a script on another site', { ...fromElsewhere, 'sec-fetch-mode': 'cors' }],
    ['of an image on another site', { ...fromElsewhere, 'sec-fetch-mode': 'no-cors' }],
    ['of a client that says nothing', {}],
    ['of a frame', { ...fromElsewhere, 'sec-fetch-dest': 'iframe' }],
    ['of a script in an old browser', { ...old, 'x-requested-with': 'XMLHttpRequest' }],
  ])('leaves a request %s alone', (_name, headers) => {
    expect(outcome('/reports', headers)).toBe('nothing');
  });

  it('leaves a request alone that brought the cookie', () => {
    expect(outcome('/reports', fromElsewhere, true)).toBe('nothing');
  });

  it('leaves a POST alone', () => {
    expect(outcome('/reports', fromElsewhere, false, 'POST')).toBe('nothing');
    expect(outcome('/reports?anteroom-bounced=1', browserHeaders, false, 'POST')).toBe('nothing');
  });

  it('answers HEAD as it answers GET', () => {
    expect(outcome('/reports', fromElsewhere, false, 'HEAD')).toBe(
      outcome('/reports', fromElsewhere),
    );
  });

  it.each(['bounced=1', 'hop=1', 'slide=false', 'bounce=1', 'Anteroom-bounced=1'])(
    'takes ?%s for somebody else’s',
    (query) => {
      const headers = { ...browserHeaders, 'sec-fetch-site': 'same-origin' };
      expect(outcome(`/reports?${query}`, headers)).toBe('nothing');
      expect(outcome(`/reports?${query}`, fromElsewhere)).toBe(
        `page ${app}/reports?${query}&anteroom-bounced=1`,
      );
    },
  );

  describe('in a browser that does not say where it comes from', () => {
    it('asks again once when the cookie is absent', () => {
      expect(outcome('/reports', old)).toBe(`page ${app}/reports?anteroom-bounced=1`);
      expect(outcome('/reports', old, true)).toBe('nothing');
    });

    it('goes on to the address without marker when the cookie came now', () => {
      expect(outcome('/reports?anteroom-bounced=1', old, true)).toBe(`302 ${app}/reports`);
    });

    it('does not go round for ever when there is none', () => {
      expect(outcome('/reports?anteroom-bounced=1', old)).toBe('nothing');
    });
  });

  it('leaves it to a page that needs the cookie to begin a sign-in, which knows the fragment', () => {
    const path = '/reports?anteroom-bounced=%23row-17';
    expect(outcome(path, browserHeaders, false, 'GET', true)).toBe('nothing');
    expect(outcome(path, browserHeaders, true, 'GET', true)).toBe(`302 ${app}/reports#row-17`);
    expect(outcome(path, browserHeaders)).toBe(`302 ${app}/reports#row-17`);
  });

  const prefetches: Record<string, string>[] = [
    { 'sec-purpose': 'prefetch' },
    { 'sec-purpose': 'prefetch;prerender' },
    { purpose: 'prefetch' },
    { 'x-moz': 'prefetch' },
  ];
  it.each(prefetches)('gives nothing ahead of time: %j', (purpose) => {
    for (const headers of [browserHeaders, fromElsewhere, {}]) {
      for (const hasCookie of [true, false]) {
        const context = fixture.context('/reports', { headers: { ...headers, ...purpose } });
        expect(codeThrownBy(() => bounce(context, hasCookie))).toBe('ERR_PREFETCH');
      }
    }
  });

  describe('for Office', () => {
    const headers = { 'user-agent': 'Microsoft Office Existence Discovery', accept: '*/*' };

    it.each(['GET', 'HEAD', 'OPTIONS'])(
      'hands %s over to the browser, by the same address',
      (method) => {
        expect(outcome('/reports?a=1', headers, false, method)).toBe(
          `page ${app}/reports?a=1&anteroom-bounced=1`,
        );
      },
    );

    it('does not go round for ever where Office follows the page itself', () => {
      expect(outcome('/reports?anteroom-bounced=1', headers)).toBe('nothing');
    });
  });

  it.each([
    ['/reports?anteroom-bounced=1', '/reports'],
    ['/reports?a=1&anteroom-bounced=1', '/reports?a=1'],
    ['/reports?anteroom-bounced=1&a=1', '/reports?a=1'],
    ['/?anteroom-bounced=1', '/'],
    // The host decodes names: a marker that stayed would be redirected for ever.
    ['/reports?a=1&%61nteroom-bounced=1', '/reports?a=1'],
    ['/reports?anteroom-bounced=1&anteroom-bounced=1', '/reports'],
    ['//evil.example/a?anteroom-bounced=1', '//evil.example/a'],
  ])('sends our own navigation from %s on to the address without marker', (path, expected) => {
    for (const site of ['same-origin', 'none']) {
      const headers = { ...browserHeaders, 'sec-fetch-site': site };
      expect(outcome(path, headers)).toBe(`302 ${app}${expected}`);
      expect(outcome(path, headers, true)).toBe(`302 ${app}${expected}`);
    }
  });

  it('bounces once only: in vain, the request is answered as it is', () => {
    expect(outcome('/reports?anteroom-bounced=1', fromElsewhere)).toBe('nothing');
    expect(outcome('/reports?a=1&anteroom-bounced=1', fromElsewhere, true)).toBe('nothing');
  });

  it('lets a script have a marker, which means nothing to it', () => {
    expect(outcome('/reports?anteroom-bounced=1', {})).toBe('nothing');
  });
});

describe('wantedPath', () => {
  it.each([
    ['/a?anteroom-bounced=1', '/a'],
    ['/a?b=1&anteroom-bounced=%23%2Froute%3Fx%3D1', '/a?b=1#/route?x=1'],
    ['/a?anteroom-bounced=https%3A%2F%2Fevil.example', '/a'],
    ['/a?anteroom-bounced=.evil.example', '/a'],
    ['/a?bounced=%23b', '/a?bounced=%23b'],
    // Made up: no header could hold it as it is.
    ['/a?anteroom-bounced=%23b%0D%0ASet-Cookie:%00x', '/a#bSet-Cookie:%00x'],
    ['/a?anteroom-bounced=%23%E6%97%A5', '/a#%E6%97%A5'],
  ])('of %s is %s', (path, expected) => {
    expect(wantedPath(fixture.context(path))).toBe(expected);
  });
});

describe('pathWithoutMarker', () => {
  it.each([
    ['/a', '/a'],
    ['/a?b=1', '/a?b=1'],
    ['/a?anteroom-bounced=1', '/a'],
    ['/a?anteroom-bounced=', '/a'],
    ['/a?anteroom-bounced=1&b=1', '/a?b=1'],
    ['/a?b=1&anteroom-bounced=1', '/a?b=1'],
    ['/a?b=1&anteroom-bounced=1&c=1', '/a?b=1&c=1'],
    ['/a?anteroom-bounced=1&anteroom-bounced=1', '/a'],
    ['/a?anteroom-bounced=1&anteroom-bounced=2&b=1', '/a?b=1'],
    ['/a?anteroom-boun%63ed=1', '/a'],
    ['/a?b=%2F+c&anteroom-bounced&d', '/a?b=%2F+c&d'],
    ['/a?un-anteroom-bounced=1', '/a?un-anteroom-bounced=1'],
    ['/a?b=1?anteroom-bounced=1', '/a?b=1?anteroom-bounced=1'],
    ['/a?anteroom-anteroom-bouncedness=1', '/a?anteroom-anteroom-bouncedness=1'],
    ['/anteroom-bounced=1', '/anteroom-bounced=1'],
    ['/a?b=anteroom-bounced=1', '/a?b=anteroom-bounced=1'],
  ])('%s becomes %s', (path, expected) => {
    expect(pathWithoutMarker(path)).toBe(expected);
  });
});
