import { AppError } from '../../src/errors';
import { createProxyFunctions, readProxyRules } from '../../src/functions/api-proxy';
import { declareApis, type ProxyOptions } from '../../src/tokens/apis';
import { createApis } from '../../src/tokens/call-api';
import { failureOf } from '../support/auth-fixture';
import { type ContextFixture, createContextFixture, testSite } from '../support/context-fixture';
import { paths } from '../support/tiny-provider';

let fixture: ContextFixture;
beforeAll(async () => {
  fixture = await createContextFixture({ SESSION_IDLE_SECONDS: '600' });
});
afterAll(() => fixture.stop());

const scopes = ['api://orders/Read'];

/** What the proxy of an API throws for a request of a signed-in user without roles. */
async function refusal(options: ProxyOptions = {}, baseUrl?: string) {
  const apis = declareApis({ orders: { baseUrl, scopes, proxy: options } });
  const [served] = createProxyFunctions(apis, testSite);
  const { cookie } = await fixture.signIn();
  // Past half of the idle time.
  fixture.now += 400;
  const headers = { cookie, 'x-csrf': '1', 'sec-fetch-site': 'same-origin' };
  const context = fixture.context('/api/orders/latest?asApp=true', {
    headers: { ...headers, 'x-as-app': 'true', authorization: 'Bearer x' },
  });
  const services = { ...context.services, apis: createApis(apis, () => fixture.now) };
  return failureOf(Promise.resolve(served?.any?.({ ...context, services })));
}

describe('the proxy of an API', () => {
  it('can ask for a role', async () => {
    expect((await refusal({ roles: 'buyer' })).code).toBe('ERR_ROLE_MISSING');
    expect((await refusal()).code).not.toBe('ERR_ROLE_MISSING');
  });

  it('extends the session, unless it is told not to', async () => {
    const writesWith = async (options: ProxyOptions): Promise<number> => {
      const before = fixture.writes;
      await refusal(options);
      return fixture.writes - before;
    };
    expect((await writesWith({})) - (await writesWith({ slides: false }))).toBe(1);
  });

  it('calls for the person only: without their tokens nothing is sent, as the app neither', async () => {
    const { code } = await refusal({ requestHeaders: ['x-as-app'] }, 'https://orders.example');
    expect([code, fixture.tiny.count(paths.token)]).toEqual(['ERR_SIGNED_OUT', 0]);
  });

  it('names the API whose address is not set', async () => {
    expect(await refusal()).toMatchObject({ code: 'ERR_API_SETTINGS', api: 'orders' });
  });
});

describe('the scopes for which each sign-in asks consent', () => {
  it('are those of the APIs that say so', () => {
    const declared = declareApis({
      orders: { baseUrl: undefined, scopes, consentAtSignIn: true },
      people: { baseUrl: undefined, scopes: ['api://people/Read'] },
    });
    expect(createApis(declared, () => 0).consentScopes).toEqual(scopes);
  });
});

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
