import { formatSetCookie } from '../../../local/host/http-response';
import { send } from './support/send';
import { type HostProcess, startHost } from './support/start-host';

// Each `it` is a line of what was observed of the real host ("Response").

describe('response', () => {
  let host: HostProcess;

  beforeAll(async () => {
    host = await startHost('usual');
  });

  afterAll(async () => {
    await host.stop();
  });

  const respond = (name: string, method = 'GET') => send(host.port, `/respond/${name}`, { method });

  it('calls itself Kestrel', async () => {
    expect((await respond('json')).headers.server).toBe('Kestrel');
    expect((await send(host.port, '/nowhere')).headers.server).toBe('Kestrel');
  });

  it('answers in chunks unless the handler sets a length', async () => {
    const { headers } = await respond('text');
    expect(headers['transfer-encoding']).toBe('chunked');
    expect(headers['content-length']).toBeUndefined();
    expect((await respond('length')).headers).toMatchObject({ 'content-length': '4' });
  });

  it('answers 500 to a length that is not the length of the body', async () => {
    expect((await respond('wrongLength')).status).toBe(500);
  });

  it('drops the body for HEAD', async () => {
    const answer = await respond('json', 'HEAD');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.body).toHaveLength(0);
  });

  it.each([
    ['json', 'application/json', '{"a":1}'],
    ['text', 'text/plain;charset=UTF-8', 'text'],
    ['bytes', undefined, '\u0001\u0002\u0003'],
  ])('sends the type of a %s body', async (name, type, body) => {
    const answer = await respond(name);
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.body.toString()).toBe(body);
  });

  it('answers 204 to a handler that returns undefined', async () => {
    const answer = await respond('nothing');
    expect(answer.status).toBe(204);
    expect(answer.headers['transfer-encoding']).toBeUndefined();
  });

  it('answers `jsonBody: null` with 200, empty, without a type', async () => {
    const answer = await respond('null');
    expect(answer.status).toBe(200);
    expect(answer.body).toHaveLength(0);
    expect(answer.headers['content-type']).toBeUndefined();
  });

  it.each(['throws', 'string', 'number', 'status', 'nonAscii', 'badCookie', 'stringExpires'])(
    'answers 500, empty, to a handler that goes wrong: %s',
    async (name) => {
      const answer = await respond(name);
      expect(answer.status).toBe(500);
      expect(answer.body).toHaveLength(0);
    },
  );

  it('writes the stack of what was thrown, and its cause, to the log only', async () => {
    const answer = await respond('throws');
    await host.saw('caused by Error: the reason why');
    expect(host.output()).toMatch(/Error: the handler broke\n +at .*functions\.js/);
    expect(JSON.stringify(answer.headers) + answer.body.toString()).not.toContain('broke');
  });

  it('sends the status it is given', async () => {
    expect((await respond('teapot')).status).toBe(418);
  });

  it('joins repeated headers with a comma and a space', async () => {
    expect((await respond('repeated')).headers['x-many']).toBe('a, b');
  });

  it('lets a hook change the result', async () => {
    expect((await send(host.port, '/hooked')).body.toString()).toBe('before and after');
  });
});

describe('customHeaders and hsts of host.json', () => {
  it('go on every answer, 404 too, where the handler did not set them', async () => {
    const host = await startHost('headers');
    const plain = await send(host.port, '/api/plain');
    const missing = await send(host.port, '/api/missing');
    await host.stop();
    expect(plain.headers).toMatchObject({ 'x-custom': 'custom', 'x-shared': 'handler' });
    expect(missing.headers).toMatchObject({ 'x-custom': 'custom', 'x-shared': 'host' });
    expect(plain.headers['strict-transport-security']).toBeUndefined();
  });

  it('send HSTS on https only, and not for localhost', async () => {
    const host = await startHost('headers', { args: ['--https'] });
    const ca = host.message.type === 'ready' ? (host.message.certificate ?? '') : '';
    const local = await send(host.port, '/api/plain', { ca, host: 'localhost' });
    const named = await send(host.port, '/api/plain', { ca, headers: [['Host', 'app.example']] });
    await host.stop();
    expect(local.headers['strict-transport-security']).toBeUndefined();
    expect(named.headers['strict-transport-security']).toBe('max-age=864000');
  });
});

describe('cookies', () => {
  let host: HostProcess;

  beforeAll(async () => {
    host = await startHost('usual');
  });

  afterAll(async () => {
    await host.stop();
  });

  const cookies = async (name: string) =>
    (await send(host.port, `/respond/${name}`)).headers['set-cookie'];

  it('are one line each, with the path / where none is given', async () => {
    expect(await cookies('cookies')).toEqual(['a=1; path=/', 'b=2; path=/']);
  });

  it('have their attributes in lower case and in order, the value escaped, maxAge cut', async () => {
    expect(await cookies('allAttributes')).toEqual([
      '__Host-all=a%3Db%2Bc%2Fd%21e%2Af%28g%29h%27i%25j.k-l_m~n; ' +
        'expires=Fri, 15 Jan 2027 08:00:00 GMT; max-age=60; domain=example.test; path=/sub; ' +
        'secure; samesite=lax; httponly',
    ]);
  });

  it('silently lose `expires: new Date(0)`, but not `new Date(1000)`', async () => {
    expect(await cookies('epoch')).toEqual(['a=; path=/']);
    expect(await cookies('epochSecond')).toEqual([
      'a=; expires=Thu, 01 Jan 1970 00:00:01 GMT; path=/',
    ]);
  });

  it('may have `maxAge: 0`', async () => {
    expect(await cookies('maxAgeZero')).toEqual(['a=; max-age=0; path=/']);
  });

  it('set through headers: only the last stays, and comes first', async () => {
    expect(await cookies('headerCookies')).toEqual(['y=2; Path=/', 'z=3; path=/']);
  });
});

describe('formatSetCookie', () => {
  it.each([
    ['none', 'a=; path=/'],
    ['lax', 'a=; path=/; samesite=lax'],
    ['strict', 'a=; path=/; samesite=strict'],
    ['explicitNone', 'a=; path=/; samesite=none'],
  ] as const)('writes SameSite %s', (sameSite, expected) => {
    expect(formatSetCookie({ name: 'a', sameSite })).toBe(expected);
  });

  it('leaves alone a value of base64url characters and dots', () => {
    const value = 'AZaz09-_.AZaz09-_';
    expect(formatSetCookie({ name: 'a', value })).toBe(`a=${value}; path=/`);
  });

  it.each([
    { name: '' },
    { name: 'a b' },
    { name: 'a;b' },
    { name: 'caf\u00e9' },
    { name: 'a', path: { value: '/; secure' } },
    { name: 'a', domain: { value: 'a;b' } },
  ])('refuses %p', (cookie) => {
    expect(() => formatSetCookie(cookie)).toThrow();
  });
});
