import { seedUsers } from '../../../local/entra/registrations';
import { TestBrowser, words } from '../../support/test-browser';
import {
  createAttempt,
  createPlainBrowser,
  locationOf,
  pick,
  signIn,
  textOf,
} from '../entra/entra-client';
import { act, control, type StandIns, startStandIns, tenantId } from '../start-stand-ins';

const [admin, plain, , , , guest] = seedUsers(tenantId).map(({ objectId }) => objectId) as [
  ...[string, string, string, string, string, string],
];

let standIns: StandIns;
let token: string;

beforeAll(async () => {
  const orders = {
    uri: 'api://orders',
    clientId: crypto.randomUUID(),
    tokenVersion: null,
  } as const;
  standIns = await startStandIns({ apis: [orders] });
  token = await tokenOf(admin);
});
afterAll(() => standIns.stop());
beforeEach(async () => {
  await act(standIns.entra.url, 'reset');
  await act(standIns.graph.url, 'reset');
});

async function tokenOf(objectId: string, scope?: string): Promise<string> {
  const changes = scope === undefined ? {} : { scope };
  return textOf(await signIn(standIns.entra.url, objectId, changes), 'access_token');
}

/** Agrees to a scope on the consent page. */
async function agree(objectId: string, scope: string): Promise<void> {
  const browser = createPlainBrowser();
  const { url } = createAttempt(standIns.entra.url, { scope: `openid User.Read ${scope}` });
  const consent = locationOf(await pick(browser, url, objectId));
  await browser.post(consent, { consent: 'accept' });
}

function ask(path: string, bearer = token, init: RequestInit = {}): Promise<Response> {
  const headers = { Authorization: `Bearer ${bearer}`, 'client-request-id': 'my-request' };
  return fetch(standIns.graph.baseUrl + path, { headers, ...init });
}

async function errorOf(response: Response): Promise<{ status: number; code: unknown }> {
  const { error } = (await response.json()) as { error: { code: unknown } };
  return { status: response.status, code: error.code };
}

describe('GET /me', () => {
  it('answers the whole profile', async () => {
    const response = await ask('/me');
    expect(response.headers.get('content-type')).toBe(
      'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
    );
    expect(await response.json()).toEqual({
      '@odata.context': `${standIns.graph.baseUrl}/$metadata#users/$entity`,
      businessPhones: ['+49 30 5550100'],
      displayName: 'Ines Okafor',
      givenName: 'Ines',
      jobTitle: 'Identity administrator',
      mail: 'ines@anteroom.example',
      mobilePhone: '+49 30 5550101',
      officeLocation: 'Berlin 4/12',
      preferredLanguage: 'en-GB',
      surname: 'Okafor',
      userPrincipalName: 'ines@anteroom.example',
      id: admin,
    });
  });

  it('answers what $select names', async () => {
    expect(await (await ask('/me?$select=displayName,mail')).json()).toEqual({
      '@odata.context': `${standIns.graph.baseUrl}/$metadata#users(displayName,mail)/$entity`,
      displayName: 'Ines Okafor',
      mail: 'ines@anteroom.example',
    });
  });

  it('refuses an unknown property', async () => {
    expect(await errorOf(await ask('/me?$select=shoeSize'))).toEqual({
      status: 400,
      code: 'Request_BadRequest',
    });
  });

  it('knows no other path and no other method', async () => {
    expect(await errorOf(await ask('/users'))).toEqual({ status: 404, code: 'BadRequest' });
    expect((await ask('/me', token, { method: 'DELETE' })).status).toBe(405);
  });
});

it.each(['/me', '/users'])('answers %s with the headers of Microsoft Graph', async (path) => {
  const { headers } = await ask(path);
  expect(headers.get('request-id')).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(headers.get('client-request-id')).toBe('my-request');
  expect(JSON.parse(headers.get('x-ms-ags-diagnostic') ?? '')).toHaveProperty('ServerInfo');
  expect(headers.get('x-ms-resource-unit')).toBe('1');
  expect(headers.get('odata-version')).toBe('4.0');
  expect(headers.get('strict-transport-security')).toContain('max-age=');
});

describe('GET /me/memberOf', () => {
  it('lists groups by id and type alone for User.Read, as Graph does', async () => {
    const response = await ask('/me/memberOf');
    const body = (await response.json()) as { value: Record<string, unknown>[] };
    expect(body).toMatchObject({
      '@odata.context': `${standIns.graph.baseUrl}/$metadata#directoryObjects`,
    });
    expect(body.value).toHaveLength(2);
    for (const group of body.value) {
      expect(group).toMatchObject({ '@odata.type': '#microsoft.graph.group', displayName: null });
      expect(group['id']).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    }
  });

  it.each(['GroupMember.Read.All', 'https://graph.microsoft.com/Directory.Read.All'])(
    'tells what they are with %s',
    async (scope) => {
      await agree(admin, scope);
      const bearer = await tokenOf(admin, `openid User.Read ${scope}`);
      expect(await (await ask('/me/memberOf', bearer)).json()).toMatchObject({
        value: [
          { displayName: 'Identity team', securityEnabled: true, mailNickname: 'identityteam' },
          { displayName: 'All staff', securityEnabled: true, mailNickname: 'allstaff' },
        ],
      });
    },
  );

  it('answers what $select names', async () => {
    const body: unknown = await (await ask('/me/memberOf?$select=id, displayName')).json();
    expect(body).toMatchObject({
      '@odata.context': `${standIns.graph.baseUrl}/$metadata#directoryObjects(id,displayName)`,
    });
    const { value } = body as { value: object[] };
    expect(value.map((group) => Object.keys(group))).toEqual([
      ['@odata.type', 'id', 'displayName'],
      ['@odata.type', 'id', 'displayName'],
    ]);
    expect((await ask('/me/memberOf?$select=shoeSize')).status).toBe(400);
  });

  it('is an empty list for who is in no group', async () => {
    const bearer = await tokenOf(guest);
    expect(await (await ask('/me/memberOf', bearer)).json()).toMatchObject({ value: [] });
  });
});

describe('groups', () => {
  const groups = (change: object) => control(standIns.entra.url, { users: { [admin]: change } });
  const post = (path: string, body: unknown, bearer = token) =>
    ask(path, bearer, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' },
    });
  const idsOf = async (response: Response) =>
    ((await response.json()) as { value: string[] }).value;

  interface Page {
    readonly value: readonly { readonly id: string }[];
    readonly '@odata.nextLink'?: string;
  }

  it.each<[string, string, number[]]>([
    ['memberOf', '', [100, 100, 52]],
    ['transitiveMemberOf', '', [100, 100, 53]],
    ['transitiveMemberOf', '?$top=200', [200, 53]],
    ['transitiveMemberOf', '?$top=999&$select=id', [253]],
  ])('of /me/%s%s come page by page', async (path, query, sizes) => {
    await groups({ groupCount: 250 });
    const seen = new Set<string>();
    const pages: number[] = [];
    let next: string | undefined = `/me/${path}${query}`;
    while (next !== undefined) {
      const page = (await (await ask(next)).json()) as Page;
      pages.push(page.value.length);
      for (const { id } of page.value) seen.add(id);
      next = page['@odata.nextLink']?.replace(standIns.graph.baseUrl, '');
    }
    expect(pages).toEqual(sizes);
    expect(seen.size).toBe(sizes.reduce((sum, size) => sum + size, 0));
  });

  it.each(['?$top=1000', '?$top=0', '?$skiptoken=made-up'])('refuse the page %s', async (query) => {
    expect(await errorOf(await ask(`/me/memberOf${query}`))).toEqual({
      ...{ status: 400, code: 'BadRequest' },
    });
  });

  it('are all told by getMemberObjects, also those that come through another group', async () => {
    const few = await post('/me/getMemberObjects', { securityEnabledOnly: true });
    expect(await few.clone().json()).toMatchObject({
      '@odata.context': `${standIns.graph.baseUrl}/$metadata#Collection(Edm.String)`,
    });
    expect(await idsOf(few)).toHaveLength(3);
    await groups({ groupCount: 300 });
    const many = await post('/me/getMemberGroups', { securityEnabledOnly: false });
    expect(await idsOf(many)).toHaveLength(303);
    await groups({ groupCount: 11_000 });
    const tooMany = await post('/me/getMemberObjects', { securityEnabledOnly: true });
    expect(await errorOf(tooMany)).toEqual({
      ...{ status: 400, code: 'Directory_ResultSizeLimitExceeded' },
    });
  });

  it('are checked by checkMemberGroups, at most twenty, for who may read groups', async () => {
    const [first = '', second = ''] = await idsOf(
      await post('/me/getMemberObjects', { securityEnabledOnly: true }),
    );
    const other = crypto.randomUUID();
    const groupIds = [second, other, first];
    const refused = await post('/me/checkMemberGroups', { groupIds });
    expect(await errorOf(refused)).toEqual({
      ...{ status: 403, code: 'Authorization_RequestDenied' },
    });
    const objects = await post('/me/checkMemberObjects', { ids: groupIds });
    expect(await idsOf(objects)).toEqual([second, first]);
    await agree(admin, 'GroupMember.Read.All');
    const bearer = await tokenOf(admin, 'openid User.Read GroupMember.Read.All');
    expect(await idsOf(await post('/me/checkMemberGroups', { groupIds }, bearer))).toEqual([
      second,
      first,
    ]);
    const tooMany = Array.from({ length: 21 }, () => crypto.randomUUID());
    for (const each of [tooMany, ['no id'], undefined]) {
      const response = await post('/me/checkMemberGroups', { groupIds: each }, bearer);
      expect(response.status).toBe(400);
    }
  });

  it.each<[string, RequestInit]>([
    ['no body', { method: 'POST' }],
    ['a form', { method: 'POST', body: new URLSearchParams({ securityEnabledOnly: 'true' }) }],
    ['a text', { method: 'POST', body: '{"securityEnabledOnly":"yes"}' }],
  ])('are not told for %s', async (_, init) => {
    const headers = { Authorization: `Bearer ${token}` };
    expect((await ask('/me/getMemberObjects', token, { headers, ...init })).status).toBe(400);
  });
});

describe('GET /me/photo/$value', () => {
  it('answers a JPEG for who has a photo', async () => {
    const response = await ask('/me/photo/$value');
    expect(response.headers.get('content-type')).toBe('image/jpeg');
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.subarray(0, 3).toString('hex')).toBe('ffd8ff');
    expect(bytes.subarray(-2).toString('hex')).toBe('ffd9');
  });

  it('answers 404 for who has none, with one after the other of the codes that Graph has', async () => {
    const bearer = await tokenOf(plain);
    const codes: unknown[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      const { status, code } = await errorOf(await ask('/me/photo/$value', bearer));
      expect(status).toBe(404);
      codes.push(code);
    }
    expect(new Set(codes)).toEqual(
      new Set([
        ...['ImageNotFound', 'ErrorEntityNotFound', 'ErrorItemNotFound', 'GetUserPhoto'],
        'ResourceNotFound',
      ]),
    );
    expect(codes[5]).toBe(codes[0]);
  });
});

describe('access tokens', () => {
  const corrupt = (jwt: string) => jwt.replace(/[^.]{20}$/, 'A'.repeat(20));

  it.each<[string, () => Promise<string> | string]>([
    ['none', () => ''],
    ['no JWT', () => 'not-a-token'],
    ['one with another signature', () => corrupt(token)],
    ['an ID token', async () => textOf(await signIn(standIns.entra.url, admin), 'id_token')],
    ['one that is expired', expiredToken],
    ['one signed by a key that is gone', tokenOfOldKey],
  ])('%s: 401 InvalidAuthenticationToken', async (_, bearer) => {
    const response = await ask('/me', await bearer());
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer realm="", /);
    expect(await errorOf(response)).toEqual({ status: 401, code: 'InvalidAuthenticationToken' });
  });

  it('without the scope User.Read: 403', async () => {
    const response = await ask('/me', await tokenOf(plain, 'openid profile'));
    expect(await errorOf(response)).toEqual({ status: 403, code: 'Authorization_RequestDenied' });
  });

  it('of another audience: 401', async () => {
    const other = await startStandIns({ graphAudience: 'https://other.example' });
    try {
      const foreign = textOf(await signIn(other.entra.url, admin), 'access_token');
      expect((await ask('/me', foreign)).status).toBe(401);
      const headers = { Authorization: `Bearer ${foreign}` };
      expect((await fetch(`${other.graph.baseUrl}/me`, { headers })).status).toBe(200);
    } finally {
      await other.stop();
    }
  });

  it.each(['twice', 'twin'])('signed by a key that is listed %s: 200', async (keyList) => {
    await control(standIns.entra.url, { keyList });
    await act(standIns.entra.url, 'rotate-keys');
    token = await tokenOf(admin);
    expect((await ask('/me')).status).toBe(200);
  });

  it('for an API of one’s own: 401', async () => {
    const scope = 'api://orders/Orders.Read';
    await agree(plain, scope);
    expect((await ask('/me', await tokenOf(plain, `openid ${scope}`))).status).toBe(401);
  });

  it('signed by a key that is new: 200', async () => {
    await act(standIns.entra.url, 'rotate-keys');
    token = await tokenOf(admin);
    expect((await ask('/me')).status).toBe(200);
  });

  async function expiredToken(): Promise<string> {
    await control(standIns.entra.url, { accessTokenSeconds: 0 });
    return tokenOf(admin);
  }

  async function tokenOfOldKey(): Promise<string> {
    const old = token;
    await act(standIns.entra.url, 'rotate-keys');
    await act(standIns.entra.url, 'retire-keys');
    token = await tokenOf(admin);
    expect((await ask('/me')).status).toBe(200);
    return old;
  }
});

describe('faults', () => {
  it.each([
    [
      'unquoted',
      /^Bearer realm="", authorization_uri=https:[^", ]+, client_id="[^"]+", error="insufficient_claims", claims="[^"]+", errorDescription="[^"]+"$/,
    ],
    [
      'quoted',
      /^Bearer realm="", authorization_uri="https:[^"]+", client_id="[^"]+", errorDescription="[^"]+", error="insufficient_claims", claims="[^"]+"$/,
    ],
    [
      'two-headers',
      /^PoP realm="", nonce="[^"]+", Bearer realm="".*, cc_type="authcontext", claims="[^"]+", error="insufficient_claims"$/,
    ],
  ])('answers a claims challenge in the form %s, once', async (challengeForm, form) => {
    await control(standIns.graph.url, { answer: 'claims-challenge', times: 1, challengeForm });
    const response = await ask('/me');
    expect(await errorOf(response)).toEqual({ status: 401, code: 'InvalidAuthenticationToken' });
    const challenge = response.headers.get('www-authenticate') ?? '';
    expect(challenge).toMatch(form);
    const claims = /claims="([^"]+)"/.exec(challenge)?.[1] ?? '';
    expect(JSON.parse(Buffer.from(claims, 'base64').toString())).toMatchObject({
      access_token: { nbf: { essential: true } },
    });
    expect((await ask('/me')).status).toBe(200);
  });

  it.each([
    ['forbidden', 403, 'Authorization_RequestDenied', null],
    ['not-found', 404, 'Request_ResourceNotFound', null],
    ['too-many-requests', 429, 'TooManyRequests', '7'],
    ['too-many-requests', 429, 'TooManyRequests', null, 'none'],
    ['error', 500, 'generalException', null],
    ['unavailable', 503, 'serviceNotAvailable', null],
    ['unavailable', 503, 'serviceNotAvailable', '3', '3'],
    ['gateway-timeout', 504, 'UnknownError', null],
  ])('%s: %i %s, Retry-After %s', async (answer, status, code, retryAfter, ordered = 'usual') => {
    await control(standIns.graph.url, { answer, retryAfter: ordered });
    const response = await ask('/me');
    expect(response.headers.get('retry-after')).toBe(retryAfter);
    const body = (await response.json()) as { error: { innerError: object } };
    expect(response.status).toBe(status);
    expect(body).toMatchObject({
      error: { code, innerError: { 'client-request-id': 'my-request' } },
    });
  });

  it('no-photo: 404 for the photo, and nothing else', async () => {
    await control(standIns.graph.url, { answer: 'no-photo' });
    expect(await errorOf(await ask('/me/photo/$value'))).toMatchObject({ status: 404 });
    expect((await ask('/me')).status).toBe(200);
  });

  it.each(['error', 'garbage'])('outage %s is not what Graph answers', async (outage) => {
    await control(standIns.graph.url, { outage });
    const response = await ask('/me');
    expect(response.status).toBe(outage === 'error' ? 500 : 200);
    await expect(response.json()).rejects.toThrow();
  });

  it('delays an answer', async () => {
    await control(standIns.graph.url, { delayMs: 200 });
    const begun = performance.now();
    expect((await ask('/me')).status).toBe(200);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(190);
  });

  it('never answers while it hangs', async () => {
    await control(standIns.graph.url, { outage: 'hang' });
    const signal = AbortSignal.timeout(200);
    await expect(ask('/me', token, { signal })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });

  it('drops the connection', async () => {
    await control(standIns.graph.url, { outage: 'drop' });
    await expect(ask('/me')).rejects.toThrow('fetch failed');
  });
});

describe('the control page', () => {
  const page = () => `${standIns.graph.url}/control`;
  const submit = (form: Record<string, string>) =>
    new TestBrowser().open(`${page()}/answers`, { method: 'POST', form, from: new URL(page()) });

  it('orders an answer, late, for some requests, and takes it back', async () => {
    const shown = await submit({
      ...{ answer: 'too-many-requests', outage: 'none', delayMs: '50', times: '1' },
      ...{ retryAfter: '60', challengeForm: 'quoted' },
    });
    expect(shown.url.href).toBe(page());
    expect(shown.text).toContain('<option value="too-many-requests" selected>');
    const begun = performance.now();
    expect((await ask('/me')).headers.get('retry-after')).toBe('60');
    expect(performance.now() - begun).toBeGreaterThanOrEqual(45);
    expect((await ask('/me')).status).toBe(200);
    await new TestBrowser().open(`${page()}/reset`, {
      ...{ method: 'POST', form: {}, from: new URL(page()) },
    });
    expect(await (await fetch(page())).json()).toMatchObject({ answer: 'usual', times: null });
  });

  it('says why it does not take a form', async () => {
    const fields = { answer: 'usual', challengeForm: 'unquoted', outage: 'none', times: '' };
    const answer = await submit({ ...fields, delayMs: 'late' });
    expect(answer.status).toBe(400);
    expect(words(answer.text)).toContain(
      'Not accepted. Possible values: a whole number, 0 or more.',
    );
  });
});
