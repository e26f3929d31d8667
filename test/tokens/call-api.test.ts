import type { IncomingMessage, ServerResponse } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { AppError } from '../../src/errors';
import { type ApiOptions, type ApiRequest, declareApis } from '../../src/tokens/apis';
import { type CallerParts, createApiCaller, createApis } from '../../src/tokens/call-api';
import { failureOf, longEnough } from '../support/auth-fixture';
import { whileAnswering } from '../support/answering-server';

const scopes = ['api://orders/Orders.Read'];
const token = 'token-of-ada';

interface Met {
  readonly headers: IncomingMessage['headers'];
  readonly line: string;
  readonly body: string;
}

type Listener = (request: IncomingMessage, response: ServerResponse, met: Met) => void;

const answerOk: Listener = (_request, response) => response.end('{}');

interface Work {
  readonly options?: Partial<ApiOptions>;
  readonly parts?: Partial<CallerParts>;
  readonly listener?: Listener;
  readonly now?: { seconds: number };
}

/** Calls the API `orders` below `/v1`. Gives what the work gives, and every request that the API met. */
async function calling<Result>(
  { options, parts, listener = answerOk, now = { seconds: 1_800_000_000 } }: Work,
  work: (caller: ReturnType<typeof createApiCaller>, baseUrl: string) => Promise<Result>,
): Promise<{ readonly result: Result; readonly met: readonly Met[] }> {
  const met: Met[] = [];
  const result = await whileAnswering(
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const one = {
          headers: request.headers,
          line: `${request.method ?? ''} ${request.url ?? ''}`,
          body: Buffer.concat(chunks).toString('utf8'),
        };
        met.push(one);
        listener(request, response, one);
      });
    },
    (port) => {
      const baseUrl = `http://127.0.0.1:${port}/v1`;
      const declared = declareApis({ orders: { baseUrl, scopes, ...options } });
      const caller = createApiCaller({
        apis: createApis(declared, () => now.seconds),
        appTokens: {
          ofApp: ({ scope, claims }) => Promise.resolve(`app ${scope} ${claims ?? ''}`),
          onBehalfOf: () => Promise.reject(new Error('no assertion')),
        },
        userToken: () => Promise.resolve(token),
        trace: {},
        signal: longEnough(),
        ...parts,
      });
      return work(caller, baseUrl);
    },
  );
  return { result, met };
}

/** The status of the answer to one call, or the error; and what the API met. */
const call = (target: string, request?: ApiRequest, work: Work = {}) =>
  calling(work, ({ callApi }) =>
    callApi('orders', target, request).then(
      ({ status }) => status,
      (error: unknown) => error,
    ),
  );

/** What a promise is rejected with. */
const rejected = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );

const streamOf = (text: string) =>
  new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });

const challenge = (status: number): Listener => {
  const claims = Buffer.from('{"access_token":{"acrs":{"value":"c1"}}}').toString('base64');
  return (_request, response) => {
    response.writeHead(status, {
      'www-authenticate': `Bearer error="insufficient_claims", claims="${claims}"`,
    });
    response.end();
  };
};

describe('a call', () => {
  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])(
    'sends %s with the token of the user',
    async (method) => {
      const { result, met } = await call('/latest?a=1', { method, headers: { 'X-A': '1' } });
      expect(result).toBe(200);
      expect(met.map(({ line }) => line)).toEqual([`${method} /v1/latest?a=1`]);
      expect(met[0]?.headers).toMatchObject({ authorization: `Bearer ${token}`, 'x-a': '1' });
    },
  );

  it('asks for a token for the declared scopes, or for those of the call', async () => {
    const asked: unknown[] = [];
    const userToken = (wanted?: readonly string[]) => {
      asked.push(wanted);
      return Promise.resolve(token);
    };
    await call('/latest', {}, { parts: { userToken } });
    await call('/latest', { scopes: ['api://orders/Orders.Write'] }, { parts: { userToken } });
    expect(asked).toEqual([scopes, ['api://orders/Orders.Write']]);
  });

  const form = new FormData();
  form.set('field', 'of a form');
  it.each<[string, ApiRequest['body'], RegExp, string]>([
    ['a text', 'a text', /^a text$/, 'text/plain;charset=UTF-8'],
    ['fields', new URLSearchParams({ a: '1' }), /^a=1$/, 'application/x-www-form-urlencoded'],
    ['a form', form, /name="field"\r\n\r\nof a form/, 'multipart/form-data'],
    ['a stream', streamOf('a stream'), /^a stream$/, ''],
  ])('sends %s', async (_name, body, text, type) => {
    const { met } = await call('/orders', { method: 'POST', body: body ?? null });
    expect(met[0]?.body).toMatch(text);
    expect(met[0]?.headers['content-type'] ?? '').toContain(type);
    // The boundary in the header is the one in the body.
    const boundary = /boundary=(.*)/.exec(met[0]?.headers['content-type'] ?? '')?.[1] ?? '';
    expect(met[0]?.body).toContain(boundary);
  });

  it('takes a Request and an absolute address below the base URL, as of a next page', async () => {
    const { result, met } = await calling({}, async ({ callApi }, baseUrl) => {
      const request = new Request(`${baseUrl}/orders`, { method: 'PUT', body: 'one' });
      const first = await callApi('orders', request);
      const second = await callApi('orders', `${baseUrl}/orders?page=2`);
      return [first.status, second.status];
    });
    expect(result).toEqual([200, 200]);
    expect(met.map(({ line, body }) => `${line} ${body}`)).toEqual([
      'PUT /v1/orders one',
      'GET /v1/orders?page=2 ',
    ]);
  });

  it('sends the headers that join logs, unless the handler sends its own', async () => {
    const trace = { traceparent: '00-a-b-01', 'client-request-id': 'invocation-1' };
    const { met } = await call(
      '/latest',
      { headers: { 'Client-Request-Id': 'mine' } },
      { parts: { trace } },
    );
    expect(met[0]?.headers).toMatchObject({
      traceparent: '00-a-b-01',
      'client-request-id': 'mine',
    });
  });

  it.each(['Authorization', 'authorization', 'AUTHORIZATION'])(
    'sends our token alone where the handler gives a header %s of its own',
    async (name) => {
      const { met } = await call('/me', { headers: { [name]: 'Basic YTpi' } });
      expect(met[0]?.headers.authorization).toBe(`Bearer ${token}`);
    },
  );

  it.each([
    'me',
    '.evil.example/me',
    '@evil.example/me',
    '/../beta/me',
    '/users/../../beta/me',
    '/users/%2e%2e/%2E%2E/beta/me',
    '/users\\..\\..\\beta',
    '/.\t./beta',
    'https://evil.example/v1/me',
    'http://127.0.0.1.evil.example/v1/me',
  ])('sends nothing to %j, which is not below the base URL', async (path) => {
    const { result, met } = await call(path);
    expect(result).toMatchObject({ name: 'TypeError' });
    expect(met).toEqual([]);
  });

  it('sends nothing to an address that only begins like the base URL', async () => {
    const { result, met } = await calling({}, async ({ callApi }, baseUrl) => {
      const near = [`${baseUrl}beta/me`, baseUrl.replace('//', '//a:b@')];
      const failures = near.map((address) => rejected(callApi('orders', address)));
      return Promise.all(failures);
    });
    expect(result).toMatchObject([{ name: 'TypeError' }, { name: 'TypeError' }]);
    expect(met).toEqual([]);
  });

  it.each([
    ['//evil.example/me', '/v1//evil.example/me'],
    ['/users/..%2fbeta?$select=a/../b', '/v1/users/..%2fbeta?$select=a/../b'],
  ])('keeps %s below the base URL', async (path, sent) => {
    expect((await call(path)).met.map(({ line }) => line)).toEqual([`GET ${sent}`]);
  });

  it.each<[string, ApiRequest]>([
    ['a header that cannot be sent', { headers: { 'X-A': 'a\r\nX-B: c' } }],
    ['a method that is none', { method: 'GE T' }],
    ['a body with GET', { body: '{}' }],
    ['a stream with GET', { body: streamOf('{}') }],
  ])('does not blame the API for %s', async (_name, request) => {
    const { result, met } = await call('/me', request);
    expect(result).toMatchObject({ name: 'TypeError' });
    expect(met).toEqual([]);
  });

  it('knows only declared names', async () => {
    const { result } = await calling({}, ({ callApi }) => rejected(callApi('nope', '/')));
    expect(result).toMatchObject({ name: 'TypeError', message: /no API is named "nope"/ });
  });

  it.each([
    undefined,
    '',
    ' ',
    'orders.example',
    'http://orders.example',
    'https://a.example/?b=c',
  ])(
    'answers with the name of the API where its address is %j, and sends nothing',
    async (baseUrl) => {
      const { result, met } = await call('/latest', {}, { options: { baseUrl } });
      expect(result).toMatchObject({ code: 'ERR_API_SETTINGS', status: 503, api: 'orders' });
      expect((result as AppError).note).toMatch(
        /^apis\.orders\.baseUrl (is not set|must be an https)/,
      );
      expect(met).toEqual([]);
    },
  );
});

describe('an answer', () => {
  it.each([400, 401, 403, 404, 409, 500, 502])('of %d is the API’s own', async (status) => {
    const listener: Listener = (_request, response) => {
      response.writeHead(status, { 'www-authenticate': 'Bearer error="insufficient_scope"' });
      response.end('why');
    };
    const { result } = await calling({ listener }, async ({ callApi }, baseUrl) => {
      const answer = await callApi('orders', '/latest');
      return [answer.status, answer.url === `${baseUrl}/latest`, await answer.text()];
    });
    expect(result).toEqual([status, true, 'why']);
  });

  describe('of 401, where another token may help,', () => {
    const askedWith: (string | undefined)[] = [];
    const userToken = (_scopes?: readonly string[], refused?: string) => {
      askedWith.push(refused);
      return Promise.resolve(refused === undefined ? 'old' : 'new');
    };
    const onlyNew: Listener = (request, response) => {
      response.writeHead(request.headers.authorization === 'Bearer new' ? 200 : 401).end();
    };
    const bodies = (met: readonly Met[]) =>
      met.map(({ headers, body }) => [headers.authorization, body]);
    beforeEach(() => askedWith.splice(0));

    it('is asked for once more, with the same body', async () => {
      const request = { method: 'POST', body: 'a text' };
      const work = { listener: onlyNew, parts: { userToken } };
      const { result, met } = await call('/orders', request, work);
      expect([result, askedWith]).toEqual([200, [undefined, 'old']]);
      expect(bodies(met)).toEqual([
        ['Bearer old', 'a text'],
        ['Bearer new', 'a text'],
      ]);
    });

    it('is the API’s own after the second try', async () => {
      const listener: Listener = (_request, response) => response.writeHead(401).end();
      const { result, met } = await call('/orders', {}, { listener, parts: { userToken } });
      expect([result, met.length]).toEqual([401, 2]);
    });

    it('is the API’s own for a stream, which cannot be sent again', async () => {
      const request = { method: 'POST', body: streamOf('a text') };
      const work = { listener: onlyNew, parts: { userToken } };
      const { result, met } = await call('/orders', request, work);
      expect([result, met.length, askedWith]).toEqual([401, 1, [undefined]]);
    });
  });

  it.each([302, 307, 308])(
    'that redirects by %d is not followed: the token would go along',
    async (status) => {
      let followed = 0;
      const outcome = await whileAnswering(
        (_request, response) => {
          followed += 1;
          response.end();
        },
        (port) =>
          call(
            '/latest',
            {},
            {
              listener: (_request, response) => {
                response.writeHead(status, { location: `http://127.0.0.1:${port}/` });
                response.end();
              },
            },
          ),
      );
      expect([outcome.result, followed]).toEqual([status, 0]);
    },
  );

  it('and its copies say where they come from, so that only some of their headers are passed on', async () => {
    const { result } = await calling({}, async ({ callApi }, baseUrl) => {
      const answer = await callApi('orders', '/latest');
      const copies = [answer.clone(), answer.clone().clone()];
      const texts = await Promise.all([answer, ...copies].map((one) => one.text()));
      return [copies.map(({ url }) => url.slice(baseUrl.length)), texts];
    });
    expect(result).toEqual([
      ['/latest', '/latest'],
      ['{}', '{}', '{}'],
    ]);
  });

  it.each([
    ['a page', 200, '<!doctype html>'],
    ['half of it', 200, '{"value":['],
    ['nothing', 204, ''],
  ])('that has %s in place of JSON is an error of the API', async (_what, status, body) => {
    const listener: Listener = (_request, response) => {
      response.writeHead(status).end(body);
    };
    const { result } = await calling({ listener }, async ({ callApi }) => {
      const answer = await callApi('orders', '/latest');
      return Promise.all([rejected(answer.clone().json()), rejected(answer.json())]);
    });
    const expected = { code: 'ERR_API_REFUSED', api: 'orders' };
    expect(result).toEqual([expect.objectContaining(expected), expect.objectContaining(expected)]);
  });

  it.each([600, 999])('with the status %d is an error: no answer can have it', async (status) => {
    const listener: Listener = ({ socket }) => {
      socket.end(`HTTP/1.1 ${status} Odd\r\nContent-Length: 2\r\n\r\nno`);
    };
    const { result } = await call('/latest', {}, { listener });
    expect(result).toMatchObject({ code: 'ERR_API_REFUSED', api: 'orders' });
  });

  it('that redirects a stream is an error: the stream cannot be sent again', async () => {
    const listener: Listener = (_request, response) => {
      response.writeHead(307, { location: '/elsewhere' });
      response.end();
    };
    const { result } = await call('/x', { method: 'PUT', body: streamOf('a') }, { listener });
    expect(result).toMatchObject({ code: 'ERR_API_REFUSED', api: 'orders' });
  });

  it.each([401, 403])('with a claims challenge, status %d, is a step-up', async (status) => {
    const { result } = await call('/latest', {}, { listener: challenge(status) });
    expect(result).toMatchObject({
      code: 'ERR_STEP_UP',
      api: 'orders',
      stepUp: { scopes, claims: '{"access_token":{"acrs":{"value":"c1"}}}' },
    });
  });

  const busyOnce = (status: number, retryAfter?: string): Listener => {
    let asked = 0;
    return (_request, response) => {
      asked += 1;
      response.writeHead(asked === 1 ? status : 200, {
        ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
      });
      response.end();
    };
  };

  it.each([429, 503])(
    'of %d with a short time is asked for again, with its body',
    async (status) => {
      const request = { method: 'POST', body: 'once more' };
      const { result, met } = await call('/orders', request, { listener: busyOnce(status, '0') });
      expect([result, met.map(({ body }) => body)]).toEqual([200, ['once more', 'once more']]);
    },
  );

  it('of 503 is the answer where the body was a stream, which cannot be sent again', async () => {
    const request = { method: 'POST', body: streamOf('once') };
    const { result, met } = await call('/orders', request, { listener: busyOnce(503, '0') });
    expect([result, met.length]).toEqual([503, 1]);
  });

  it('with a long time is given on, and the API is left alone until then', async () => {
    const now = { seconds: 1_800_000_000 };
    const { result, met } = await calling(
      { now, listener: busyOnce(429, '60') },
      async ({ callApi }) => {
        const first = await callApi('orders', '/latest');
        now.seconds += 20;
        const second = await failureOf(callApi('orders', '/latest?again=1'));
        const other = await callApi('orders', '/other');
        now.seconds += 40;
        const third = await callApi('orders', '/latest');
        return [first.status, second.note, second.retryAfterSeconds, other.status, third.status];
      },
    );
    const note = 'orders asked to wait before the next such GET';
    expect(result).toEqual([429, note, 40, 200, 200]);
    expect(met).toHaveLength(3);
  });

  it('that does not come before the deadline is an error that names the API', async () => {
    const signal = AbortSignal.timeout(50);
    const options = { parts: { signal }, listener: () => undefined };
    const { result } = await call('/of/ada@contoso.example', {}, options);
    expect(result).toMatchObject({ code: 'ERR_API_UNAVAILABLE', api: 'orders' });
    // The path may name a person, and the note goes to the log.
    expect((result as AppError).note).toBe('orders gave no answer to a GET');
  });

  it.each<[string, (baseUrl: string, signal: AbortSignal) => [string | Request, ApiRequest?]]>([
    ['call', (_baseUrl, signal) => ['/latest', { signal }]],
    ['Request', (baseUrl, signal) => [new Request(`${baseUrl}/latest`, { signal })]],
  ])('that the signal of the %s cuts off is an error that names the API', async (_what, make) => {
    const own = new AbortController();
    const hangs: Listener = () => {
      own.abort();
    };
    const { result, met } = await calling({ listener: hangs }, ({ callApi }, baseUrl) =>
      rejected(callApi('orders', ...make(baseUrl, own.signal))),
    );
    expect(result).toMatchObject({ code: 'ERR_API_UNAVAILABLE', api: 'orders' });
    expect(met).toHaveLength(1);
  });

  it('from nobody is an error that names the API', async () => {
    const { result } = await call('/latest', {}, { options: { baseUrl: 'http://127.0.0.1:9' } });
    expect(result).toMatchObject({ code: 'ERR_API_UNAVAILABLE', api: 'orders' });
  });

  const bodyFailure = (listener: Listener, options: Partial<ApiOptions> = {}, parts = {}) =>
    calling({ listener, options, parts }, async ({ callApi }) =>
      failureOf(callApi('orders', '/export').then((answer) => answer.text())),
    );

  it('that says it is too long is refused before its body is read', async () => {
    const says: Listener = (_request, response) => {
      response.writeHead(200, { 'content-length': '5' });
      response.flushHeaders();
    };
    const { result } = await bodyFailure(says, { maxAnswerBytes: 4 });
    expect(result).toMatchObject({ code: 'ERR_API_REFUSED', api: 'orders' });
  });

  it('that comes to a halt is an error that names the API', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const halts: Listener = (_request, response) => response.write('a part');
    const { result } = await calling({ listener: halts }, async ({ callApi }) => {
      const reader = (await callApi('orders', '/export')).body?.getReader();
      await reader?.read();
      const rest = rejected(reader?.read() ?? Promise.resolve());
      await jest.advanceTimersByTimeAsync(8_500);
      return rest;
    });
    jest.useRealTimers();
    expect(result).toMatchObject({ code: 'ERR_API_UNAVAILABLE', api: 'orders' });
  });

  it('without end is cut off where it is too long, and its connection is closed', async () => {
    const closed = Promise.withResolvers<string>();
    const part = Buffer.alloc(64 * 1024);
    const endless: Listener = (_request, response) => {
      const more = (): void => {
        while (response.write(part));
      };
      response.on('drain', more);
      response.on('close', () => {
        closed.resolve('closed');
      });
      more();
    };
    const { result } = await bodyFailure(endless, { maxAnswerBytes: 1024 * 1024 });
    expect(result).toMatchObject({ code: 'ERR_API_REFUSED', api: 'orders' });
    expect(await closed.promise).toBe('closed');
  });

  it('that nobody reads gives its connection back, as with fetch', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    let open = 0;
    const endless: Listener = ({ socket }, response) => {
      open += 1;
      socket.once('close', () => (open -= 1));
      const part = Buffer.alloc(64 * 1024);
      const more = (): void => void response.write(part, more);
      more();
    };
    await calling({ listener: endless }, async ({ callApi }) => {
      for (let count = 0; count < 10; count += 1) await callApi('orders', '/export');
      expect(open).toBe(10);
      for (let turn = 0; turn < 200 && open > 0; turn += 1) {
        collectGarbage();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(open).toBe(0);
    });
  });

  it.each<[string, Listener]>([
    [
      'is shorter than its Content-Length',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('short');
        setImmediate(() => response.destroy());
      },
    ],
    [
      'is not in the coding that it says',
      (_request, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' });
        response.end('not gzip');
      },
    ],
  ])('whose body %s is an error that names the API', async (_name, listener) => {
    const { result } = await bodyFailure(listener);
    expect(result).toMatchObject({ code: 'ERR_API_UNAVAILABLE', api: 'orders' });
  });
});

describe('a call as the app', () => {
  it('sends the app’s own token, for everything of the API that it may do', async () => {
    const userToken = () => Promise.reject(new Error('nobody asks the user'));
    const { result, met } = await calling(
      { parts: { userToken } },
      async ({ callApi, accessToken }) => [
        (await callApi('orders', '/all', { asApp: true })).status,
        await accessToken('orders', { asApp: true }),
      ],
    );
    expect(result).toEqual([200, 'app api://orders/.default ']);
    expect(met[0]?.headers.authorization).toBe('Bearer app api://orders/.default');
  });

  it('meets a claims challenge by a new token, once, and sends no person anywhere', async () => {
    const asked: (string | undefined)[] = [];
    const { result, met } = await call(
      '/all',
      { asApp: true },
      {
        listener: challenge(401),
        parts: {
          appTokens: {
            ofApp: ({ claims }) => {
              asked.push(claims);
              return Promise.resolve('app');
            },
            onBehalfOf: () => Promise.reject(new Error('no assertion')),
          },
        },
      },
    );
    expect(result).toMatchObject({ code: 'ERR_API_REFUSED', api: 'orders' });
    expect(asked).toEqual([undefined, '{"access_token":{"acrs":{"value":"c1"}}}']);
    expect(met).toHaveLength(2);
  });
});

describe('accessToken', () => {
  it('takes a name, scopes, or nothing', async () => {
    const asked: unknown[] = [];
    const userToken = (wanted?: readonly string[]) => {
      asked.push(wanted);
      return Promise.resolve(token);
    };
    await calling({ parts: { userToken } }, async ({ accessToken }) => {
      await accessToken('orders');
      await accessToken(['api://other/Read']);
      await accessToken();
      const failed = rejected(accessToken(['api://other/Read'], { asApp: true }));
      expect(await failed).toBeInstanceOf(TypeError);
    });
    expect(asked).toEqual([scopes, ['api://other/Read'], undefined]);
  });
});

describe('a declaration', () => {
  const declare = (name: string, options: Partial<ApiOptions>) => () =>
    declareApis({ [name]: { baseUrl: 'https://orders.example', scopes, ...options } });

  it.each<[string, string, Partial<ApiOptions>, RegExp]>([
    ['a name with capitals', 'Orders', {}, /^apis: the name "Orders" must be/],
    ['an empty name', '', {}, /^apis: the name "" must be/],
    ['a name that leads elsewhere', '../a', {}, /must be lower-case/],
    ['graph', 'graph', {}, /declared already/],
    ['no scopes', 'orders', { scopes: [] }, /^apis\.orders\.scopes must be a list/],
    ['scopes in one text', 'orders', { scopes: ['a b'] }, /must be a list/],
    ['scopes of sign-in', 'orders', { scopes: ['openid'] }, /must not hold openid/],
    [
      'scopes of two APIs',
      'orders',
      { scopes: ['api://orders/Read', 'Mail.Read'] },
      /of one API, but they are of api:\/\/orders and Microsoft Graph/,
    ],
    [
      '.default beside another scope',
      'orders',
      { scopes: ['api://orders/Read', 'api://orders/.default'] },
      /^apis\.orders\.scopes must not have \.default beside others/,
    ],
    [
      'a limit that is none',
      'orders',
      { maxAnswerBytes: -1 },
      /maxAnswerBytes must be a whole number/,
    ],
  ])('with %s is refused', (_what, name, options, message) => {
    expect(declare(name, options)).toThrow(TypeError);
    expect(declare(name, options)).toThrow(message);
  });

  it.each([
    [['api://orders/Orders.Read'], 'api://orders/.default'],
    [
      ['https://management.azure.com//user_impersonation'],
      'https://management.azure.com//.default',
    ],
    [['Mail.Read'], 'https://graph.microsoft.com/.default'],
    [['api://orders/.default'], 'api://orders/.default'],
  ])('with the scopes %j has the scope %s for the app', (given, appScope) => {
    const [api] = declareApis({ orders: { baseUrl: 'https://orders.example/', scopes: given } });
    expect(api).toMatchObject({ appScope, baseUrl: 'https://orders.example' });
  });
});
