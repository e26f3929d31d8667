import { compileRoute, matchRoute } from '../../../local/host/routes';
import { send, sendRaw } from './support/send';
import { type HostProcess, startHost } from './support/start-host';

// Each `it` is a line of what was observed of the real host ("Routing").

interface Echo {
  readonly functionName: string;
  readonly params: Record<string, string>;
}

describe('routing', () => {
  let host: HostProcess;

  beforeAll(async () => {
    host = await startHost('usual');
  });

  afterAll(async () => {
    await host.stop();
  });

  async function get(path: string): Promise<Echo> {
    const answer = await send(host.port, path);
    expect(answer.status).toBe(200);
    return answer.json() as Echo;
  }

  async function status(path: string, method = 'GET'): Promise<number> {
    return (await send(host.port, path, { method })).status;
  }

  it('tries functions in alphabetical order of their names, without regard to case', async () => {
    expect(await get('/order/special')).toMatchObject({
      functionName: 'B-wild',
      params: { id: 'special' },
    });
  });

  it('counts the method as part of the match', async () => {
    const got = await send(host.port, '/by-method');
    const posted = await send(host.port, '/by-method', { method: 'POST' });
    expect(got.json()).toMatchObject({ functionName: 'a-by-method' });
    expect(posted.json()).toMatchObject({ functionName: 'd-by-method' });
  });

  it.each(['/cased/path', '/CASED/PATH', '/Cased/Path/'])(
    'matches %s without regard to case and a trailing slash',
    async (path) => {
      expect(await get(path)).toMatchObject({ functionName: 'cased' });
    },
  );

  it.each(['//cased/path', '//echo/x', '/echo//x', '/cased/path//', '//'])(
    'answers 404 to %s: an empty segment matches nothing',
    async (path) => {
      expect(await status(path)).toBe(404);
    },
  );

  it.each([
    ['GET', '/post-only'],
    ['DELETE', '/DefaultMethods'],
    ['HEAD', '/DefaultMethods'],
    ['OPTIONS', '/DefaultMethods'],
  ])('answers a method that is not listed (%s %s) with 404, never 405', async (method, path) => {
    expect(await status(path, method)).toBe(404);
  });

  it.each(['GET', 'POST'])('lets a function that lists no methods answer %s', async (method) => {
    expect(await status('/DefaultMethods', method)).toBe(200);
  });

  it('does not sort by how specific a route is: what comes first in the alphabet hides the rest', async () => {
    expect(await get('/order/special')).not.toMatchObject({ functionName: 'c-special' });
  });

  it('uses the function name where there is no route', async () => {
    expect(await get('/defaultmethods')).toMatchObject({ functionName: 'DefaultMethods' });
  });

  it.each([
    [404, '/nowhere'],
    [500, '/respond/throws'],
  ])('makes a %i of its own with an empty body, a length and no type', async (expected, path) => {
    const answer = await send(host.port, path);
    expect(answer.status).toBe(expected);
    expect(answer.body).toHaveLength(0);
    expect(answer.headers['content-length']).toBe('0');
    expect(answer.headers['content-type']).toBeUndefined();
  });

  it('lets a function through that wants a key, as func start does: there are no keys here', async () => {
    expect(await get('/keyed')).toMatchObject({ functionName: 'keyed' });
  });

  it.each([
    ['/administrator/x', 'refusedAdmin'],
    ['/runtime', 'refusedRuntime'],
  ])('does not load a function whose route starts with a reserved word: %s', async (path, name) => {
    expect(await status(path)).toBe(404);
    expect(host.output()).toContain(
      `The '${name}' function is in error: The specified route conflicts with one or more built in routes.`,
    );
  });

  it('gives a route that two functions have to the one whose name comes first in the alphabet', async () => {
    expect(await get('/shared/route')).toMatchObject({ functionName: 'Shared-A' });
    expect(host.output()).toContain(
      `The 'shared-b' function is in error: The route conflicts with the route defined by function 'Shared-A'.`,
    );
  });

  it.each([
    ['/admin/host/status', 'GET', 401],
    ['/ADMIN/anything', 'POST', 401],
    ['/admin/functions/tick', 'GET', 401],
    ['/admin/functions', 'GET', 401],
    ['/runtime/webhooks/x', 'POST', 401],
    ['/admin/host/ping', 'GET', 200],
    ['/admin/host/ping', 'POST', 200],
    ['/admin/warmup', 'GET', 200],
    ['/admin', 'GET', 404],
  ])(
    'keeps %s (%s) for the host itself, which asks for a key: %i',
    async (path, method, expected) => {
      const answer = await send(host.port, path, { method });
      expect(answer.status).toBe(expected);
      expect(answer.body).toHaveLength(0);
    },
  );

  it.each([
    ['get', '/echo/x', 404],
    ['Get', '/echo/x', 404],
    ['BREW', '/echo/x', 404],
    ['get', '/', 200],
    ['get', '/admin/host/status', 401],
  ])(
    'tells methods apart by case, and knows no others: %s %s is %i',
    async (method, path, expected) => {
      const answer = await sendRaw(
        host.port,
        `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${expected} `));
    },
  );

  it.each([
    ['/typed/12', 200],
    ['/typed/-12', 200],
    ['/typed/twelve', 404],
    ['/typed/99999999999', 404],
    ['/typed', 404],
  ])('holds a route constraint: %s is %i', async (path, expected) => {
    expect(await status(path)).toBe(expected);
  });

  it('leaves absent optional parameters out', async () => {
    expect((await get('/optional')).params).toEqual({});
    expect((await get('/optional/a')).params).toEqual({ id: 'a' });
  });

  it('gives a catch-all parameter the rest of the path, a trailing slash included', async () => {
    expect((await get('/echo/a/b/')).params).toEqual({ rest: 'a/b/' });
    expect((await get('/echo')).params).toEqual({});
  });

  it('decodes route parameters, but not %2F', async () => {
    expect((await get('/optional/a%20b%2Fc%C3%A9%2f')).params).toEqual({ id: 'a b%2Fc\u00e9%2f' });
  });

  it('takes several parameters from one segment', async () => {
    expect((await get('/files/a.b.txt')).params).toEqual({ name: 'a.b', extension: 'txt' });
  });

  it.each([
    ['/range/a-b.txt', { from: 'a', to: 'b', ext: 'txt' }],
    ['/range/a-b', { from: 'a', to: 'b' }],
    ['/range/a-b.c.txt', { from: 'a', to: 'b.c', ext: 'txt' }],
  ])('lets the dot go with an optional parameter: %s', async (path, params) => {
    expect((await get(path)).params).toEqual(params);
  });

  it.each(['/range/a-b.', '/range/ab.txt', '/range/a-'])('does not match %s', async (path) => {
    expect(await status(path)).toBe(404);
  });

  it('does not load a function whose route has an optional parameter that no dot precedes', () => {
    expect(host.output()).toContain(`The 'refusedOptional' function is in error`);
  });

  it.each(['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS'])(
    'shows its own page at / to %s when no function has that route',
    async (method) => {
      expect(await status('/', method)).toBe(200);
    },
  );

  it('shows its own page at / when no function has that route', async () => {
    const answer = await send(host.port, '/');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/html');
    expect(answer.body.toString()).toContain('up and running');
  });

  it('answers on ::1 as on 127.0.0.1 where there is one', async () => {
    const answer = await send(host.port, '/settings', { host: 'localhost' });
    expect(answer.status).toBe(200);
  });
});

describe('routing in an app with a home and a catch-all', () => {
  let host: HostProcess;

  beforeAll(async () => {
    host = await startHost('rooted');
  });

  afterAll(async () => {
    await host.stop();
  });

  it.each([
    ['/', 'home'],
    ['/zebra', 'any'],
    ['/anything/else', 'any'],
  ])('answers %s with the function %s', async (path, expected) => {
    expect((await send(host.port, path)).body.toString()).toBe(expected);
  });

  it('loads every file that a pattern in "main" names', () => {
    expect(host.output()).toContain('aHome: [GET]');
    expect(host.output()).toContain('zebra: [GET,POST]');
  });
});

describe('routing in other apps', () => {
  it('makes a 401 of its own with an empty body, a length and no type, with --enableAuth', async () => {
    const host = await startHost('usual', { args: ['--enableAuth'] });
    const keyed = await send(host.port, '/keyed');
    const open = await send(host.port, '/settings');
    await host.stop();
    expect(keyed.status).toBe(401);
    expect(keyed.body).toHaveLength(0);
    expect(keyed.headers['content-length']).toBe('0');
    expect(keyed.headers['content-type']).toBeUndefined();
    expect(open.status).toBe(200);
  });

  it('lets a function be called that wants a key, with the key that --enableAuth prints', async () => {
    const host = await startHost('usual', { args: ['--enableAuth'] });
    await host.saw('x-functions-key: ');
    const [, key = ''] = /x-functions-key: ([\w-]{43})\n/.exec(host.output()) ?? [];
    const answers = [
      await send(host.port, '/keyed', { headers: [['x-functions-key', key]] }),
      await send(host.port, `/keyed?code=${key}`),
      await send(host.port, '/admin/host/status', { headers: [['x-functions-key', key]] }),
    ];
    await host.stop();
    // The real host would tell its status; this one has none.
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404]);
  });

  it('answers 204 at / with AzureWebJobsDisableHomepage, to every method', async () => {
    const host = await startHost('usual', { env: { AzureWebJobsDisableHomepage: 'true' } });
    for (const method of ['GET', 'POST', 'PUT', 'HEAD']) {
      const answer = await send(host.port, '/', { method });
      expect([method, answer.status]).toEqual([method, 204]);
      expect(answer.body).toHaveLength(0);
    }
    expect(
      await sendRaw(host.port, 'get / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
    ).toMatch(/^HTTP\/1\.1 204 /);
    await host.stop();
  });

  it('leaves the home of an app alone with AzureWebJobsDisableHomepage, and takes only its own methods', async () => {
    const host = await startHost('rooted', { env: { AzureWebJobsDisableHomepage: 'true' } });
    const got = await send(host.port, '/');
    const put = await send(host.port, '/', { method: 'PUT' });
    await host.stop();
    expect(got.body.toString()).toBe('home');
    expect(put.status).toBe(204);
  });

  it('answers 404 to everything when one entry file throws while loading', async () => {
    const host = await startHost('broken');
    const answer = await send(host.port, '/fine');
    await host.stop();
    expect(answer.status).toBe(404);
    expect(host.message).toMatchObject({ type: 'ready' });
    expect(host.output()).toContain('Worker was unable to load entry point "b.js"');
    expect(host.output()).toContain('this file breaks');
  });

  it('puts the prefix of host.json, or api, before every route', async () => {
    const host = await startHost('headers');
    const answers = await Promise.all(
      ['/api/plain', '/plain'].map((path) => send(host.port, path)),
    );
    await host.stop();
    expect(answers.map(({ status }) => status)).toEqual([200, 404]);
  });

  it('loads an app of ES modules', async () => {
    const host = await startHost('module');
    const answer = await send(host.port, '/module');
    await host.stop();
    expect(answer.body.toString()).toBe('module');
  });
});

const guid = '5a7e1c7e-0000-4000-8000-00000a57e700';

describe('matchRoute', () => {
  it.each([
    ['a/b', '/a/b', {}],
    ['a/b', '/a', undefined],
    ['a', '/a/b', undefined],
    ['', '/', {}],
    ['', '/a', undefined],
    ['{x}/b', '/a/b', { x: 'a' }],
    ['{x}', '/', undefined],
    ['{x?}', '/', {}],
    ['a/{x=5}', '/a', { x: '5' }],
    ['a/{x:int=5}', '/a', { x: '5' }],
    ['a/{x:int?}', '/a', {}],
    ['a/{x:int?}', '/a/b', undefined],
    ['{*rest}', '/', {}],
    ['{**rest}', '/a/b', { rest: 'a/b' }],
    ['v{major}.{minor}', '/v1.2', { major: '1', minor: '2' }],
    ['v{major}', '/x1', undefined],
  ])('matches the route %p with %p: %p', (route, path, expected) => {
    expect(matchRoute(compileRoute(route), path)).toEqual(expected);
  });

  it.each([
    ['alpha', 'abc', 'ab1'],
    ['bool', 'TRUE', 'yes'],
    ['datetime', '2026-11-21', 'soon'],
    ['decimal', '-1.5', '1e3'],
    ['double', '1.5e3', 'x'],
    ['guid', guid, 'guid'],
    ['int', '2147483647', '2147483648'],
    ['long', '9223372036854775807', '9223372036854775808'],
    ['length(3)', 'abc', 'ab'],
    ['length(2,3)', 'ab', 'abcd'],
    ['minlength(2)', 'ab', 'a'],
    ['maxlength(2)', 'ab', 'abc'],
    ['min(18)', '18', '17'],
    ['max(18)', '18', '19'],
    ['range(1,9)', '9', '10'],
    ['regex(^\\d{{3}}$)', '123', '1234'],
    ['regex(^(a:b|c)$)', 'a:b', 'd'],
    ['int:min(3)', '3', '2'],
  ])('holds the constraint %s', (constraint, good, bad) => {
    const route = compileRoute(`a/{x:${constraint}}`);
    expect(matchRoute(route, `/a/${good}`)).toEqual({ x: good });
    expect(matchRoute(route, `/a/${bad}`)).toBeUndefined();
  });
});

describe('compileRoute', () => {
  it.each(['a//b', '{*rest}/b', '{', 'a}', '{}', '{x:nothing}', '{x:int(3)}', '{x:regex}'])(
    'refuses the route %s',
    (route) => {
      expect(() => compileRoute(route)).toThrow();
    },
  );
});
