import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError, StepUpError } from '../../src/errors';
import { readPhoto, readProfile } from '../../src/tokens/graph-profile';
import { failureOf, longEnough, printed } from '../support/auth-fixture';
import { stopClockAt } from '../support/fixed-clock';

interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly hangs?: boolean;
}

let server: Server;
let baseUrl: string;
let answer: Answer;
/** Given before `answer`, one by one. */
let answers: Answer[];
let requests: { url: string; authorization: string | undefined }[];
const accessToken = 'the-access-token';

beforeEach(async () => {
  requests = [];
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
});
afterEach(async () => {
  jest.useRealTimers();
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
});

const access = (signal = longEnough()) => ({
  baseUrl,
  accessToken,
  scopes: ['User.Read'],
  signal,
});
const profile = (value: unknown) => {
  answer = { body: JSON.stringify(value) };
  return readProfile(access());
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
    const failure = await failureOf(readProfile(access()));
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
    expect((await failureOf(readProfile(access()))).note).toMatch(
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
    const failure = await failureOf(readProfile(access()));
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
    expect(await failureOf(readProfile(access()))).toBeInstanceOf(StepUpError);
  });

  it.each([429, 503])('asks once more when Graph names a short time with %d', async (status) => {
    const busy = { status, headers: { 'retry-after': '0' } };
    answers = [busy, { body: JSON.stringify({ id: 'id-of-ada' }) }];
    expect((await readProfile(access())).id).toBe('id-of-ada');
    answers = [busy, busy, { body: JSON.stringify({ id: 'id-of-ada' }) }];
    expect((await failureOf(readProfile(access()))).code).toBe('ERR_GRAPH_UNAVAILABLE');
    expect(requests).toHaveLength(4);
  });

  it('passes a longer time on at once', async () => {
    answer = { status: 429, headers: { 'retry-after': '60' } };
    const failure = await failureOf(readProfile(access()));
    expect([failure.code, failure.retryAfterSeconds]).toEqual(['ERR_GRAPH_UNAVAILABLE', 60]);
    expect(requests).toHaveLength(1);
  });

  it('sends nothing more with this token for this path before that time is over', async () => {
    stopClockAt(1_800_000_000);
    const busy = { ...access(), accessToken: 'token-of-a-busy-user' };
    // The answer to the second try counts, too.
    answers = [{ status: 503, headers: { 'retry-after': '0' } }];
    answer = { status: 429, headers: { 'retry-after': '60' } };
    await failureOf(readProfile(busy));
    expect(requests).toHaveLength(2);
    answer = { body: JSON.stringify({ id: 'id-of-ada' }) };
    stopClockAt(1_800_000_045);
    const failure = await failureOf(readProfile(busy));
    expect([failure.code, failure.retryAfterSeconds]).toEqual(['ERR_GRAPH_UNAVAILABLE', 15]);
    expect(requests).toHaveLength(2);
    expect((await readProfile({ ...busy, accessToken: 'of-another' })).id).toBe('id-of-ada');
    stopClockAt(1_800_000_060);
    expect((await readProfile(busy)).id).toBe('id-of-ada');
  });

  it('asks once more soon where Graph names no time', async () => {
    answers = [{ status: 503 }, { body: JSON.stringify({ id: 'id-of-ada' }) }];
    expect((await readProfile(access())).id).toBe('id-of-ada');
    answer = { status: 503 };
    expect((await failureOf(readProfile(access()))).retryAfterSeconds).toBe(10);
    expect(requests).toHaveLength(4);
  });

  it('asks no second time when the deadline comes before the time that Graph names', async () => {
    answer = { status: 503, headers: { 'retry-after': '3' } };
    const impatient = AbortSignal.timeout(1_000);
    expect((await failureOf(readProfile(access(impatient)))).retryAfterSeconds).toBe(3);
    expect(requests).toHaveLength(1);
  });

  it('is unavailable when nobody listens, and when the deadline passes', async () => {
    answer = { hangs: true };
    const late = await failureOf(readProfile(access(AbortSignal.timeout(50))));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const gone = await failureOf(readProfile(access()));
    expect([late.code, gone.code]).toEqual(['ERR_GRAPH_UNAVAILABLE', 'ERR_GRAPH_UNAVAILABLE']);
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
});

describe('readPhoto', () => {
  const bytes = Buffer.from([0xff, 0xd8, 0xff, 0x00]);

  it.each(['image/jpeg', 'image/png', 'image/gif', 'image/webp'])('returns %s', async (type) => {
    answer = { headers: { 'content-type': `${type.toUpperCase()}; x=y` }, body: bytes };
    const photo = await readPhoto(access());
    expect(photo?.contentType).toBe(type);
    expect(Buffer.from(photo?.bytes ?? [])).toEqual(bytes);
    expect(requests[0]?.url).toBe('/v1.0/me/photo/$value');
  });

  it('is undefined when there is none', async () => {
    answer = { status: 404 };
    expect(await readPhoto(access())).toBeUndefined();
  });

  it.each(['image/svg+xml', 'text/html', 'application/json', ''])('refuses %j', async (type) => {
    answer = { headers: { 'content-type': type }, body: bytes };
    expect((await failureOf(readPhoto(access()))).code).toBe('ERR_GRAPH_REFUSED');
  });

  it('returns 4 MiB and refuses one byte more', async () => {
    const headers = { 'content-type': 'image/png' };
    answer = { headers, body: Buffer.alloc(4 * 1024 * 1024) };
    expect((await readPhoto(access()))?.bytes).toHaveLength(4 * 1024 * 1024);
    answer = { headers, body: Buffer.alloc(4 * 1024 * 1024 + 1) };
    const failure = await failureOf(readPhoto(access()));
    expect(failure).toBeInstanceOf(AppError);
    expect(failure.code).toBe('ERR_GRAPH_REFUSED');
  });
});
