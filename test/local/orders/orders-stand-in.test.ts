import { createHash } from 'node:crypto';
import { request as send } from 'node:http';
import { type OrdersStandIn, startOrdersStandIn } from '../../../local/orders/orders-stand-in';
import { TestBrowser } from '../../support/test-browser';
import { act, client, control, type StandIns, startStandIns, tenantId } from '../start-stand-ins';

const api = {
  uri: 'api://orders',
  clientId: 'a9900000-0000-4000-8000-0000000a0de5',
  tokenVersion: null,
  scopes: ['Orders.Read', 'Orders.Write'],
  appRoles: ['Orders.Read.All'],
} as const;
const own = { uri: `api://${client.id}`, clientId: client.id, tokenVersion: 2 } as const;

let standIns: StandIns;
let orders: OrdersStandIn;
let reader: string;
let writer: string;

beforeAll(async () => {
  standIns = await startStandIns({ apis: [api, own] });
  orders = await startOrdersStandIn({
    keysUrl: standIns.entra.keysUrl,
    issuers: [standIns.entra.issuer, `https://sts.windows.net/${tenantId}/`],
    audiences: [api.uri, api.clientId],
  });
  reader = await token({ user: 'ines@anteroom.example', scopes: ['Orders.Read'] });
  writer = await token({ user: 'ines@anteroom.example', scopes: ['Orders.Write'], version: 2 });
});
afterAll(async () => {
  await orders.stop();
  await standIns.stop();
});
beforeEach(() => act(orders.url, 'reset'));

async function token(order: object): Promise<string> {
  const response = await fetch(`${standIns.entra.url}/control/bearer-token`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ api: api.uri, ...order }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

function ask(path: string, init: RequestInit = {}, bearer = writer): Promise<Response> {
  const headers = {
    ...(init.headers as Record<string, string>),
    Authorization: `Bearer ${bearer}`,
  };
  return fetch(orders.url + path, { redirect: 'manual', ...init, headers });
}

interface Traffic {
  readonly traffic: { open: number; answered: number; left: number; last: { path: string }[] };
}

const traffic = async () =>
  ((await (await fetch(`${orders.url}/control`)).json()) as Traffic).traffic;

/** Asks again until the API has noticed that the caller has left. */
async function untilLeft(): Promise<void> {
  while ((await traffic()).left === 0) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('access tokens', () => {
  it.each<[string, object, number, string]>([
    ['expired', { seconds: -60 }, 401, 'error="invalid_token"'],
    ['for another API', { api: client.id }, 401, 'for another API'],
    ['of another issuer', { claims: { iss: 'https://evil.example/' } }, 401, 'another issuer'],
    ['of another key', { signing: 'foreign-key' }, 401, 'signature'],
    ['without a signature', { signing: 'none' }, 401, 'signature'],
    ['without a permission', { scopes: ['Other'] }, 403, 'error="insufficient_scope"'],
    ['of an app without a role', { user: undefined, roles: [] }, 403, 'insufficient_scope'],
    [
      "with a role of the person's, which is no application permission",
      { scopes: ['Other'], roles: ['Orders.Read.All'] },
      ...([403, 'insufficient_scope'] as const),
    ],
  ])('that are %s are refused', async (_, order, status, said) => {
    const bearer = await token({ user: 'ines@anteroom.example', ...order });
    const response = await ask('/latest', {}, bearer);
    expect(response.status).toBe(status);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer realm="orders", /);
    expect(response.headers.get('www-authenticate')).toContain(said);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });

  it('that are missing are refused without an error code (RFC 6750 section 3.1)', async () => {
    const response = await fetch(`${orders.url}/latest`);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="orders"');
  });

  it('allow reading or writing, for a person or an app, in either version', async () => {
    const app = await token({ roles: ['Orders.Read.All'] });
    for (const bearer of [reader, writer, app]) {
      expect((await ask('/latest', {}, bearer)).status).toBe(200);
    }
    const body = JSON.stringify({ item: 'Chair', quantity: 1 });
    for (const bearer of [reader, app]) {
      const refused = await ask('/orders', { method: 'POST', body }, bearer);
      expect(refused.status).toBe(403);
      expect(refused.headers.get('www-authenticate')).toContain('scope="Orders.Write"');
    }
    expect((await ask('/orders', { method: 'POST', body })).status).toBe(201);
  });
});

describe('orders', () => {
  it('are placed, read, changed under their ETag, and deleted', async () => {
    const body = JSON.stringify({ item: 'Shelf', quantity: 3 });
    const placed = await ask('/orders', { method: 'POST', body });
    const path = new URL(placed.headers.get('location') ?? '').pathname;
    const tag = placed.headers.get('etag') ?? '';
    expect(await placed.json()).toMatchObject({ item: 'Shelf', quantity: 3 });
    expect((await ask(path, { headers: { 'If-None-Match': tag } })).status).toBe(304);
    expect(await (await ask('/latest')).json()).toMatchObject({ item: 'Shelf' });
    const change = { method: 'PUT', body: JSON.stringify({ item: 'Shelf', quantity: 4 }) };
    expect((await ask(path, { ...change, headers: { 'If-Match': '"old"' } })).status).toBe(412);
    expect((await ask(path, { ...change, headers: { 'If-Match': tag } })).status).toBe(200);
    expect((await ask(path, { method: 'DELETE' })).status).toBe(204);
    expect((await ask(path)).status).toBe(404);
    expect((await ask(path, { method: 'HEAD' })).status).toBe(404);
    const { value } = (await (await ask('/orders')).json()) as { value: unknown[] };
    expect(value.length).toBeGreaterThan(1);
  });

  it.each(['{', '{}', '{"item":"","quantity":1}', '{"item":"a","quantity":0}'])(
    'are refused when they make no sense: %s',
    async (body) => {
      expect((await ask('/orders', { method: 'POST', body })).status).toBe(400);
    },
  );
});

describe('streams', () => {
  it('an export has as many bytes as were asked for, and no length before', async () => {
    const response = await ask('/export?bytes=200000');
    expect(response.headers.get('content-length')).toBeNull();
    expect(response.headers.get('content-disposition')).toContain('orders.csv');
    expect((await response.arrayBuffer()).byteLength).toBe(200_000);
    expect((await ask('/export?bytes=x')).status).toBe(400);
    expect((await ask('/export', { method: 'HEAD' })).status).toBe(200);
  });

  it('an import tells the length and hash of what came', async () => {
    const body = Buffer.alloc(300_000, 'abc');
    const response = await ask('/import', { method: 'POST', body });
    const sha256 = createHash('sha256').update(body).digest('hex');
    expect(await response.json()).toEqual({ bytes: 300_000, sha256 });
  });

  it('events come one by one, and end with the caller', async () => {
    const few = await ask('/events?count=2&everyMs=1');
    expect(few.headers.get('content-type')).toBe('text/event-stream');
    expect(await few.text()).toBe(
      'id: 1\nevent: order\ndata: {"number":1}\n\nid: 2\nevent: order\ndata: {"number":2}\n\n',
    );
    const stop = new AbortController();
    const endless = await ask('/events?everyMs=1', { signal: stop.signal });
    await endless.body?.getReader().read();
    stop.abort();
    await untilLeft();
  });

  it('an echo tells what came, without the token', async () => {
    const headers = { traceparent: '00-a-b-01', 'client-request-id': 'mine' };
    const response = await ask('/echo?a=1', { headers }, reader);
    const body = await response.text();
    expect(JSON.parse(body)).toMatchObject({
      ...{ method: 'GET', query: '?a=1', headers: { ...headers, authorization: 'Bearer' } },
      caller: { scopes: ['Orders.Read'] },
    });
    expect(body).not.toContain(reader);
  });
});

describe('faults', () => {
  it.each<[string, number]>([
    ['claims-challenge', 401],
    ['forbidden', 403],
    ['not-found', 404],
    ['too-many-requests', 429],
    ['error', 500],
    ['unavailable', 503],
  ])('%s is %i', async (answer, status) => {
    await control(orders.url, { answer, times: 1 });
    expect((await ask('/latest')).status).toBe(status);
    expect((await ask('/latest')).status).toBe(200);
  });

  it('Retry-After is what was set, or nothing', async () => {
    const after = async () => (await ask('/latest')).headers.get('retry-after');
    await control(orders.url, { answer: 'unavailable', retryAfter: '17' });
    expect(await after()).toBe('17');
    await control(orders.url, { retryAfter: '' });
    expect(await after()).toBeNull();
  });

  it('a redirect leads to another host', async () => {
    await control(orders.url, { answer: 'redirect', redirectTo: 'https://evil.example/a' });
    const response = await ask('/latest');
    expect([response.status, response.headers.get('location')]).toEqual([
      302,
      'https://evil.example/a',
    ]);
  });

  it('a body lies about its type, breaks off, is compressed, or sets cookies', async () => {
    await control(orders.url, { answer: 'lying-type' });
    const lying = await ask('/latest');
    expect(lying.headers.get('content-type')).toBe('application/json');
    const html = await lying.text();
    expect(html).toContain('<form');
    await control(orders.url, { answer: 'page' });
    const page = await ask('/latest');
    expect([page.headers.get('content-type'), await page.text()]).toEqual(['text/html', html]);
    await control(orders.url, { answer: 'cut' });
    await expect(ask('/latest').then((response) => response.text())).rejects.toThrow();
    await control(orders.url, { answer: 'compressed' });
    expect(await (await ask('/latest')).json()).toEqual({ compressed: true });
    await control(orders.url, { answer: 'sets-cookies' });
    expect((await ask('/latest')).headers.getSetCookie()).toHaveLength(2);
  });

  it('an endless body ends with the caller', async () => {
    await control(orders.url, { answer: 'endless' });
    const stop = new AbortController();
    const response = await ask('/latest', { signal: stop.signal });
    const reader = response.body?.getReader();
    for (let piece = 0; piece < 20; piece += 1) await reader?.read();
    stop.abort();
    await untilLeft();
  });

  it('are for some paths only, where that is set', async () => {
    await control(orders.url, { answer: 'error', path: '/export' });
    expect((await ask('/latest')).status).toBe(200);
    expect((await ask('/export')).status).toBe(500);
  });

  it('an outage drops the connection', async () => {
    await control(orders.url, { outage: 'drop' });
    await expect(ask('/latest')).rejects.toThrow();
  });

  it.each([401, 403])('a context is asked for by %i until a token has it', async (status) => {
    await control(orders.url, { context: 'c1', challengeIsForbidden: status === 403 });
    const response = await ask('/latest');
    expect(response.status).toBe(status);
    const header = response.headers.get('www-authenticate') ?? '';
    expect(header).toContain('error="insufficient_claims"');
    const encoded = /claims="([^"]+)"/.exec(header)?.[1] ?? '';
    expect(JSON.parse(Buffer.from(encoded, 'base64').toString())).toEqual({
      access_token: { acrs: { essential: true, value: 'c1' } },
    });
    const user = 'ines@anteroom.example';
    const proven = await token({ user, scopes: ['Orders.Read'], claims: { acrs: ['c1'] } });
    expect((await ask('/latest', {}, proven)).status).toBe(200);
  });
});

describe('control', () => {
  it('counts the requests, and shows their headers without tokens', async () => {
    await ask('/latest');
    const { answered, last } = await traffic();
    expect(answered).toBe(1);
    expect(last).toMatchObject([{ path: '/latest', headers: { authorization: 'Bearer' } }]);
  });

  it('is a page, too', async () => {
    const page = new URL(`${orders.url}/control`);
    expect((await new TestBrowser().open(page.href)).text).toContain('the API orders');
    const shown = await new TestBrowser().open(`${page.href}/answers`, {
      method: 'POST',
      form: { answer: 'error', redirectTo: '', retryAfter: '', outage: 'none', times: '1' },
      from: page,
    });
    expect(shown.url.href).toBe(page.href);
    expect((await ask('/latest')).status).toBe(500);
  });

  it('is not for other hosts', async () => {
    const status = await new Promise((resolve, reject) => {
      const asked = send(
        `${orders.url}/latest`,
        { headers: { Host: 'evil.example' } },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        },
      );
      asked.once('error', reject);
      asked.end();
    });
    expect(status).toBe(421);
  });
});
