import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { buildExample, type BuiltExample } from '../support/build-example';
import {
  accounts,
  control,
  fetchJson,
  resetControl,
  signIn,
  startJourney,
  textOf,
} from '../support/journey';
import { launchChromium } from '../support/launch-chromium';
import type { TestStack } from '../support/start-stack';
import { type TestBrowser, words } from '../support/test-browser';

/** Tells how many bytes of bodies the process of the app still holds. */
const memory = `
import { createReadStream } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { app } from '@azure/functions';
import { auth } from './auth';
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
app.http('shop', {
  authLevel: 'anonymous',
  handler: auth.signedIn(() => ({
    headers: { 'Content-Type': 'text/html', 'Content-Security-Policy': "default-src 'self'" },
    body: '<!doctype html><title>Shop</title><p>A page of the app',
  })),
});
app.http('file', {
  authLevel: 'anonymous',
  handler: auth.signedIn((request) => ({ body: createReadStream(request.query.get('name') ?? '') })),
});
app.http('approve', {
  authLevel: 'anonymous',
  handler: auth.signedIn((_request, { callApi }) =>
    callApi('orders', '/latest', { scopes: ['api://orders/Orders.Approve'] }),
  ),
});
app.http('memory', {
  authLevel: 'anonymous',
  handler: () => {
    collectGarbage();
    return { jsonBody: { held: process.memoryUsage().arrayBuffers } };
  },
});`;

let example: BuiltExample;
let stack: TestStack;
let app: string;
let orders: string;
/** Signed in as the administrator, who has consented to the API. */
let browser: TestBrowser;

beforeAll(async () => {
  example = buildExample('call-an-api', memory);
  // One file is loaded.
  const manifest = join(example.folder, 'package.json');
  const text = readFileSync(manifest, 'utf8');
  writeFileSync(manifest, text.replace(/"main": "[^"]*"/, '"main": "dist/src/index.cjs"'));
  stack = await startJourney({ scriptRoot: example.folder, authPath: '/api/auth' });
  app = stack.apps[0]?.url ?? '';
  orders = stack.facts.ordersUrl;
});
afterAll(async () => {
  await stack.stop();
  example.remove();
});
afterEach(async () => {
  for (const url of [orders, stack.facts.entraUrl]) await resetControl(url);
});

const ours = { 'X-CSRF': '1', 'Sec-Fetch-Site': 'same-origin' };

/** A script of the app's own page. */
const script = (path: string, init: RequestInit = {}, by = browser) =>
  fetchJson(app + path, by, {
    ...init,
    headers: { ...ours, ...Object.fromEntries(new Headers(init.headers)) },
  });

async function traffic(): Promise<{ open: number; left: number; answered: number }> {
  const state = (await (await fetch(`${orders}/control`)).json()) as Record<string, unknown>;
  return (state['traffic'] ?? state) as { open: number; left: number; answered: number };
}

describe('docs/call-apis.md', () => {
  it.each(['auth', 'orders'])('shows %s.ts of the example as it is', (name) => {
    const source = readFileSync(`examples/call-an-api/src/functions/${name}.ts`, 'utf8');
    expect(readFileSync('docs/call-apis.md', 'utf8')).toContain(`\`\`\`ts\n${source}\`\`\``);
  });
});

describe('the user calls an API', () => {
  it('after consenting to its scopes, on the way back to the page', async () => {
    const { administrator } = accounts(stack);
    const signedIn = await signIn(`${app}/api`, administrator, '/api/latest');
    const { page } = signedIn;
    expect(words(page.text)).toContain('Orders.Read');
    const landed = await signedIn.browser.press(page, 'Accept');
    expect(landed.url.href).toBe(`${app}/api/latest`);
    expect(JSON.parse(landed.text)).toMatchObject({ id: '1002' });
    browser = signedIn.browser;
  });

  it('and the API sees the trace and the request id, and no cookie', async () => {
    await script('/api/latest');
    const { last } = (await traffic()) as unknown as {
      last: { headers: Record<string, string> }[];
    };
    const headers = last.at(-1)?.headers ?? {};
    expect(headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
    expect(headers['client-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers['cookie']).toBeUndefined();
  });

  it('as the app itself, and by a client library', async () => {
    const all = await script('/api/all-orders');
    expect([all.status, JSON.stringify(all.body)]).toEqual([
      200,
      expect.stringContaining('Desk lamp'),
    ]);
    expect((await script('/api/count')).body).toEqual({ count: 2 });
  });

  it('which may ask for an authentication context: a step-up, and back', async () => {
    await control(orders, { context: 'c1' });
    const { status, body } = await script('/api/latest');
    expect([status, textOf(body, 'code')]).toEqual([401, 'ERR_STEP_UP']);
    expect(textOf(body, 'login_url')).toContain('/api/auth/login?step=');
  });

  it.each([
    ['forbidden', 403, undefined],
    ['not-found', 404, undefined],
    ['error', 500, undefined],
    ['sets-cookies', 200, undefined],
    ['redirect', 302, undefined],
  ])('which answers %s: %d goes on, without cookies and address', async (answer, expected) => {
    await control(orders, { answer });
    const { status, headers } = await script('/api/latest');
    expect(status).toBe(expected);
    expect([headers.getSetCookie(), headers.get('location')]).toEqual([[], null]);
  });

  it('which is down: an error that names it, and the session is kept', async () => {
    await control(orders, { outage: 'drop' });
    const { status, body } = await script('/api/latest');
    expect([status, textOf(body, 'code'), textOf(body, 'api')]).toEqual([
      503,
      'ERR_API_UNAVAILABLE',
      'orders',
    ]);
    const page = await browser.open(`${app}/api/latest`);
    expect(words(page.text)).toContain('The API is named orders');
    expect((await script('/api/auth/session')).status).toBe(200);
  });

  it('whose scope only an administrator can grant: the page says who must act', async () => {
    const { plainUser } = accounts(stack);
    const { page } = await signIn(`${app}/api`, plainUser, '/api/approve');
    expect(words(page.text)).toMatch(/administrator/i);
  });
});

describe('a function that answers with a file', () => {
  it('gives it on, and answers 500 when it cannot be read', async () => {
    const found = await browser.open(`${app}/api/file?name=host.json`);
    expect(found.text).toBe(readFileSync(join(example.folder, 'host.json'), 'utf8'));
    const { status, body } = await script('/api/file?name=missing');
    expect([status, textOf(body, 'code')]).toEqual([500, 'ERR_INTERNAL']);
  });
});

describe('the proxy', () => {
  it.each<[string, Record<string, string>, number, string]>([
    ['without X-CSRF', { 'Sec-Fetch-Site': 'same-origin' }, 403, 'ERR_CSRF_HEADER'],
    ['from a sibling site', { ...ours, 'Sec-Fetch-Site': 'same-site' }, 403, 'ERR_CROSS_SITE'],
    [
      'from another origin',
      { 'X-CSRF': '1', Origin: 'https://evil.example' },
      403,
      'ERR_CROSS_SITE',
    ],
  ])('refuses a GET %s', async (_name, headers, status, code) => {
    const answer = await fetchJson(`${app}/api/orders/orders`, browser, { headers });
    expect([answer.status, textOf(answer.body, 'code')]).toEqual([status, code]);
  });

  it('tells a script without session where to sign in', async () => {
    const answer = await fetchJson(`${app}/api/orders/orders`, undefined, {
      headers: { ...ours, 'X-Return-To': '/api/latest' },
    });
    expect([answer.status, textOf(answer.body, 'login_url')]).toEqual([
      401,
      `${app}/api/auth/login?return_to=%2Fapi%2Flatest`,
    ]);
  });

  it('passes methods, bodies, conditions and addresses on', async () => {
    const made = await script('/api/orders/orders', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ item: 'Chair', quantity: 1 }),
    });
    const location = made.headers.get('location') ?? '';
    expect([made.status, location]).toEqual([
      201,
      expect.stringMatching(/^\/api\/orders\/orders\/[0-9a-f-]{36}$/),
    ]);
    const found = await script(location);
    expect(found.body).toMatchObject({ item: 'Chair' });
    const etag = found.headers.get('etag') ?? '';
    expect((await script(location, { headers: { 'If-None-Match': etag } })).status).toBe(304);
    const put = { method: 'PUT', body: JSON.stringify({ item: 'Chair', quantity: 2 }) };
    const changed = await script(location, {
      ...put,
      headers: { 'If-Match': '"other"', 'Content-Type': 'application/json' },
    });
    expect(changed.status).toBe(412);
    expect((await script(location, { method: 'DELETE' })).status).toBe(204);
    expect((await script(location)).status).toBe(404);
  });

  it.each([
    ['/api/orders/echo', 404],
    ['/api/orders/orders/../echo', 404],
    ['/api/orders/orders/%2e%2e/echo', 404],
    ['/api/orders/orders/..%2fecho', 400],
    ['/api/orders/orders/..%252fecho', 400],
    ['/api/orders/orders/..;/echo', 400],
    ['/api/orders/orders%5c..%5cecho', 400],
  ])('does not pass %s on', async (path, status) => {
    const before = (await traffic()).answered;
    expect((await script(path)).status).toBe(status);
    expect((await traffic()).answered).toBe(before);
  });

  it('answers 404 to a method that is not passed on', async () => {
    expect((await script('/api/orders/orders', { method: 'OPTIONS' })).status).toBe(404);
  });

  it.each([
    ['too-many-requests', 429],
    ['unavailable', 503],
  ])('passes %s on, with the time to wait', async (answer, status) => {
    await control(orders, { answer, retryAfter: '7' });
    const { status: got, headers } = await script('/api/orders/orders');
    expect([got, headers.get('retry-after')]).toEqual([status, '7']);
  });

  it('passes no redirect to another host on, and no cookies', async () => {
    await control(orders, { answer: 'redirect' });
    const { status, body } = await script('/api/orders/orders');
    expect([status, textOf(body, 'code'), textOf(body, 'api')]).toEqual([
      502,
      'ERR_API_REFUSED',
      'orders',
    ]);
    await control(orders, { answer: 'sets-cookies' });
    const answer = await script('/api/orders/orders', { headers: { Cookie: 'mine=1' } });
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('opens compressed answers, and refuses nothing that says a wrong type', async () => {
    await control(orders, { answer: 'compressed' });
    expect((await script('/api/orders/orders')).body).toEqual({ compressed: true });
    await control(orders, { answer: 'lying-type' });
    const lying = await fetch(`${app}/api/orders/orders`, {
      headers: { ...ours, Cookie: browser.jar.getCookieStringSync(app) },
    });
    expect([lying.status, lying.headers.get('x-content-type-options')]).toEqual([200, 'nosniff']);
    await lying.text();
  });

  const asBrowser = () => ({ ...ours, Cookie: browser.jar.getCookieStringSync(app) });

  it('breaks off an answer that breaks off, so that nobody takes a part for the whole', async () => {
    await control(orders, { answer: 'cut' });
    const answer = await fetch(`${app}/api/orders/export`, { headers: asBrowser() }).catch(
      () => undefined,
    );
    await expect(
      answer === undefined ? Promise.reject(new Error('cut')) : answer.text(),
    ).rejects.toThrow();
  });

  it('answers 503 with the name of the API where the body breaks off before its first part', async () => {
    await control(orders, { answer: 'cut-at-once' });
    const { status, body } = await script('/api/orders/export');
    expect([status, textOf(body, 'code'), textOf(body, 'api')]).toEqual([
      ...[503, 'ERR_API_UNAVAILABLE', 'orders'],
    ]);
  });

  it('gives events on while they come, and ends the call when the caller goes', async () => {
    const caller = new AbortController();
    const answer = await fetch(`${app}/api/orders/events?everyMs=20`, {
      headers: asBrowser(),
      signal: caller.signal,
    });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    expect(Buffer.from(first?.value ?? []).toString()).toContain('id: 1');
    expect((await traffic()).open).toBe(1);
    caller.abort();
    await until(async () => (await traffic()).open === 0);
    expect((await traffic()).left).toBe(1);
  });

  const mebibyte = 1024 * 1024;
  /**
   * The app holds less than 40 MiB while the rest of a body is still to come. V8 gives memory back a little after its
   * collection, so the app is asked again; what it keeps for the rest of the body stays however often it is asked.
   */
  async function holdsLittle(): Promise<boolean> {
    for (let tries = 0; tries < 100; tries += 1) {
      const { held } = (await fetchJson(`${app}/api/memory`)).body as { held: number };
      if (held < 40 * mebibyte) return true;
      await sleep(50);
    }
    return false;
  }

  /** A body of `count` MiB that is made while it is sent, and its hash. */
  function longBody(count: number, beforeTheEnd: () => Promise<void> = () => Promise.resolve()) {
    const part = Buffer.alloc(mebibyte, 'x');
    const hash = createHash('sha256');
    let left = count;
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        if (left === 1) await beforeTheEnd();
        left -= 1;
        if (left < 0) {
          controller.close();
        } else {
          hash.update(part);
          controller.enqueue(part);
        }
      },
    });
    return { body, hash };
  }

  it('passes 100 MB on in both directions without holding them', async () => {
    const held: boolean[] = [];
    const measure = async (): Promise<void> => void held.push(await holdsLittle());
    const { body, hash } = longBody(95, measure);
    const init = { method: 'POST', body, duplex: 'half', headers: asBrowser() };
    const up = await fetch(`${app}/api/orders/import`, init);
    expect(await up.json()).toEqual({ bytes: 95 * mebibyte, sha256: hash.digest('hex') });

    const url = `${app}/api/orders/export?bytes=${100 * mebibyte}`;
    const down = await fetch(url, { headers: asBrowser() });
    let bytes = 0;
    for await (const chunk of down.body ?? []) {
      const isNearEnd = bytes < 95 * mebibyte && bytes + chunk.byteLength >= 95 * mebibyte;
      bytes += chunk.byteLength;
      if (isNearEnd) await measure();
    }
    expect(bytes).toBe(100 * mebibyte);
    // With 95 MiB on their way, and with what the connections hold.
    expect(held).toEqual([true, true]);
  });

  it('reads an endless answer no faster than its caller, and ends it with the caller', async () => {
    await control(orders, { answer: 'endless' });
    const caller = new AbortController();
    const answer = await fetch(`${app}/api/orders/export`, {
      headers: asBrowser(),
      signal: caller.signal,
    });
    const reader = answer.body?.getReader();
    await reader?.read();
    // The caller stops reading. The endless answer waits, and other requests go on.
    expect((await script('/api/auth/session')).status).toBe(200);
    expect(await holdsLittle()).toBe(true);
    caller.abort();
    await until(async () => (await traffic()).open === 0);
  });

  it('refuses a body that is too long, with a length and without', async () => {
    const tooLong = await fetch(`${app}/api/reorder`, {
      method: 'POST',
      headers: { ...asBrowser(), 'Content-Type': 'application/json' },
      body: Buffer.alloc(2 * mebibyte),
    });
    expect(tooLong.status).toBe(413);
    const { body } = longBody(3);
    const init = {
      method: 'POST',
      headers: { ...asBrowser(), 'Content-Type': 'application/json' },
      body,
      duplex: 'half',
    };
    const streamed = await fetch(`${app}/api/reorder`, init);
    expect([streamed.status, textOf(await streamed.json(), 'code')]).toEqual([
      413,
      'ERR_BODY_TOO_LARGE',
    ]);
  });
});

describe('a page of the app in a real browser', () => {
  let chromium: Browser;
  beforeAll(async () => {
    chromium = await launchChromium();
  });
  afterAll(() => chromium.close());

  it('sends the user to consent when its script first calls the API, and then calls it', async () => {
    const page = await (await chromium.newContext()).newPage();
    await page.goto(`${app}/api/shop`);
    await page.getByRole('button', { name: accounts(stack).plainUser }).click();
    await page.waitForURL(`${app}/api/shop`);
    const order = `import('/api/auth/client.js').then((anteroom) => anteroom.fetch('/api/orders/orders', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ item: 'Rug', quantity: 1 }),
    })).then(async (answer) => ({
      status: answer.status,
      location: answer.headers.get('location'),
      item: (await answer.json()).item,
    }))`;
    // The page is left, so nothing comes back.
    void page.evaluate(order).catch(() => undefined);
    await page.getByText('Orders.Write').waitFor();
    await page.getByRole('button', { name: 'Accept' }).click();
    await page.waitForURL(`${app}/api/shop`);
    expect(await page.evaluate(order)).toEqual({
      status: 201,
      location: expect.stringMatching(/^\/api\/orders\/orders\/[0-9a-f-]{36}$/) as string,
      item: 'Rug',
    });
    // What a link opens has no X-CSRF: nothing of the API becomes a page of this origin.
    const opened = await page.goto(`${app}/api/orders/orders`);
    expect([opened?.status(), words((await opened?.text()) ?? '')]).toEqual([
      403,
      expect.stringContaining('The header X-CSRF is missing') as string,
    ]);
  });

  it('is nothing that the API wrote: its script does not run, and its form is not sent', async () => {
    await control(orders, { answer: 'page' });
    const page = await (await chromium.newContext()).newPage();
    const refused: string[] = [];
    page.on('console', (said) => refused.push(said.text()));
    await page.goto(`${app}/api/latest`);
    await page.getByRole('button', { name: accounts(stack).plainUser }).click();
    await page.getByRole('button', { name: 'Accept' }).click();
    await page.waitForURL(`${app}/api/latest`);
    await page.getByRole('button', { name: 'Show' }).click();
    await until(() => Promise.resolve(refused.some((text) => /form.*sandboxed/i.test(text))));
    expect([await page.title(), page.url()]).toEqual(['API', `${app}/api/latest`]);
    expect((await page.goto(`${app}/api/auth/session`))?.status()).toBe(200);
  });
});

/** Asks again until it is so; the limit is that of the test. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
