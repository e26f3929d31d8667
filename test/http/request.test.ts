import { HttpRequest } from '@azure/functions';
import { AppError } from '../../src/errors';
import {
  changesNothing,
  isInsidePage,
  isNavigation,
  isOffice,
  isPrefetch,
  isForeignSubresource,
  isTrue,
  mediaTypeOf,
  prefersHtml,
  readForm,
  readQuery,
  requireCsrfHeader,
  requireSameOrigin,
} from '../../src/http/request';
import { failureOf } from '../support/auth-fixture';
import { browserHeaders } from '../support/context-fixture';
import { thrownBy } from '../support/thrown-by';

const ours = 'https://app.contoso.com';
type Headers = Readonly<Record<string, string>>;
const request = (headers: Headers, method = 'GET') =>
  new HttpRequest({ method, url: `${ours}/reports`, headers });

const old = { accept: browserHeaders.accept };
const script = {
  'sec-fetch-dest': 'empty',
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'same-origin',
};

describe('isNavigation', () => {
  it.each<[string, Headers, boolean]>([
    ['a page that a person opens', browserHeaders, true],
    [
      'a navigation that a service worker passes on',
      { ...browserHeaders, 'sec-fetch-dest': 'empty' },
      true,
    ],
    ['a navigation that says nothing of what it accepts', { 'sec-fetch-mode': 'navigate' }, true],
    [
      'a script that fetches a page, as Turbo and Unpoly do',
      { ...script, accept: 'text/html, application/xhtml+xml' },
      false,
    ],
    ['jQuery’s load', { ...script, accept: 'text/html, */*; q=0.01' }, false],
    ['a script that fetches JSON', { ...script, accept: 'application/json' }, false],
    ['an image', { ...script, 'sec-fetch-mode': 'no-cors', accept: 'text/html' }, false],
    ['an old browser', old, true],
    [
      'a script in an old browser',
      { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' },
      false,
    ],
    ['an old web view of Android', { ...old, 'x-requested-with': 'com.contoso.app' }, true],
    ['a client that does not say', {}, false],
    ['curl', { accept: '*/*' }, false],
  ])('%s', (_name, headers, expected) => {
    expect(isNavigation(request(headers))).toBe(expected);
  });
});

describe('isInsidePage', () => {
  it.each<[string, Headers, boolean]>([
    ['a page that a person opens', browserHeaders, false],
    [
      'a navigation that a service worker passes on',
      { ...browserHeaders, 'sec-fetch-dest': 'empty' },
      false,
    ],
    ['an old browser', old, false],
    ['curl', { accept: '*/*' }, false],
    ['fetch of Node.js', { accept: '*/*', 'sec-fetch-mode': 'cors' }, false],
    ['a script', { ...script, accept: 'text/html' }, true],
    ['a script in an old browser', { ...old, 'x-requested-with': 'XMLHttpRequest' }, true],
    ...['iframe', 'frame', 'embed', 'object', 'fencedframe'].map(
      (dest): [string, Headers, boolean] => [
        dest,
        { ...browserHeaders, 'sec-fetch-dest': dest },
        true,
      ],
    ),
  ])('%s', (_name, headers, expected) => {
    expect(isInsidePage(request(headers))).toBe(expected);
  });
});

describe('isPrefetch', () => {
  it.each<[Headers, boolean]>([
    [{ 'sec-purpose': 'prefetch' }, true],
    [{ 'sec-purpose': 'prefetch;prerender' }, true],
    [{ 'sec-purpose': 'prefetch;anonymous-client-ip' }, true],
    [{ purpose: 'prefetch' }, true],
    [{ purpose: 'Prefetch' }, true],
    [{ 'x-purpose': 'preview' }, true],
    [{ 'x-moz': 'prefetch' }, true],
    [{ 'sec-purpose': 'prefetching' }, false],
    [{ purpose: 'report' }, false],
    [browserHeaders, false],
  ])('%j: %s', (headers, expected) => {
    expect(isPrefetch(request(headers))).toBe(expected);
  });
});

describe('isForeignSubresource', () => {
  const site = (value: string, mode = 'cors', dest = 'empty') => ({
    'sec-fetch-site': value,
    'sec-fetch-mode': mode,
    'sec-fetch-dest': dest,
  });
  it.each<[string, Headers, boolean]>([
    ['our own script', site('same-origin'), false],
    ['something typed', site('none', 'navigate', 'document'), false],
    ['a script of a neighbour', site('same-site'), true],
    ['an image of another site', site('cross-site', 'no-cors', 'image'), true],
    ['a link on a neighbour', site('same-site', 'navigate', 'document'), false],
    ['a link on another site', site('cross-site', 'navigate', 'document'), false],
    ['a frame of a neighbour', site('same-site', 'navigate', 'iframe'), true],
    ['a frame of our own', site('same-origin', 'navigate', 'iframe'), false],
    ['a socket of a neighbour', site('same-site', 'websocket', 'empty'), true],
    ['a client that is no browser', {}, false],
    ['our own script in an old browser', { origin: ours }, false],
    ['a neighbour’s script in an old browser', { origin: 'https://other.contoso.com' }, true],
    [
      'our own script behind a proxy that changes the origin',
      { ...site('same-origin'), origin: 'http://localhost:5173' },
      false,
    ],
  ])('%s: %j is %s', (_name, headers, expected) => {
    expect(isForeignSubresource(request(headers), ours)).toBe(expected);
  });
});

describe('isOffice', () => {
  it.each([
    'Microsoft Office Existence Discovery',
    'Microsoft Office Protocol Discovery',
    'Microsoft Office Word 2014 (16.0.4266) Windows NT 10.0',
    'Microsoft Office Excel 2014',
    'Microsoft Office/16.0 (Windows NT 10.0; Microsoft Word 16.0.17328; Pro)',
    'Mozilla/4.0 (compatible; ms-office; MSOffice 16)',
    'Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Trident/7.0; ms-office)',
    'Word/16.0',
    'Excel/16.89',
    'PowerPoint/2.86',
    'Microsoft-WebDAV-MiniRedir/10.0.19045',
    'Microsoft OneNote/16.0',
    'OneNote/16.0',
  ])('knows %s', (agent) => {
    expect(isOffice(request({ 'user-agent': agent, accept: '*/*' }))).toBe(true);
  });

  it.each<[string, Headers]>([
    ['no agent', {}],
    [
      'a browser',
      {
        'user-agent':
          'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0',
      },
    ],
    ['a page shown in Office', { ...browserHeaders, 'user-agent': 'Mozilla/5.0 ms-office' }],
    ['a word that only looks alike', { 'user-agent': 'Crossword/1.0 (comms-office-bot)' }],
    ['curl', { 'user-agent': 'curl/8.5.0' }],
  ])('does not take for it %s', (_name, headers) => {
    expect(isOffice(request(headers))).toBe(false);
  });
});

describe('changesNothing', () => {
  it.each([
    ['GET', true],
    ['HEAD', true],
    ['OPTIONS', true],
    ['POST', false],
    ['PUT', false],
    ['PATCH', false],
    ['DELETE', false],
  ])('%s: %s', (method, expected) => {
    expect(changesNothing(request({}, method))).toBe(expected);
  });
});

const form = 'application/x-www-form-urlencoded';
const json = 'application/json';

const read = async (contentType: string | undefined, body: string) =>
  Object.fromEntries(
    await readForm(
      new HttpRequest({
        method: 'POST',
        url: 'http://localhost:7071/auth/logout',
        headers: contentType === undefined ? {} : { 'content-type': contentType },
        body: { string: body },
      }),
    ),
  );

describe('readForm', () => {
  it.each<[string, string, Record<string, string>]>([
    [form, 'local=true&everywhere=', { local: 'true', everywhere: '' }],
    [`${form}; charset=UTF-8`, 'name=Ada+Lovelace%26', { name: 'Ada Lovelace&' }],
    ['APPLICATION/X-WWW-FORM-URLENCODED', 'a=1', { a: '1' }],
    [json, '{"local":true,"session":"abc"}', { local: 'true', session: 'abc' }],
    ['APPLICATION/JSON', '{"local":false}', { local: 'false' }],
    ['application/json; charset=utf-8', '{}', {}],
    [json, '{"__proto__":"a"}', Object.fromEntries([['__proto__', 'a']])],
  ])('reads %s %s', async (contentType, body, expected) => {
    expect(await read(contentType, body)).toEqual(expected);
  });

  it.each([form, json, 'text/xml', undefined])('takes an empty body of type %s', async (type) => {
    expect(await read(type, '')).toEqual({});
  });

  it.each([
    ['a field twice', form, 'local=true&local=true'],
    ['a field twice, escaped once', form, 'local=true&lo%63al=false'],
    ['JSON cut short', json, '{"local":tr'],
    ['a form called JSON', json, 'local=true'],
    ['a JSON list', json, '["local"]'],
    ['a JSON list of pairs', json, '[["local","true"]]'],
    ['JSON null', json, 'null'],
    ['a JSON text', json, '"local"'],
    ['a JSON number', json, '1'],
    ['a number in JSON', json, '{"local":1}'],
    ['null in JSON', json, '{"local":null}'],
    ['an object in JSON', json, '{"local":{"is":true}}'],
    ['a list in JSON', json, '{"local":["true"]}'],
  ])('refuses %s', async (_name, contentType, body) => {
    expect((await failureOf(read(contentType, body))).code).toBe('ERR_BAD_REQUEST');
  });

  it.each([
    'application/jsonx',
    'application/json-patch+json',
    'text/json',
    'application/problem+json',
    'application/x-www-form-urlencodedx',
    'text/plain',
    'multipart/form-data; boundary=a',
    ' ',
    undefined,
  ])('refuses the media type %s', async (type) => {
    expect((await failureOf(read(type, '{"local":true}'))).code).toBe('ERR_MEDIA_TYPE');
  });

  it('reads up to 4096 characters, of any type', async () => {
    const longest = 'a'.repeat(4096 - 2);
    expect(await read(form, `a=${longest}`)).toEqual({ a: longest });
    for (const type of [form, json, 'text/xml']) {
      expect((await failureOf(read(type, `a=${longest}a`))).code).toBe('ERR_BAD_REQUEST');
    }
  });

  it('repeats nothing of the body in its errors', async () => {
    const failure = await failureOf(read(json, '{"session":"hunter2"'));
    expect(failure.message).not.toContain('hunter2');
    expect(failure.note).toBe('body is not JSON');
  });
});

describe('isTrue', () => {
  it.each([
    ['true', true],
    ['false', false],
    [undefined, false],
  ])('takes %s', (value, expected) => {
    const fields = new Map(value === undefined ? [] : [['local', value] as const]);
    expect(isTrue(fields, 'local')).toBe(expected);
  });

  it.each(['TRUE', 'True', '1', 'yes', 'on', '', ' true', 'true ', 'FALSE'])(
    'refuses %j rather than guess',
    (value) => {
      const thrown = thrownBy(() => isTrue(new Map([['local', value]]), 'local'));
      expect(thrown).toMatchObject({ code: 'ERR_BAD_REQUEST', status: 400 });
    },
  );
});

const readOne = (query: string) => readQuery(new URLSearchParams(query), 'from', 5);

describe('readQuery', () => {
  it.each([
    ['from=abc', 'abc'],
    ['from=abcde', 'abcde'],
    ['from=', undefined],
    ['', undefined],
    ['other=abc', undefined],
  ])('%s gives %s', (query, expected) => {
    expect(readOne(query)).toBe(expected);
  });

  it.each(['from=a&from=b', 'from=a&from=a', 'from=&from=', 'from=abcdef'])(
    'refuses %s',
    (query) => {
      expect(thrownBy(() => readOne(query))).toMatchObject({ code: 'ERR_BAD_REQUEST' });
    },
  );
});

describe('prefersHtml', () => {
  it.each([
    ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
    ['html alone', 'text/html', true],
    ['any text', 'text/*', true],
    ['html above json', 'application/json;q=0.5, text/html', true],
    ['nothing said', null, false],
    ['anything', '*/*', false],
    ['json', 'application/json', false],
    ['json above html', 'text/html;q=0.4, application/json', false],
    ['html refused', 'text/html;q=0, */*', false],
    ['garbage', ';;;,,,', false],
    ['problem details', 'application/problem+json', false],
  ])('%s', (_name, accept, expected) => {
    expect(prefersHtml(accept)).toBe(expected);
  });
});

describe('mediaTypeOf', () => {
  it.each([
    [undefined, ''],
    ['', ''],
    ['application/json', 'application/json'],
    ['APPLICATION/JSON', 'application/json'],
    ['application/jsonx', 'application/jsonx'],
    ['application/json;charset=utf-8', 'application/json'],
    [' application/json ; charset="a;b"', 'application/json'],
    ['text/plain; a=application/json', 'text/plain'],
    [';application/json', ''],
    ['application/json, text/plain', 'application/json, text/plain'],
  ])('%j is %j', (contentType, expected) => {
    const headers = contentType === undefined ? {} : { 'content-type': contentType };
    const request = new HttpRequest({ method: 'POST', url: 'http://localhost:7071/', headers });
    expect(mediaTypeOf(request)).toBe(expected);
  });
});

const ownOrigin = 'https://app.contoso.com';
const formType = { 'content-type': 'application/x-www-form-urlencoded' };

function outcome(headers: Record<string, string>): string {
  const request = new HttpRequest({ method: 'POST', url: `${ownOrigin}/auth/logout`, headers });
  try {
    requireSameOrigin(request, ownOrigin);
    return 'accepted';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

describe('requireCsrfHeader', () => {
  const outcomeOf = (method: string, headers: Record<string, string>): string => {
    try {
      requireCsrfHeader({ method, headers: new Headers(headers) }, ownOrigin);
      return 'allowed';
    } catch (error) {
      return error instanceof AppError ? error.code : String(error);
    }
  };
  const header = { 'x-csrf': '1' };

  it.each<[string, Record<string, string>, string]>([
    ['GET', { ...header, 'sec-fetch-site': 'same-origin' }, 'allowed'],
    [
      'POST',
      { ...header, 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' },
      'allowed',
    ],
    ['POST', { ...header, origin: ownOrigin, 'content-type': 'multipart/form-data' }, 'allowed'],
    ['GET', header, 'allowed'],
    ['GET', { 'sec-fetch-site': 'same-origin' }, 'ERR_CSRF_HEADER'],
    ['GET', { 'sec-fetch-site': 'none' }, 'ERR_CSRF_HEADER'],
    ['GET', { 'sec-fetch-site': 'same-origin', 'x-csrf': '2' }, 'ERR_CSRF_HEADER'],
    ['GET', { ...header, 'sec-fetch-site': 'none' }, 'ERR_CROSS_SITE'],
    ['GET', { ...header, 'sec-fetch-site': 'same-site' }, 'ERR_CROSS_SITE'],
    ['GET', { ...header, 'sec-fetch-site': 'cross-site', origin: ownOrigin }, 'ERR_CROSS_SITE'],
    ['GET', { ...header, origin: 'https://evil.example' }, 'ERR_CROSS_SITE'],
    ['POST', { ...header, origin: 'null' }, 'ERR_CROSS_SITE'],
  ])('%s with %j: %s', (method, headers, expected) => {
    expect(outcomeOf(method, headers)).toBe(expected);
  });
});

describe('requireSameOrigin', () => {
  it.each([
    ['our own form', { ...formType, 'sec-fetch-site': 'same-origin' }, 'accepted'],
    [
      'our own form with charset',
      {
        'content-type': 'Application/X-WWW-Form-Urlencoded; charset=UTF-8',
        'sec-fetch-site': 'same-origin',
      },
      'accepted',
    ],
    ['an older browser, our Origin', { ...formType, origin: ownOrigin }, 'accepted'],
    [
      'our own fetch',
      { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', 'x-csrf': '1' },
      'accepted',
    ],
    ['our own fetch without body', { 'sec-fetch-site': 'same-origin', 'x-csrf': '1' }, 'accepted'],
    [
      'another site',
      { ...formType, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      'ERR_CROSS_SITE',
    ],
    ['a sibling subdomain', { ...formType, 'sec-fetch-site': 'same-site' }, 'ERR_CROSS_SITE'],
    ['no site, as typed by a user', { ...formType, 'sec-fetch-site': 'none' }, 'ERR_CROSS_SITE'],
    [
      'cross-site with our Origin forged',
      { ...formType, 'sec-fetch-site': 'cross-site', origin: ownOrigin },
      'ERR_CROSS_SITE',
    ],
    [
      'an older browser, another Origin',
      { ...formType, origin: 'https://evil.example' },
      'ERR_CROSS_SITE',
    ],
    ['Origin null', { ...formType, origin: 'null' }, 'ERR_CROSS_SITE'],
    ['our host on http', { ...formType, origin: 'http://app.contoso.com' }, 'ERR_CROSS_SITE'],
    ['our host on another port', { ...formType, origin: `${ownOrigin}:8443` }, 'ERR_CROSS_SITE'],
    ['neither header', formType, 'ERR_CROSS_SITE'],
    [
      'text/plain',
      { 'content-type': 'text/plain', 'sec-fetch-site': 'same-origin', 'x-csrf': '1' },
      'ERR_MEDIA_TYPE',
    ],
    [
      'multipart',
      {
        'content-type': 'multipart/form-data; boundary=x',
        'sec-fetch-site': 'same-origin',
        'x-csrf': '1',
      },
      'ERR_MEDIA_TYPE',
    ],
    [
      'json without X-CSRF',
      { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      'ERR_CSRF_HEADER',
    ],
    [
      'json with another X-CSRF',
      { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', 'x-csrf': '0' },
      'ERR_CSRF_HEADER',
    ],
    ['no body, no X-CSRF', { 'sec-fetch-site': 'same-origin' }, 'ERR_CSRF_HEADER'],
  ])('%s', (_name, headers: Record<string, string>, expected) => {
    expect(outcome(headers)).toBe(expected);
  });
});
