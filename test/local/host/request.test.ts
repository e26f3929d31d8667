// Each `it` is a line of what was observed of the real host ("Request").
import { send, type SendOptions, sendRaw } from './support/send';
import { type HostProcess, startHost } from './support/start-host';

interface Echo {
  readonly url: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly bodyLength: number;
  readonly invocationId: string;
  readonly traceContext: { readonly traceParent: string; readonly traceState?: string };
}

describe('request', () => {
  let host: HostProcess;

  beforeAll(async () => {
    host = await startHost('usual', { env: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '1000' } });
  });

  afterAll(async () => {
    await host.stop();
  });

  async function echo(path: string, options: SendOptions = {}): Promise<Echo> {
    const answer = await send(host.port, path, options);
    expect(answer.status).toBe(200);
    return answer.json() as Echo;
  }

  it.each([
    ['a=1&a=2', { a: '1,2' }],
    ['a=1&b=x&A=2', { a: '1,2', b: 'x' }],
    ['a=1+2%203&b', { a: '1 2 3', b: '' }],
    ['a=%C3%A9&b=%zz&c=d=e', { a: '\u00e9', b: '%zz', c: 'd=e' }],
    ['', {}],
  ])('joins repeated query keys: %s', async (query, expected) => {
    expect((await echo(`/echo?${query}`)).query).toEqual(expected);
  });

  it('keeps the query as it was sent in req.url', async () => {
    const { url } = await echo('/echo?a=1&a=%20+2');
    expect(url).toBe(`http://127.0.0.1:${host.port}/echo?a=1&a=%20+2`);
  });

  it('joins repeated headers with a comma and no space, Cookie too', async () => {
    // Node's own client would join the two Cookie headers before it sends them.
    const answer = await sendRaw(
      host.port,
      'GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n' +
        'X-Many: a\r\nX-Many: b\r\nCookie: a=1\r\nCookie: b=2; c=3\r\n\r\n',
    );
    expect(answer).toContain('"x-many":"a,b"');
    expect(answer).toContain('"cookie":"a=1,b=2; c=3"');
  });

  it('makes req.url from the Host header', async () => {
    const { url } = await echo('/echo', { headers: [['Host', 'app.example:99']] });
    expect(url).toBe('http://app.example:99/echo');
  });

  it('passes forwarded headers through and makes nothing of them', async () => {
    const { url, headers } = await echo('/echo', {
      headers: [
        ['X-Forwarded-Proto', 'https'],
        ['X-Forwarded-Host', 'evil.example'],
      ],
    });
    expect(url).toBe(`http://127.0.0.1:${host.port}/echo`);
    expect(headers).toMatchObject({ 'x-forwarded-proto': 'https' });
  });

  it.each([
    ['/echo/%zz', '/echo/%25zz'],
    ['/echo/a/../b', '/echo/b'],
    ['/echo/./b/%2e%2e/c', '/echo/c'],
    ['/echo/a%2Fb', '/echo/a%2Fb'],
    ['/echo/%C3%A9%20x', '/echo/%C3%A9%20x'],
    ['/x/../echo', '/echo'],
  ])('turns the path %s into %s', async (sent, expected) => {
    expect(new URL((await echo(sent)).url).pathname).toBe(expected);
  });

  it('hands over a body that has a length', async () => {
    const { body } = await echo('/echo', {
      method: 'POST',
      headers: [['Content-Length', '7']],
      body: 'a=1&b=2',
    });
    expect(body).toBe('a=1&b=2');
  });

  it('hands over an empty body when it was sent in chunks', async () => {
    const { bodyLength } = await echo('/echo', {
      method: 'POST',
      headers: [['Transfer-Encoding', 'chunked']],
      body: 'a=1&b=2',
    });
    expect(bodyLength).toBe(0);
  });

  it('takes a body up to the limit, and answers 500 and closes with one byte more', async () => {
    const post = (bytes: number) =>
      send(host.port, '/echo', {
        method: 'POST',
        headers: [['Content-Length', String(bytes)]],
        body: Buffer.alloc(bytes, 'x'),
      });
    expect((await post(1000)).json()).toMatchObject({ bodyLength: 1000 });
    const answer = await post(1001);
    expect(answer.status).toBe(500);
    expect(answer.headers.connection).toBe('close');
  });

  it('takes a body of 104,857,600 bytes, and not one byte more', async () => {
    const usual = await startHost('usual');
    const largest = await send(usual.port, '/respond/teapot', {
      method: 'POST',
      headers: [['Content-Length', '104857600']],
      body: Buffer.alloc(104_857_600),
    });
    expect(largest.status).toBe(418);
    const head = (bytes: number) =>
      `POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bytes}\r\n\r\n`;
    const tooLarge = await sendRaw(usual.port, head(104_857_601));
    await usual.stop();
    expect(tooLarge).toMatch(/^HTTP\/1\.1 500 .*Connection: close/s);
  });

  it.each([
    ['a URL of 9 KB', 414, '/echo/' + 'x'.repeat(9 * 1024), ''],
    ['headers of 33 KB', 431, '/echo', `X-Long: ${'x'.repeat(33 * 1024)}\r\n`],
    ['more than a hundred headers', 431, '/echo', 'X-Many: x\r\n'.repeat(101)],
    ['headers beyond all measure', 431, '/echo', `X-Long: ${'x'.repeat(300 * 1024)}\r\n`],
    ['%00 in the path', 400, '/echo/%00', ''],
    ['bytes no URL may hold', 400, '/echo/\u00e9', ''],
    ['two Host headers', 400, '/echo', 'Host: other\r\n'],
    ['a query of 4,097 characters', 404, `/echo?q=${'x'.repeat(4095)}`, ''],
    ['a header that is not UTF-8', 400, '/echo', 'X-Name: caf\xe9\r\n'],
    ['a cookie that is not UTF-8', 400, '/echo', 'Cookie: a=\xff\xfe\r\n'],
    ['UTF-8 that is cut off', 400, '/echo', 'X-Name: \xc3\r\n'],
  ])('refuses %s with %i', async (_, status, path, headers) => {
    const answer = await sendRaw(
      host.port,
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`,
    );
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(/content-length: 0/i);
    expect(answer).toMatch(/connection: close/i);
  });

  it('takes a query of 4,096 characters', async () => {
    expect((await echo(`/echo?q=${'x'.repeat(4094)}`)).query['q']).toHaveLength(4094);
  });

  it('reads headers as UTF-8', async () => {
    const answer = await sendRaw(
      host.port,
      'GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Name: caf\xc3\xa9\r\n\r\n',
    );
    expect(Buffer.from(answer, 'latin1').toString()).toContain('"x-name":"caf\u00e9"');
  });

  it('leaves a byte order mark where it is, and fails as the worker does on what is beyond Latin-1', async () => {
    const answer = await sendRaw(
      host.port,
      'GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: \xef\xbb\xbfa=b\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 500 /);
  });

  it('answers 500 to an empty Host header', async () => {
    const answer = await sendRaw(host.port, 'GET /echo HTTP/1.1\r\nHost:\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 500 /);
  });

  it.each([
    'Content-Length: 3\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nContent-Length: 3',
  ])('goes by Transfer-Encoding when a length is there too: %j', async (both) => {
    const answer = await sendRaw(
      host.port,
      `POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${both}\r\n\r\n3\r\na=1\r\n0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('"bodyLength":0');
  });

  it.each(['Content-Length: 3\r\nContent-Length: 4', 'Transfer-Encoding: nonsense', 'Bad Name: x'])(
    'refuses %j with 400',
    async (header) => {
      const answer = await sendRaw(
        host.port,
        `POST /echo HTTP/1.1\r\nHost: localhost\r\n${header}\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    },
  );

  it('passes over a limit of bodies that is no whole number, as the real host does', async () => {
    const other = await startHost('usual', { env: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '1 MB' } });
    const answer = await send(other.port, '/echo', {
      method: 'POST',
      headers: [['Content-Length', '2000']],
      body: Buffer.alloc(2000, 'x'),
    });
    await other.stop();
    expect(answer.json()).toMatchObject({ bodyLength: 2000 });
  });

  it('refuses a request without a Host header with 400', async () => {
    expect(await sendRaw(host.port, 'GET /echo HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  });

  it.each([
    'foo/bar?x=',
    'a#',
    'a\\b',
    'a b',
    '[::1',
    '1.2.3.999',
    'evil:99999',
    '%',
    '<script>',
    'user:pw@evil',
  ])('refuses the Host header %s with 400: it would become a part of req.url', async (name) => {
    const answer = await sendRaw(host.port, `GET /echo HTTP/1.1\r\nHost: ${name}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });

  it.each(['localhost', 'app.contoso.com:8443', '127.0.0.1:7071', '[::1]:7071'])(
    'takes the Host header %s',
    async (name) => {
      const answer = await sendRaw(
        host.port,
        `GET /echo HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    },
  );

  it('gives each invocation a GUID of its own', async () => {
    const [first, second] = [await echo('/echo'), await echo('/echo')];
    expect(first.invocationId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(second.invocationId).not.toBe(first.invocationId);
  });

  it('takes up the trace that the client sent, under a span of its own', async () => {
    const traceParent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const traced = await echo('/echo', {
      headers: [
        ['traceparent', traceParent],
        ['tracestate', 'a=1'],
      ],
    });
    expect(traced.traceContext.traceParent).toMatch(/^00-a{32}-[0-9a-f]{16}-01$/);
    expect(traced.traceContext.traceParent).not.toBe(traceParent);
    expect(traced.traceContext.traceState).toBe('a=1');
  });

  it.each([
    ['none is sent', []],
    ['it is not well formed', [['traceparent', 'nonsense']]],
    ['its id is nothing but zeros', [['traceparent', `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`]]],
  ] as const)('begins a trace when %s', async (_, headers) => {
    const trace = async () =>
      (await echo('/echo', { headers: [...headers, ['tracestate', 'a=1']] })).traceContext;
    const [first, second] = [await trace(), await trace()];
    expect(first.traceParent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(first.traceParent.slice(3, 35)).not.toBe(second.traceParent.slice(3, 35));
    expect(first.traceState).toBeUndefined();
  });
});
