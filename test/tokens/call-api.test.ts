import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError, StepUpError } from '../../src/errors';
import {
  callApi,
  createGraph,
  type Graph,
  readPhoto,
  readProfile,
} from '../../src/tokens/call-api';
import { failureOf, longEnough, printed } from '../support/auth-fixture';
import { whileAnswering } from '../support/answering-server';

interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly hangs?: boolean;
}

let server: Server;
let baseUrl: string;
let graph: Graph;
let now: number;
let answer: Answer;
/** Given before `answer`, one by one. */
let answers: Answer[];
let requests: { url: string; authorization: string | undefined }[];
const accessToken = 'the-access-token';

beforeEach(async () => {
  requests = [];
  now = 1_800_000_000;
  answer = {};
  answers = [];
  server = createServer((request, response) => {
    requests.push({ url: request.url ?? '', authorization: request.headers.authorization });
    const given = answers.shift() ?? answer;
    if (given.hangs === true) return;
    response.writeHead(given.status ?? 200, {
      'content-type': 'application/json',
      ...given.headers,
    });
    response.end(given.body ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1.0`;
  graph = createGraph({ baseUrl, clock: () => now });
});
afterEach(async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
});

const access = { accessToken, scopes: ['User.Read'] };
const me = (signal = longEnough()) => readProfile(graph, access, signal);
const photo = () => readPhoto(graph, access, longEnough());
const profile = (value: unknown) => {
  answer = { body: JSON.stringify(value) };
  return me();
};

describe('readProfile', () => {
  it('asks for nine fields as the user and returns those that are known', async () => {
    const found = await profile({
      '@odata.context': 'x',
      id: 'id-of-ada',
      displayName: 'Ada Lovelace',
      mail: null,
      jobTitle: 5,
      mobilePhone: '',
      officeLocation: 'o'.repeat(1025),
      surname: 'Lovelace',
      unasked: 'y',
    });
    expect(found).toEqual({ id: 'id-of-ada', displayName: 'Ada Lovelace', surname: 'Lovelace' });
    expect(requests).toEqual([
      {
        url: '/v1.0/me?$select=displayName,givenName,surname,jobTitle,mail,userPrincipalName,officeLocation,preferredLanguage,mobilePhone,id',
        authorization: `Bearer ${accessToken}`,
      },
    ]);
  });

  it.each<[string, unknown]>([
    ['a list', []],
    ['null', null],
    ['no id', { displayName: 'Ada' }],
    ['an id that is no text', { id: 1 }],
  ])('refuses %s', async (_what, value) => {
    expect((await failureOf(profile(value))).code).toBe('ERR_GRAPH_REFUSED');
  });

  it.each<[string, string, Answer]>([
    ['no JSON', 'ERR_GRAPH_REFUSED', { body: '<html>' }],
    ['more than 64 KB', 'ERR_GRAPH_REFUSED', { body: ' '.repeat(64 * 1024 + 1) }],
    ['404', 'ERR_GRAPH_REFUSED', { status: 404 }],
    ['400', 'ERR_GRAPH_REFUSED', { status: 400 }],
    ['401 without challenge', 'ERR_GRAPH_REFUSED', { status: 401 }],
    [
      '401 with another challenge',
      'ERR_GRAPH_REFUSED',
      { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } },
    ],
    ['403', 'ERR_GRAPH_REFUSED', { status: 403 }],
    [
      'a redirect, which is not followed',
      'ERR_GRAPH_REFUSED',
      { status: 302, headers: { location: '/v1.0/elsewhere' } },
    ],
    ['429', 'ERR_GRAPH_UNAVAILABLE', { status: 429, headers: { 'retry-after': '4' } }],
    ['500', 'ERR_GRAPH_UNAVAILABLE', { status: 500 }],
    ['503', 'ERR_GRAPH_UNAVAILABLE', { status: 503, headers: { 'retry-after': '4' } }],
    ['504', 'ERR_GRAPH_UNAVAILABLE', { status: 504 }],
  ])('answers %s with %s', async (_what, code, given) => {
    answer = given;
    const failure = await failureOf(me());
    expect(failure.code).toBe(code);
    expect(printed(failure)).not.toContain(accessToken);
    expect(requests).toHaveLength(1);
  });

  it("notes Graph's error code, not its message", async () => {
    answer = {
      status: 403,
      body: JSON.stringify({
        error: { code: 'Authorization_RequestDenied', message: 'ada@contoso.example may not' },
      }),
    };
    expect((await failureOf(me())).note).toMatch(
      /^Graph answered 403 Authorization_RequestDenied to GET \/me/,
    );
  });

  it('turns a claims challenge into a step-up for the scopes of the token', async () => {
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
    const encoded = Buffer.from(claims).toString('base64');
    answer = {
      status: 401,
      headers: {
        'www-authenticate': `Bearer realm="", error="insufficient_claims", claims="${encoded}"`,
      },
    };
    const failure = await failureOf(me());
    expect(failure).toHaveProperty('stepUp', { scopes: ['User.Read'], claims });
  });

  it('finds the challenge among several headers', async () => {
    const claims = Buffer.from('{"access_token":{}}').toString('base64url');
    server.removeAllListeners('request');
    server.on('request', (_request, response) => {
      response.writeHead(401, {
        'www-authenticate': [
          'Negotiate abc==',
          `Bearer error="insufficient_claims", claims="${claims}"`,
        ],
      });
      response.end();
    });
    expect(await failureOf(me())).toBeInstanceOf(StepUpError);
  });

  it.each([429, 503])('asks once more when Graph names a short time with %d', async (status) => {
    const busy = { status, headers: { 'retry-after': '0' } };
    answers = [busy, { body: JSON.stringify({ id: 'id-of-ada' }) }];
    expect((await me()).id).toBe('id-of-ada');
    answers = [busy, busy, { body: JSON.stringify({ id: 'id-of-ada' }) }];
    expect((await failureOf(me())).code).toBe('ERR_GRAPH_UNAVAILABLE');
    expect(requests).toHaveLength(4);
  });

  it('passes a longer time on at once', async () => {
    answer = { status: 429, headers: { 'retry-after': '60' } };
    const failure = await failureOf(me());
    expect([failure.code, failure.retryAfterSeconds]).toEqual(['ERR_GRAPH_UNAVAILABLE', 60]);
    expect(requests).toHaveLength(1);
  });

  it('sends nothing more with this token for this path before that time is over', async () => {
    // The answer to the second try counts, too.
    answers = [{ status: 503, headers: { 'retry-after': '0' } }];
    answer = { status: 429, headers: { 'retry-after': '60' } };
    await failureOf(me());
    expect(requests).toHaveLength(2);
    answer = { body: JSON.stringify({ id: 'id-of-ada' }) };
    now += 45;
    const failure = await failureOf(me());
    expect([failure.code, failure.retryAfterSeconds]).toEqual(['ERR_GRAPH_UNAVAILABLE', 15]);
    expect(requests).toHaveLength(2);
    expect(
      (await readProfile(graph, { ...access, accessToken: 'of-another' }, longEnough())).id,
    ).toBe('id-of-ada');
    now += 15;
    expect((await me()).id).toBe('id-of-ada');
  });

  it('shares no pause with another instance', async () => {
    answer = { status: 429, headers: { 'retry-after': '60' } };
    await failureOf(me());
    answer = { body: JSON.stringify({ id: 'id-of-ada' }) };
    const other = createGraph({ baseUrl, clock: () => now });
    expect((await readProfile(other, access, longEnough())).id).toBe('id-of-ada');
  });

  it('asks once more soon where Graph names no time', async () => {
    answers = [{ status: 503 }, { body: JSON.stringify({ id: 'id-of-ada' }) }];
    expect((await me()).id).toBe('id-of-ada');
    answer = { status: 503 };
    expect((await failureOf(me())).retryAfterSeconds).toBe(10);
    expect(requests).toHaveLength(4);
  });

  it('asks no second time when the deadline comes before the time that Graph names', async () => {
    answer = { status: 503, headers: { 'retry-after': '3' } };
    const impatient = AbortSignal.timeout(1_000);
    expect((await failureOf(me(impatient))).retryAfterSeconds).toBe(3);
    expect(requests).toHaveLength(1);
  });

  it('is unavailable when nobody listens, and when the deadline passes', async () => {
    answer = { hangs: true };
    const late = await failureOf(me(AbortSignal.timeout(50)));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const gone = await failureOf(me());
    expect([late.code, gone.code]).toEqual(['ERR_GRAPH_UNAVAILABLE', 'ERR_GRAPH_UNAVAILABLE']);
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
});

describe('readPhoto', () => {
  const bytes = Buffer.from([0xff, 0xd8, 0xff, 0x00]);

  it.each(['image/jpeg', 'image/png', 'image/gif', 'image/webp'])('returns %s', async (type) => {
    answer = { headers: { 'content-type': `${type.toUpperCase()}; x=y` }, body: bytes };
    const found = await photo();
    expect(found?.contentType).toBe(type);
    expect(Buffer.from(found?.bytes ?? [])).toEqual(bytes);
    expect(requests[0]?.url).toBe('/v1.0/me/photo/$value');
  });

  it('is undefined when there is none', async () => {
    answer = { status: 404 };
    expect(await photo()).toBeUndefined();
  });

  it.each(['image/svg+xml', 'text/html', 'application/json', ''])('refuses %j', async (type) => {
    answer = { headers: { 'content-type': type }, body: bytes };
    expect((await failureOf(photo())).code).toBe('ERR_GRAPH_REFUSED');
  });

  it('returns 4 MiB and refuses one byte more', async () => {
    const headers = { 'content-type': 'image/png' };
    answer = { headers, body: Buffer.alloc(4 * 1024 * 1024) };
    expect((await photo())?.bytes).toHaveLength(4 * 1024 * 1024);
    answer = { headers, body: Buffer.alloc(4 * 1024 * 1024 + 1) };
    const failure = await failureOf(photo());
    expect(failure).toBeInstanceOf(AppError);
    expect(failure.code).toBe('ERR_GRAPH_REFUSED');
  });
});

describe('callApi', () => {
  const access = { accessToken: 'a-token', scopes: ['User.Read'] };

  /** What the API met, when it is called with `call` below `/v1.0`. */
  async function met(call: Omit<Parameters<typeof callApi>[0], 'baseUrl'>) {
    const requests: IncomingMessage[] = [];
    const answer = await whileAnswering(
      (request, response) => {
        requests.push(request);
        response.end('{}');
      },
      async (port) => {
        const baseUrl = `http://127.0.0.1:${port}/v1.0`;
        const work = callApi({ baseUrl, ...call }, access, longEnough());
        return work.then(
          ({ status }) => status,
          (error: unknown) => error,
        );
      },
    );
    return { answer, requests };
  }

  it.each(['Authorization', 'authorization', 'AUTHORIZATION'])(
    'sends our token alone where the handler gives a header %s of its own',
    async (name) => {
      const { requests } = await met({
        path: '/me',
        headers: { [name]: 'Basic YTpi', 'X-A': '1' },
      });
      expect(requests[0]?.headers).toMatchObject({ authorization: 'Bearer a-token', 'x-a': '1' });
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
  ])('sends nothing to %j, which is not below the base URL', async (path) => {
    const { answer, requests } = await met({ path });
    expect(answer).toMatchObject({ name: 'TypeError' });
    expect(requests).toEqual([]);
  });

  it.each([
    ['//evil.example/me', '/v1.0//evil.example/me'],
    ['/users/..%2fbeta?$select=a/../b', '/v1.0/users/..%2fbeta?$select=a/../b'],
  ])('keeps %s below the base URL', async (path, sent) => {
    const { requests } = await met({ path });
    expect(requests.map(({ url }) => url)).toEqual([sent]);
  });

  it.each([
    ['a header that cannot be sent', { headers: { 'X-A': 'a\r\nX-B: c' } }],
    ['a method that is none', { method: 'GE T' }],
    ['a body with GET', { body: '{}' }],
  ])('does not blame the API for %s', async (_name, call) => {
    const { answer, requests } = await met({ path: '/me', ...call });
    expect(answer).toMatchObject({ name: 'TypeError' });
    expect(requests).toEqual([]);
  });
});
