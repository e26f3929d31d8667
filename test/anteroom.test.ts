import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  app as functionsApp,
  AppTerminateContext,
  type AppTerminateHandler,
  type HttpFunctionOptions,
  type HttpHandler,
  HttpRequest,
  HttpResponse,
  type HttpResponseInit,
  InvocationContext,
} from '@azure/functions';
import { type Anteroom, anteroom, servicesOrFaults } from '../src/anteroom';
import type { SignedInHandler } from '../src/handler';
import { type AnteroomOptions, readFunctionTimeout } from '../src/options';
import { testSite } from './support/context-fixture';
import { clientId, tenantId } from './support/tiny-provider';

const environment = {
  APP_BASE_URL: 'http://localhost:7071',
  ENTRA_TENANT_ID: tenantId,
  ENTRA_CLIENT_ID: clientId,
  ENTRA_CLIENT_SECRET: 'a-secret',
  TABLES_CONNECTION_STRING: 'UseDevelopmentStorage=true',
  KEY_RING_SECRET: Buffer.alloc(32, 7).toString('base64url'),
};

/** An app with the route prefix `api`, unless the options say something else. */
function make(options: AnteroomOptions = {}) {
  const one = anteroom({ environment, routePrefix: 'api', ...options });
  made.push(one);
  return one;
}

const made: Anteroom[] = [];

// Events are written after the answers, so they are still under way.
afterAll(async () => {
  const written = jest.spyOn(console, 'error').mockImplementation(() => undefined);
  for (const end of made.flatMap(endsOf)) await end(new AppTerminateContext());
  written.mockRestore();
});

/** What an anteroom does at an orderly end of the process. */
function endsOf(one: Anteroom): readonly AppTerminateHandler[] {
  const ends: AppTerminateHandler[] = [];
  const appTerminate = (end: AppTerminateHandler) => {
    ends.push(end);
    return { dispose: () => undefined };
  };
  const hook = { ...functionsApp.hook, appTerminate };
  one.register({ http: () => undefined, timer: () => undefined, hook });
  return ends;
}

const ours = { 'sec-fetch-site': 'same-origin', 'x-csrf': '1' };

async function ask(
  handler: HttpHandler,
  headers: Record<string, string> = ours,
): Promise<HttpResponseInit> {
  const request = new HttpRequest({ method: 'GET', url: 'http://10.0.0.1/api/reports', headers });
  const invocation = new InvocationContext({ functionName: 'test', logHandler: () => undefined });
  return await handler(request, invocation);
}

const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' };

/** Where a browser that is signed out goes from a guarded page. */
async function loginOf(options: AnteroomOptions): Promise<string | null> {
  const answer = await ask(
    make(options).signedIn(() => ({})),
    page,
  );
  return new Headers(answer.headers).get('location');
}

function routesOf(options: AnteroomOptions): string[] {
  const routes: string[] = [];
  const app = {
    http: (_name: string, { route = '' }: HttpFunctionOptions) => routes.push(route),
    timer: () => undefined,
  };
  make(options).register(app);
  return routes;
}

describe('at an orderly end of the process', () => {
  it('what waits is written, where the app has hooks', async () => {
    make().register({ http: () => undefined, timer: () => undefined });
    const [end, another] = endsOf(make());
    await expect(end?.(new AppTerminateContext())).resolves.toBeUndefined();
    expect(another).toBeUndefined();
  });
});

describe('the options of anteroom', () => {
  it.each(['api', '/api', 'api/', '/api/'])(
    'take the route prefix %s as the host does',
    async (routePrefix) => {
      expect(await loginOf({ routePrefix })).toBe(
        'http://localhost:7071/api/auth/login?return_to=%2Fapi%2Freports',
      );
    },
  );

  it.each(['', '/'])('take %j as no route prefix', async (routePrefix) => {
    expect(await loginOf({ routePrefix })).toMatch(/^http:\/\/localhost:7071\/auth\/login\?/);
  });

  it.each(['api\\x', 'api?x', 'a pi', 'api/{tenant}', 'api//v1', '../api'])(
    'refuse the route prefix %j, which would lead our links elsewhere',
    (routePrefix) => {
      expect(() => make({ routePrefix })).toThrow(/^routePrefix must be/);
    },
  );

  it.each([
    'hello',
    '.evil.example/',
    '@evil.example',
    '//evil.example',
    '/\\evil.example',
    'https://evil.example/',
    '',
  ])('refuse %j as the home page: people would be sent to another host', (homePath) => {
    expect(() => make({ homePath })).toThrow(/^homePath must be/);
  });

  it.each(['/api/auth/login', '/API/auth/Logout', '/api/x/../auth/redirect'])(
    'refuse the home page %s, where a sign-in would begin or end again',
    (homePath) => {
      expect(() => make({ homePath })).toThrow(/^homePath must be/);
    },
  );

  it.each(['/', '/api/hello', '/api/auth/me', '/app/?tab=1#top'])(
    'take %s as the home page',
    (homePath) => {
      expect(() => make({ homePath })).not.toThrow();
    },
  );

  it.each(['/health', 'admin/health', 'runtime', 'health/'])(
    'refuse the health route %s, as the host would once it is running',
    (healthRoute) => {
      expect(() => make({ healthRoute })).toThrow(/^healthRoute must be/);
    },
  );

  it.each<[Record<string, unknown>, string]>([
    [{ onSignin: () => undefined }, 'onSignin is not known'],
    [
      { apis: { orders: { baseUrl: 'https://a.example', proxi: true } } },
      'apis.orders.proxi is not known',
    ],
    [{ frontEnd: {} }, 'frontEnd.folder is missing'],
    [{ omit: ['console'] }, 'omit.0 must be a list of some of me, sessions, admin'],
    [{ basePath: 7 }, 'basePath must be a text'],
    [{ brand: null }, 'brand must be an object'],
  ])('refuse %j, and name what is wrong', (options, message) => {
    expect(() => make(options)).toThrow(new TypeError(message));
  });

  it.each(['onSignIn', 'onSignOut'])('refuse %s that is no function', (name) => {
    const options = { [name]: 'a text' } as AnteroomOptions;
    expect(() => make(options)).toThrow(new TypeError(`${name} must be a function`));
  });

  it('refuse the name of a group, where an id is needed', () => {
    expect(() => make({ groupRoles: { Editors: 'editor' } })).toThrow(
      'groupRoles: Editors is not the id of a group',
    );
  });

  it('add the function for all other addresses only when they ask for it, under the last name', () => {
    expect(routesOf({})).not.toContain('{*path}');
    const named: [string, string | undefined][] = [];
    make({ notFoundPage: true }).register({
      http: (name, { route }) => named.push([name, route]),
      timer: () => undefined,
    });
    expect(named.at(-1)).toEqual(['zzzz-everything-else', '{*path}']);
  });

  it('stand health where they say', () => {
    expect(routesOf({ healthRoute: 'status/health' })).toContain('status/health');
    expect(routesOf({ basePath: 'sign-in' })).toContain('sign-in/health');
  });
});

describe('an app that takes bearer tokens', () => {
  const challengeUnder = async (routePrefix: string) => {
    const auth = make({
      routePrefix,
      environment: { ...environment, API_AUDIENCE: 'api://reports/' },
    });
    const answer = await ask(auth.withScope('Reports.Read', () => ({})));
    return new Headers(answer.headers).get('www-authenticate');
  };

  it('names its metadata where the host serves them: below the route prefix', async () => {
    const rest = '/.well-known/oauth-protected-resource/api/reports"';
    const scope = 'Bearer scope="api://reports/Reports.Read", resource_metadata=';
    expect(await challengeUnder('api')).toBe(`${scope}"http://localhost:7071/api${rest}`);
    expect(await challengeUnder('')).toBe(`${scope}"http://localhost:7071${rest}`);
    expect(routesOf({})).toContain('.well-known/oauth-protected-resource/{*path}');
  });
});

describe('host.json', () => {
  const before = process.cwd();
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'host-json-'));
    process.chdir(folder);
  });
  afterEach(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  });

  const loginUnder = async (hostJson: string) => {
    writeFileSync('host.json', hostJson);
    const auth = anteroom({ environment });
    const answer = await ask(
      auth.signedIn(() => ({})),
      page,
    );
    return new URL(new Headers(answer.headers).get('location') ?? '').pathname;
  };

  it.each([
    ['without a prefix', '{ "version": "2.0" }', '/api/auth/login'],
    ['with one', '{ "extensions": { "http": { "routePrefix": "/v1/" } } }', '/v1/auth/login'],
    ['with none', '{ "extensions": { "http": { "routePrefix": "" } } }', '/auth/login'],
    [
      'with comments and last commas',
      '// "a"\n{ /* b */ "note": "https://a/*", "extensions": { "http": { "routePrefix": "v1", }, }, }',
      '/v1/auth/login',
    ],
    [
      'as Visual Studio saves it, with a byte order mark',
      '\uFEFF{ "extensions": { "http": { "routePrefix": "v1" } } }',
      '/v1/auth/login',
    ],
  ])('%s is understood as the host does', async (_name, text, path) => {
    expect(await loginUnder(text)).toBe(path);
  });

  it.each([
    ['{ "functionTimeout": "00:01:30" }', 90],
    ['{ "functionTimeout": "0:02" }', 120],
    ['{ "functionTimeout": "-1" }', Infinity],
    ['{ "functionTimeout": "01:00:00" }', Infinity],
    ['{ "functionTimeout": "1.00:01:00" }', Infinity],
    ['{ "functionTimeout": null }', Infinity],
    ['{}', Infinity],
    ['no JSON', Infinity],
  ])('%s: the sweep may take %d seconds', (text, seconds) => {
    writeFileSync('host.json', text);
    expect(readFunctionTimeout()).toBe(seconds);
  });

  it('may be missing where routePrefix is given', () => {
    expect(readFunctionTimeout()).toBe(Infinity);
  });

  it('gives way to the app setting', () => {
    writeFileSync('host.json', '{ "functionTimeout": "00:01:30" }');
    process.env['AzureFunctionsJobHost__functionTimeout'] = '00:00:20';
    try {
      expect(readFunctionTimeout()).toBe(20);
    } finally {
      delete process.env['AzureFunctionsJobHost__functionTimeout'];
    }
  });
});

describe('declared APIs', () => {
  const apis = { orders: { baseUrl: undefined, scopes: ['api://orders/Read'], proxy: true } };

  it.each([
    ['api', 'orders/{*path}'],
    ['team/api', 'orders/{*path}'],
    ['', 'api/orders/{*path}'],
    ['v1', 'api/orders/{*path}'],
  ])('below the route prefix %j have the proxy %s', (routePrefix, route) => {
    const more = routesOf({ routePrefix, apis });
    expect(more.filter((each) => !routesOf({ routePrefix }).includes(each))).toEqual([route]);
  });

  it('are refused when the host would refuse the route of their proxy', () => {
    expect(() => make({ apis: { 'admin-api': apis.orders } })).toThrow(
      /begins with admin or runtime/,
    );
    expect(() => make({ apis: { Orders: apis.orders } })).toThrow(TypeError);
    expect(() => make({ apis: { auth: apis.orders } })).toThrow(/path of the sign-in/);
    expect(() => make({ apis: { auth: apis.orders }, basePath: 'authentication' })).not.toThrow();
  });

  it('without an address are no fault of the app: other functions answer', async () => {
    const handler = make({ apis }).sameOrigin(() => ({ status: 204 }));
    expect(await ask(handler)).toMatchObject({ status: 204 });
  });

  it('are the names that callApi takes, to TypeScript', () => {
    const auth = anteroom({ environment, routePrefix: 'api', apis });
    auth.signedIn((_request, { callApi }) => callApi('orders', '/latest'));
    auth.signedIn((_request, { callApi }) => callApi('graph', '/me'));
    // @ts-expect-error -- no such API is declared
    auth.signedIn((_request, { callApi }) => callApi('invoices', '/latest'));
    // A handler that stands apart may name any.
    const apart: SignedInHandler = (_request, { callApi }) => callApi('anything', '/');
    auth.signedIn(apart);
    const plain = anteroom({ environment, routePrefix: 'api' });
    // @ts-expect-error -- only graph is there
    plain.signedIn((_request, { accessToken }) => accessToken('orders').then(() => ({})));
    expect(auth).toBeDefined();
  });
});

describe('what a handler gives', () => {
  const answerTo = (answer: unknown) =>
    ask(make().sameOrigin((() => answer) as unknown as HttpHandler));

  it('may be nothing: 204, as without a guard', async () => {
    expect(await answerTo(undefined)).toMatchObject({ status: 204 });
  });

  it.each(['a text', 42, true])(
    'is 500 for %j, of which the host can make no answer',
    async (answer) => {
      expect(await answerTo(answer)).toMatchObject({ status: 500 });
    },
  );

  it.each([
    ['Response', () => new Response('a')],
    ['HttpResponse', () => new HttpResponse({ body: 'a' })],
  ])('is 500 for a %s whose body was read already', async (_name, create) => {
    const answer = create();
    await answer.text();
    expect(await answerTo(answer)).toMatchObject({ status: 500 });
  });

  it('may be a Response of its own, with all its headers', async () => {
    const answer = await answerTo(
      new Response(null, { status: 302, headers: { Location: '/api/hello', 'X-Own': '1' } }),
    );
    const headers = new Headers(answer.headers);
    expect([answer.status, headers.get('location'), headers.get('x-own')]).toEqual([
      302,
      '/api/hello',
      '1',
    ]);
  });
});

describe('the answer of an API, passed on', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** As `fetch` gives it: it has an address. */
  async function passedOn(
    body: ReadableStream<Uint8Array> | string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number | undefined; headers: Headers; text: string }> {
    const fetched = Object.defineProperty(new Response(body, { headers }), 'url', {
      value: 'https://a.example/',
    });
    const handler = () => fetched as unknown as HttpResponseInit;
    const answer = await ask(make().sameOrigin(handler));
    const whole = new Response(answer.body as Uint8Array<ArrayBuffer>);
    return {
      status: answer.status,
      headers: new Headers(answer.headers),
      text: await whole.text(),
    };
  }

  it('is an error when its body comes to a halt: the invocation would not end otherwise', async () => {
    let reason: unknown;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(Buffer.from('{"value":['));
      },
      cancel: (given) => {
        reason = given;
      },
    });
    const answer = passedOn(body);
    await jest.advanceTimersByTimeAsync(8_500);
    const { status, text } = await answer;
    expect([status, JSON.parse(text)]).toEqual([
      503,
      expect.objectContaining({ code: 'ERR_DEADLINE' }),
    ]);
    expect(reason).toMatchObject({ code: 'ERR_DEADLINE' });
  });

  it('has no part in this site, whatever it is: a form in it would send our cookies', async () => {
    const policy = async (type: string) =>
      (await passedOn('<form>', { 'content-type': type })).headers.get('content-security-policy');
    for (const type of [
      'text/html',
      'Text/HTML',
      'image/svg+xml',
      'text/xml',
      'application/json',
    ]) {
      expect(await policy(type)).toMatch(/default-src 'none'.*form-action 'none'; sandbox$/);
    }
    // Browsers show no PDF file in a sandbox.
    for (const type of ['application/pdf', 'Application/PDF; a=b']) {
      expect(await policy(type)).toMatch(/^default-src 'none'; .*base-uri 'none'$/);
    }
    expect(await policy('application/pdfx')).toContain('sandbox');
  });

  it('brings no cookies, no rights for other origins, and no word about how it was sent', async () => {
    const theirs = {
      'access-control-allow-origin': '*',
      'content-encoding': 'gzip',
      'content-length': '9',
      'set-cookie': 'theirs=1',
    };
    const type = 'text/csv; charset=utf-8';
    const { headers } = await passedOn('a', { ...theirs, 'content-type': type });
    expect(headers.get('content-type')).toBe(type);
    for (const name of Object.keys(theirs)) expect(headers.has(name)).toBe(false);
    // A handler may make a response of its own from one of `fetch`, with all headers.
    const copied = await ask(make().sameOrigin(() => new Response('a', { headers: theirs })));
    expect([...new Headers(copied.headers).keys()]).toContain('access-control-allow-origin');
    for (const name of ['content-encoding', 'content-length', 'set-cookie']) {
      expect(new Headers(copied.headers).has(name)).toBe(false);
    }
  });

  it('has headers in ASCII alone: with others the host answers an empty 500', async () => {
    const { headers } = await passedOn('a', {
      'content-disposition': 'attachment; filename="K\u00e4se.txt"',
    });
    expect(headers.get('content-disposition')).toBe('attachment; filename="K_se.txt"');
  });

  it('may take long as a whole', async () => {
    let count = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        await new Promise((resolve) => setTimeout(resolve, 5_000));
        count += 1;
        if (count === 4) controller.close();
        else controller.enqueue(Buffer.from(String(count)));
      },
    });
    const answer = passedOn(body);
    await jest.advanceTimersByTimeAsync(20_000);
    expect((await answer).text).toBe('123');
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('withRole', () => {
  it.each([[[]], [''], [undefined], [['reader', '']]])(
    'refuses %j at once: nobody could pass',
    (roles) => {
      expect(() => make().withRole(roles as string, () => ({}))).toThrow(/^withRole needs/);
    },
  );
});

describe('the start', () => {
  it('loads MSAL only when a token is needed', async () => {
    await jest.isolateModulesAsync(async () => {
      const load = jest.fn(() => jest.requireActual<object>('@azure/msal-node'));
      jest.doMock('@azure/msal-node', load);
      const fresh = await import('../src/anteroom');
      const auth = fresh.anteroom({ environment, routePrefix: '' });
      const answer = await ask(auth.signedIn(() => ({})));
      expect(answer.status).toBe(401);
      expect(load).not.toHaveBeenCalled();
      const { loadMsal } = await import('../src/entra/msal');
      await loadMsal();
      expect(load).toHaveBeenCalledTimes(1);
    });
  });
});

const accountKey = Buffer.alloc(64, 5).toString('base64');

describe('servicesOrFaults', () => {
  it.each([
    [
      'without its protocol, which only the client of the table finds',
      'TableEndpoint=https://abc.table.core.windows.net',
    ],
    [
      'over http to a host of Azure',
      'DefaultEndpointsProtocol=http;TableEndpoint=http://abc.table.core.windows.net',
    ],
    ['to another host', 'DefaultEndpointsProtocol=https;TableEndpoint=https://contoso.com'],
  ])('says what a connection string must be, for one %s', (_name, endpoint) => {
    const made = servicesOrFaults(
      {
        ...environment,
        TABLES_CONNECTION_STRING: `${endpoint};AccountName=abc;AccountKey=${accountKey}`,
      },
      testSite,
    );
    expect(made).toMatchObject({
      site: testSite,
      faults: [
        {
          name: 'TABLES_CONNECTION_STRING',
          fault:
            'must be a whole connection string of Azure Storage, as the portal shows it, over https (http on loopback only)',
        },
      ],
    });
  });

  it('says that Node is too old before anything else fails, with an untrue reason', () => {
    const { versions } = process;
    const become = (value: NodeJS.ProcessVersions) =>
      Object.defineProperty(process, 'versions', { value, configurable: true });
    become({ ...versions, node: '20.20.2' });
    try {
      expect(servicesOrFaults({}, testSite)).toMatchObject({
        faults: [{ name: 'Node.js', fault: 'is 20.20.2, and the app needs 22 or newer' }],
      });
    } finally {
      become(versions);
    }
  });

  it('makes services without a connection to anything', () => {
    const made = servicesOrFaults(
      {
        ...environment,
        TABLES_CONNECTION_STRING: `DefaultEndpointsProtocol=http;AccountName=abc;AccountKey=${accountKey};TableEndpoint=http://127.0.0.1:1/abc`,
      },
      testSite,
    );
    expect('faults' in made ? made.faults : made.settings.baseUrl).toBe('http://localhost:7071');
  });
});

describe('at an orderly end of the process', () => {
  it('events that wait are written, or at least tried, and so are latencies', async () => {
    const written = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    try {
      const one = make();
      const handlers = new Map<string, HttpHandler>();
      const http = (name: string, { handler }: HttpFunctionOptions) => handlers.set(name, handler);
      one.register({ http, timer: () => undefined });
      const url = 'http://10.0.0.1/api/auth/redirect?hop=1&code=a&state=b';
      const invocation = new InvocationContext({ logHandler: () => undefined });
      await handlers.get('auth-redirect')?.(new HttpRequest({ method: 'GET', url }), invocation);
      const [end] = endsOf(one);
      // The first writes events, and nobody is there who takes them. The second says how long that took.
      await end?.(new AppTerminateContext());
      await end?.(new AppTerminateContext());
      const events = written.mock.calls.map(([line]) => JSON.parse(String(line)) as unknown);
      expect(events).toContainEqual(expect.objectContaining({ event: 'activity trouble' }));
      expect(events).toContainEqual(expect.objectContaining({ event: 'latency', what: 'storage' }));
    } finally {
      written.mockRestore();
    }
  });
});
