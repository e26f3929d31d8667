import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RelyingParty } from '../../src/entra/msal';
import { AppError, StepUpError } from '../../src/errors';
import { type FinishedSignIn, finishSignIn } from '../../src/sign-in/finish';
import type { Api } from '../../src/tokens/apis';
import { type Apis, createApiCaller, createApis } from '../../src/tokens/call-api';
import {
  createRolesOf,
  type GroupRolesOption,
  readGroupRoles,
  readPhoto,
  readProfile,
  type RolesOf,
} from '../../src/tokens/graph';
import {
  adaClaims,
  createRelyingParty,
  failureOf,
  graphOf,
  longEnough,
  ownAttempt,
  printed,
  tokenBody,
} from '../support/auth-fixture';
import { stopClockAt } from '../support/fixed-clock';
import { start } from '../support/session-fixture';
import { startTinyProvider, type TinyProvider } from '../support/tiny-provider';

interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly hangs?: boolean;
}

let server: Server;
let baseUrl: string;
let apis: Apis;
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
  apis = createGraph();
});
afterEach(async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
});

/** Graph, as one instance sees it. */
function createGraph(): Apis {
  const api: Api = {
    name: 'graph',
    baseUrl,
    scopes: ['User.Read'],
    appScope: 'https://graph.microsoft.com/.default',
    consentAtSignIn: false,
    maxAnswerBytes: undefined,
    proxy: undefined,
  };
  return createApis([api], () => now);
}

/** The calls of one request. */
const asking =
  (signal = longEnough(), token = accessToken, of = apis) =>
  (path: string, accept: string) =>
    createApiCaller({
      apis: of,
      appTokens: { ofApp: fail, onBehalfOf: fail },
      userToken: () => Promise.resolve(token),
      trace: {},
      signal,
    }).callApi('graph', path, { headers: { accept } });
const fail = () => Promise.reject(new Error('nobody asks for a token of the app'));

const me = (signal = longEnough()) => readProfile(asking(signal));
const photo = () => readPhoto(asking());
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
    expect((await failureOf(profile(value))).code).toBe('ERR_API_REFUSED');
  });

  it.each<[string, string, Answer]>([
    ['no JSON', 'ERR_API_REFUSED', { body: '<html>' }],
    ['more than 64 KB', 'ERR_API_REFUSED', { body: ' '.repeat(64 * 1024 + 1) }],
    ['404', 'ERR_API_REFUSED', { status: 404 }],
    ['400', 'ERR_API_REFUSED', { status: 400 }],
    ['401 without challenge', 'ERR_API_REFUSED', { status: 401 }],
    [
      '401 with another challenge',
      'ERR_API_REFUSED',
      { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } },
    ],
    ['403', 'ERR_API_REFUSED', { status: 403 }],
    [
      'a redirect, which is not followed',
      'ERR_API_REFUSED',
      { status: 302, headers: { location: '/v1.0/elsewhere' } },
    ],
    ['429', 'ERR_API_UNAVAILABLE', { status: 429, headers: { 'retry-after': '4' } }],
    ['500', 'ERR_API_UNAVAILABLE', { status: 500 }],
    ['503', 'ERR_API_UNAVAILABLE', { status: 503, headers: { 'retry-after': '4' } }],
    ['504', 'ERR_API_UNAVAILABLE', { status: 504 }],
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
    expect((await failureOf(me())).code).toBe('ERR_API_UNAVAILABLE');
    expect(requests).toHaveLength(4);
  });

  it('passes a longer time on at once', async () => {
    answer = { status: 429, headers: { 'retry-after': '60' } };
    const failure = await failureOf(me());
    expect([failure.code, failure.retryAfterSeconds]).toEqual(['ERR_API_UNAVAILABLE', 60]);
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
    expect([failure.code, failure.retryAfterSeconds]).toEqual(['ERR_API_UNAVAILABLE', 15]);
    expect(requests).toHaveLength(2);
    expect((await readProfile(asking(longEnough(), 'of-another'))).id).toBe('id-of-ada');
    now += 15;
    expect((await me()).id).toBe('id-of-ada');
  });

  it('shares no pause with another instance', async () => {
    answer = { status: 429, headers: { 'retry-after': '60' } };
    await failureOf(me());
    answer = { body: JSON.stringify({ id: 'id-of-ada' }) };
    const other = asking(longEnough(), accessToken, createGraph());
    expect((await readProfile(other)).id).toBe('id-of-ada');
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
    expect([late.code, gone.code]).toEqual(['ERR_API_UNAVAILABLE', 'ERR_API_UNAVAILABLE']);
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
    expect((await failureOf(photo())).code).toBe('ERR_API_REFUSED');
  });

  it('returns 4 MiB and refuses one byte more', async () => {
    const headers = { 'content-type': 'image/png' };
    answer = { headers, body: Buffer.alloc(4 * 1024 * 1024) };
    expect((await photo())?.bytes).toHaveLength(4 * 1024 * 1024);
    answer = { headers, body: Buffer.alloc(4 * 1024 * 1024 + 1) };
    const failure = await failureOf(photo());
    expect(failure).toBeInstanceOf(AppError);
    expect(failure.code).toBe('ERR_API_REFUSED');
  });
});

const readers = '0a4d6f1c-8b1e-4c57-9d7e-2f1b3c5d7e90';
const approvers = '5e2b9c34-1f6a-4d0b-8c3e-7a9b1c2d3e4f';
const guidOf = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

describe('readGroupRoles', () => {
  it('takes ids in any case, and one role or a list', () => {
    const map = readGroupRoles({ [readers.toUpperCase()]: 'reader', [approvers]: ['a', 'b'] });
    expect([...map]).toEqual([
      [readers, ['reader']],
      [approvers, ['a', 'b']],
    ]);
  });

  it.each([
    ['the name of a group', { Readers: 'reader' }],
    ['braces around an id', { [`{${readers}}`]: 'reader' }],
    ['an empty role', { [readers]: '' }],
    ['no role', { [readers]: [] }],
    ['a role that is no text', { [readers]: [7] }],
    ['a role longer than any other', { [readers]: 'a'.repeat(257) }],
    [
      'too many groups',
      Object.fromEntries(Array.from({ length: 201 }, (_, index) => [guidOf(index), 'reader'])),
    ],
  ])('refuses %s', (_what, option) => {
    const read = () => readGroupRoles(option as Record<string, string>);
    expect(read).toThrow(TypeError);
    expect(read).toThrow(/^groupRoles/);
  });
});

describe('the roles of a user', () => {
  let tiny: TinyProvider;
  let auth: RelyingParty;
  /** The ids that Graph was asked about, by request. */
  let asked: string[][];

  beforeEach(async () => {
    // MSAL looks at the system's clock.
    stopClockAt(start);
    tiny = await startTinyProvider();
    auth = createRelyingParty(tiny, () => start);
    asked = [];
  });
  afterEach(() => tiny.stop());

  /** A sign-in of Ada with these claims beside her usual ones; `admin` is her role. */
  async function signIn(claims: Record<string, unknown>): Promise<FinishedSignIn> {
    const attempt = ownAttempt(start);
    const { nonce } = attempt;
    const idToken = await tiny.sign({ ...adaClaims(tiny, start), nonce, ...claims });
    tiny.token = () => ({ body: tokenBody(idToken) });
    const callback = { kind: 'code', state: undefined, issuer: undefined, code: 'c' } as const;
    return finishSignIn(auth, attempt, callback, { now: start, signal: longEnough() });
  }

  const option: GroupRolesOption = { [readers]: 'reader', [approvers]: ['reader', 'approver'] };

  function rolesOf(groupRoles: GroupRolesOption, graph = graphOf(tiny)): RolesOf | undefined {
    const apis = createApis([graph], () => start);
    return createRolesOf({ relyingParty: auth, apis, groupRoles: readGroupRoles(groupRoles) });
  }

  async function rolesWith(claims: Record<string, unknown>, { groupRoles = option } = {}) {
    const finished = await signIn(claims);
    const found = await rolesOf(groupRoles)?.(finished, start, longEnough());
    return found ?? { roles: [], tokenCache: '' };
  }

  /** Graph knows that the user is in these groups. */
  function memberOf(...groups: string[]): void {
    tiny.answers.set('/me/checkMemberObjects', (body) => {
      const { ids } = JSON.parse(body) as { ids: string[] };
      asked.push(ids);
      return { body: { value: ids.filter((id) => groups.includes(id)) } };
    });
  }

  const overage = {
    _claim_names: { groups: 'src1' },
    _claim_sources: { src1: { endpoint: 'https://evil.example/getMemberObjects' } },
  };

  it.each([
    ['those of the token alone without a group', {}, ['admin']],
    ['those of the token alone for a group that nobody named', { groups: [guidOf(1)] }, ['admin']],
    ['one more for a group', { groups: [readers] }, ['admin', 'reader']],
    [
      'each once, in whatever case the ids are',
      { groups: [approvers.toUpperCase(), readers] },
      ['admin', 'reader', 'approver'],
    ],
    ['no group for a name of one', { groups: ['reader'] }, ['admin']],
  ])('are %s', async (_what, claims, roles) => {
    expect((await rolesWith(claims)).roles).toEqual(roles);
    expect(tiny.count('/me/checkMemberObjects')).toBe(0);
  });

  it.each([
    ['_claim_names', overage],
    ['hasgroups', { hasgroups: true }],
    ['hasgroups as a text', { hasgroups: 'true' }],
  ])('come from Graph where %s says that there are too many groups', async (_what, claims) => {
    memberOf(approvers);
    const { roles } = await rolesWith(claims);
    expect(roles).toEqual(['admin', 'reader', 'approver']);
    expect(asked).toEqual([[readers, approvers]]);
  });

  it('are asked of Graph for twenty groups at once, which is the most that it takes', async () => {
    const all = Array.from({ length: 45 }, (_, index) => guidOf(index));
    memberOf(guidOf(0), guidOf(44));
    const groupRoles = Object.fromEntries(all.map((id, index) => [id, `role-${index}`]));
    const { roles } = await rolesWith(overage, { groupRoles });
    expect(roles).toEqual(['admin', 'role-0', 'role-44']);
    expect(asked.map(({ length }) => length).sort()).toEqual([20, 20, 5]);
  });

  it('need neither claims nor Graph where the app names no group', () => {
    expect(rolesOf({})).toBeUndefined();
  });

  it('are asked with a token for Graph, which a sign-in without any API fetches first', async () => {
    memberOf(readers);
    const finished = await signIn(overage);
    // The sign-in brought a token for another API.
    const tokenCache = finished.tokenCache.replaceAll(/user\.read/gi, 'api://orders/Read');
    tiny.token = () => ({
      body: tokenBody('', { access_token: 'graph-token', id_token: undefined }),
    });
    const ask = rolesOf(option, { ...graphOf(tiny), scopes: [] });
    const found = await ask?.({ ...finished, tokenCache }, start, longEnough());
    expect(found?.roles).toEqual(['admin', 'reader']);
    expect(tiny.forms.at(-1)?.get('scope')).toMatch(/^User\.Read /);
    // It is kept, so that it need not be fetched again.
    expect(found?.tokenCache).toContain('graph-token');
  });

  it.each([
    ['a text', { groups: readers }],
    ['numbers', { groups: [7] }],
    ['no object of names', { _claim_names: 'groups' }],
  ])('are not guessed from %s', async (_what, claims) => {
    const failure = await failureOf(rolesWith(claims));
    expect(failure).toMatchObject({
      code: 'ERR_ID_TOKEN',
      note: 'the ID token failed the check of groups',
    });
  });

  it.each([
    ['busy', { status: 429, headers: { 'retry-after': '30' }, body: {} }, 'UNAVAILABLE', 30],
    ['failing', { status: 500, body: {} }, 'UNAVAILABLE', 10],
    ['refusing', { status: 403, body: {} }, 'REFUSED', undefined],
    ['refusing the token', { status: 401, body: {} }, 'REFUSED', undefined],
    ['without such a user', { status: 404, body: {} }, 'REFUSED', undefined],
    ['redirecting', { status: 302, headers: { location: '/' }, body: {} }, 'REFUSED', undefined],
    ['talking of something else', { body: { groups: [readers] } }, 'REFUSED', undefined],
    ['no JSON', { body: '<html>' }, 'REFUSED', undefined],
    ['endless', { body: JSON.stringify({ value: ['a'.repeat(20_000)] }) }, 'REFUSED', undefined],
  ])('are unknown with Graph %s', async (_what, answer, end, retryAfterSeconds) => {
    tiny.answers.set('/me/checkMemberObjects', answer);
    const failure = await failureOf(rolesWith(overage));
    expect(failure).toMatchObject({ code: `ERR_GROUPS_${end}`, retryAfterSeconds });
  });

  it('are unknown when Graph does not answer in its part of the time', async () => {
    jest.useFakeTimers({
      ...{ now: start * 1000, doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] },
    });
    const reached = Promise.withResolvers<undefined>();
    tiny.answers.set('/me/checkMemberObjects', () => {
      reached.resolve(undefined);
      return { body: {}, hangs: true };
    });
    const failure = failureOf(rolesWith(overage));
    await reached.promise;
    await jest.advanceTimersByTimeAsync(3_000);
    expect((await failure).code).toBe('ERR_GROUPS_UNAVAILABLE');
  });
});
