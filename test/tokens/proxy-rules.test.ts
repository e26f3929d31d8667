import { AppError } from '../../src/errors';
import { type ProxyOptions, readProxyRules } from '../../src/tokens/apis';

const rules = (options: ProxyOptions = {}) => readProxyRules('apis.orders.proxy', options);

/** `allowed`, or the code of the refusal. */
function outcome(path: string, paths?: readonly string[]): string {
  try {
    rules(paths === undefined ? {} : { paths }).requirePath(path);
    return 'allowed';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

describe('a path of a proxy', () => {
  it.each([
    '',
    '/',
    '/orders',
    '/orders/',
    '/a/b/c',
    '/caf%C3%A9',
    '/a%20b',
    '/a;v=1',
    '/a.b/...',
    "/O'Neil",
  ])('may be %j where no path is excluded', (path) => {
    expect(outcome(path)).toBe('allowed');
  });

  it.each([
    '/..',
    '/orders/../admin',
    '/orders/%2e%2e/admin',
    '/orders/%2E./admin',
    '/orders/..%2fadmin',
    '/orders/..%5cadmin',
    '/orders/..\\admin',
    '/orders/..;/admin',
    '/orders/..;a=b/admin',
    '/orders/..%20/admin',
    '/orders/.%20',
    '/orders/%252e%252e%252fadmin',
    '/orders/%25%32%65/admin',
    '//evil.example/',
    '/orders//admin',
    '/.',
    '/orders/a%2fb',
    '/orders/a%00b',
    '/orders/a%0d%0ab',
    '/orders/%ff',
    '/orders/%zz',
    'orders',
    '@evil.example/',
  ])('is refused when it is %j: servers do not agree on what it means', (path) => {
    expect(outcome(path)).toBe('ERR_BAD_REQUEST');
    expect(outcome(path, ['/orders/**'])).toBe('ERR_BAD_REQUEST');
  });

  const paths = ['/latest', '/orders/*', '/reports/**', '/by/*/name'];
  it.each([
    ['/latest', 'allowed'],
    ['/orders/7', 'allowed'],
    ['/orders/a%20b', 'allowed'],
    ['/reports/2026', 'allowed'],
    ['/reports/2026/1/', 'allowed'],
    ['/by/ada/name', 'allowed'],
    ['', 'ERR_NOT_FOUND'],
    ['/', 'ERR_NOT_FOUND'],
    ['/Latest', 'ERR_NOT_FOUND'],
    ['/latest/', 'ERR_NOT_FOUND'],
    ['/latest/7', 'ERR_NOT_FOUND'],
    ['/orders', 'ERR_NOT_FOUND'],
    ['/orders/', 'ERR_NOT_FOUND'],
    ['/orders/7/lines', 'ERR_NOT_FOUND'],
    ['/reports', 'ERR_NOT_FOUND'],
    ['/by/ada/age', 'ERR_NOT_FOUND'],
  ])('%j beside a list of paths is %s', (path, expected) => {
    expect(outcome(path, paths)).toBe(expected);
  });

  it('compares with what an encoded path means', () => {
    expect(outcome('/l%61test', ['/latest'])).toBe('allowed');
    expect(outcome('/%2a', ['/*'])).toBe('allowed');
  });
});

describe('the options of a proxy', () => {
  it.each([
    [
      'requestHeaders',
      'X-HTTP-Method-Override X-HTTP-Method X-Method-Override X-Original-URL X-Rewrite-URL',
    ],
    ['requestHeaders', 'X-Real-IP X-Client-IP Client-IP True-Client-IP'],
    ['responseHeaders', 'NEL Report-To Reporting-Endpoints Timing-Allow-Origin Accept-CH'],
    ['responseHeaders', 'X-Content-Type-Options Referrer-Policy Speculation-Rules Set-Login'],
  ])('cannot pass on, as %s, any of %s', (option, names) => {
    for (const name of names.split(' ')) {
      expect(() => readProxyRules('p', { [option]: [name] })).toThrow(
        `p.${option} cannot pass on ${name.toLowerCase()}`,
      );
    }
  });

  it.each<[string, object, RegExp]>([
    ['no method', { methods: [] }, /^apis\.orders\.proxy\.methods must be some of GET, HEAD/],
    ['CONNECT', { methods: ['CONNECT'] }, /methods must be/],
    ['a path without slash', { paths: ['latest'] }, /paths must be paths such as/],
    ['a path with dots', { paths: ['/a/../b'] }, /paths must be/],
    ['** in the middle', { paths: ['/a/**/b'] }, /paths must be/],
    ['an encoded path', { paths: ['/a%2fb'] }, /paths must be/],
    ['cookies', { requestHeaders: ['Cookie'] }, /requestHeaders cannot pass on cookie/],
    ['tokens', { requestHeaders: ['Authorization'] }, /cannot pass on authorization/],
    [
      'a length of its own',
      { requestHeaders: ['Content-Length'] },
      /cannot pass on content-length/,
    ],
    ['another sender', { requestHeaders: ['X-Forwarded-For'] }, /cannot pass on x-forwarded-for/],
    ['cookies of the API', { responseHeaders: ['Set-Cookie'] }, /cannot pass on set-cookie/],
    [
      'rights for other origins',
      { responseHeaders: ['Access-Control-Allow-Origin'] },
      /cannot pass on access-control-allow-origin/,
    ],
    ['a dialog for a password', { responseHeaders: ['WWW-Authenticate'] }, /www-authenticate/],
    ['what is no header', { responseHeaders: ['a b'] }, /must be names of headers/],
    ['a limit that is none', { maxBodyBytes: Number.NaN }, /must be a whole number of bytes/],
  ])('cannot be %s', (_what, options, message) => {
    expect(() => rules(options)).toThrow(TypeError);
    expect(() => rules(options)).toThrow(message);
  });

  it('pass on the usual headers, and those that are named, in any case', () => {
    const { requestHeaders, responseHeaders } = rules({
      requestHeaders: ['X-Tenant'],
      responseHeaders: ['OData-Version'],
    });
    expect(['content-type', 'x-tenant', 'cookie'].map((name) => requestHeaders.has(name))).toEqual([
      true,
      true,
      false,
    ]);
    expect(
      ['etag', 'odata-version', 'set-cookie'].map((name) => responseHeaders.has(name)),
    ).toEqual([true, true, false]);
  });
});
