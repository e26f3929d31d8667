import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { TableClient } from '@azure/data-tables';
import { startBreakableProxy } from '../support/breakable-proxy';
import {
  accounts,
  control,
  cookieName,
  fetchJson,
  resetControl,
  signIn,
  startJourney,
  textOf,
} from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { TestBrowser, words } from '../support/test-browser';

let stack: TestStack;
let app: string;

beforeAll(async () => {
  stack = await startJourney();
  app = stack.apps[0]?.url ?? '';
});
afterAll(() => stack.stop());
afterEach(async () => {
  await resetControl(stack.facts.entraUrl);
  await resetControl(stack.facts.graphUrl);
});

/** A port that takes connections and never answers. */
async function startSilence(): Promise<{ port: number; stop: () => void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

const tablesAt = (port: number) =>
  stack.facts.tablesConnectionString.replace(
    /(TableEndpoint=http:\/\/127\.0\.0\.1:)\d+/,
    `$1${port}`,
  );

describe('Microsoft Graph out of reach', () => {
  it.each([
    ['does not answer', { outage: 'hang' }, 503, '10'],
    ['drops the connection', { outage: 'drop' }, 503, '10'],
    ['answers 500', { answer: 'error' }, 503, '10'],
    // The time that Graph itself names.
    ['is busy', { answer: 'too-many-requests' }, 503, '7'],
    ['talks nonsense', { outage: 'garbage' }, 502, null],
    ['refuses', { answer: 'forbidden' }, 502, null],
  ])(
    'when it %s, /auth/me says so in time and nobody is signed out',
    async (_name, fault, expected, retryAfter) => {
      const { browser } = await signIn(app, accounts(stack).plainUser);
      await control(stack.facts.graphUrl, fault);
      const answer = await fetchJson(`${app}/auth/me`, browser);
      expect(answer.status).toBe(expected);
      expect(textOf(answer.body, 'code')).toMatch(/^ERR_API_/);
      expect(answer.headers.get('retry-after')).toBe(retryAfter);
      await resetControl(stack.facts.graphUrl);
      expect((await fetchJson(`${app}/auth/me`, browser)).status).toBe(200);
    },
  );
});

describe('the provider out of reach', () => {
  it.each([
    ['does not answer', { tokenOutage: 'hang' }],
    ['drops the connection', { tokenOutage: 'drop' }],
    ['answers 500', { tokenOutage: 'error' }],
    ['talks nonsense', { tokenOutage: 'garbage' }],
  ])(
    'when its token endpoint %s, the sign-in fails plainly and can be repeated',
    async (_name, fault) => {
      await control(stack.facts.entraUrl, fault);
      const { browser, page } = await signIn(app, accounts(stack).plainUser);
      expect(page.status).toBe(503);
      expect(words(page.text)).toContain('The sign-in service is not available');
      expect(browser.cookies(app).has(cookieName(app))).toBe(false);
      await resetControl(stack.facts.entraUrl);
      const again = await browser.open(`${app}/auth/login`);
      expect(words(again.text)).toContain('Signed in as');
    },
  );

  it('an app that never reached it answers 503 in time, tells /health, and recovers by itself', async () => {
    await control(stack.facts.entraUrl, { metadataOutage: 'hang' });
    const fresh = await stack.startApp();
    const login = await fetchJson(`${fresh.url}/auth/login`);
    expect(login.status).toBe(503);
    expect(login.body).toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' });
    expect((await new TestBrowser().open(fresh.url)).status).toBe(200);
    const health = await fetchJson(`${fresh.url}/health`);
    expect([health.status, health.body]).toEqual([
      503,
      { status: 'failing', failing: ['provider'] },
    ]);
    await resetControl(stack.facts.entraUrl);
    // A fetch that hung while it was shared may still have to reach its own end.
    const recovered = async () => (await fetchJson(`${fresh.url}/auth/login`)).status;
    for (let tries = 0; tries < 3 && (await recovered()) !== 302; tries += 1);
    expect(await recovered()).toBe(302);
    await stack.stopApp(fresh);
  });

  it('metadata of another issuer is a 502, not a sign-in', async () => {
    await control(stack.facts.entraUrl, { metadataIssuer: 'https://login.evil.example/v2.0' });
    const fresh = await stack.startApp();
    const login = await fetchJson(`${fresh.url}/auth/login`);
    expect([login.status, textOf(login.body, 'code')]).toEqual([502, 'ERR_PROVIDER_MISMATCH']);
    await stack.stopApp(fresh);
  });

  it('signing out still ends the session here, and says what was not done', async () => {
    const { browser, page } = await signIn(app, accounts(stack).plainUser);
    const twin = await stack.startApp({
      env: {
        APP_BASE_URL: app,
        ENTRA_AUTHORITY: 'http://127.0.0.1:1/t/v2.0',
        ENTRA_ISSUER: stack.facts.authority,
      },
    });
    // Another instance of the same app, which cannot reach the provider.
    const answer = await fetchJson(`${twin.url}/auth/logout`, browser, {
      method: 'POST',
      headers: { 'Sec-Fetch-Site': 'same-origin', 'X-CSRF': '1' },
    });
    expect(answer.body).toEqual({ logout_url: `${app}/auth/signed-out`, not_done: ['provider'] });
    for (const line of answer.headers.getSetCookie()) await browser.jar.setCookie(line, app);
    const said = await browser.open(textOf(answer.body, 'logout_url'), { from: page.url });
    expect(words(said.text)).toContain('could not be reached, so you may still be signed in there');
    expect((await fetchJson(`${app}/auth/session`, browser)).status).toBe(401);
    await stack.stopApp(twin);
  });
});

describe('the table out of reach', () => {
  let silence: Awaited<ReturnType<typeof startSilence>>;

  beforeAll(async () => {
    silence = await startSilence();
  });
  afterAll(() => {
    silence.stop();
  });

  it.each([
    ['does not answer', () => ({ TABLES_CONNECTION_STRING: tablesAt(silence.port) })],
    ['refuses connections', () => ({ TABLES_CONNECTION_STRING: tablesAt(1) })],
    ['does not exist', () => ({ TABLES_NAME: 'nosuchtable' })],
  ])(
    'from the start, since it %s: 503 in time, `/` works, nobody is signed out',
    async (_name, env) => {
      const { browser } = await signIn(app, accounts(stack).plainUser);
      const twin = await stack.startApp({ env: { APP_BASE_URL: app, ...env() } });
      const [session, home, health] = await Promise.all([
        fetchJson(`${twin.url}/auth/session`, browser),
        browser.open(twin.url),
        fetchJson(`${twin.url}/health`),
      ]);
      // Without the table an instance that has just started has no keys either.
      expect([session.status, textOf(session.body, 'code')]).toEqual([503, 'ERR_KEYS_UNAVAILABLE']);
      expect(session.headers.get('retry-after')).toBe('10');
      expect(session.headers.getSetCookie()).toEqual([]);
      expect(home.status).toBe(200);
      expect(words(home.text)).toContain('We cannot say right now whether you are signed in');
      expect([health.status, health.body]).toEqual([
        503,
        { status: 'failing', failing: ['storage', 'keys'] },
      ]);
      expect((await fetchJson(`${app}/auth/session`, browser)).status).toBe(200);
      await stack.stopApp(twin);
    },
  );

  it.each(['hang', 'refuse'] as const)(
    'later on (%s): session routes answer 503, sign-ins begin, `/` works, and it recovers by itself',
    async (fault) => {
      const { tablesConnectionString } = stack.facts;
      const port = Number(/127\.0\.0\.1:(\d+)/.exec(tablesConnectionString)?.[1]);
      const proxy = await startBreakableProxy(port);
      const twin = await stack.startApp({
        env: { TABLES_CONNECTION_STRING: tablesAt(proxy.port) },
      });
      const { browser } = await signIn(twin.url, accounts(stack).plainUser);
      proxy.suffer(fault);
      const [session, me, home, login, health] = await Promise.all([
        fetchJson(`${twin.url}/auth/session`, browser),
        fetchJson(`${twin.url}/auth/me`, browser),
        browser.open(twin.url),
        fetchJson(`${twin.url}/auth/login`),
        fetchJson(`${twin.url}/health`),
      ]);
      for (const answer of [session, me]) {
        expect([answer.status, textOf(answer.body, 'code')]).toEqual([
          503,
          'ERR_STORAGE_UNAVAILABLE',
        ]);
        expect(answer.headers.get('retry-after')).toBe('10');
        expect(answer.headers.getSetCookie()).toEqual([]);
      }
      expect([home.status, login.status, health.status]).toEqual([200, 302, 503]);
      expect(health.body).toEqual({ status: 'failing', failing: ['storage'] });
      proxy.suffer('none');
      expect((await fetchJson(`${twin.url}/auth/me`, browser)).status).toBe(200);
      await stack.stopApp(twin);
      await proxy.close();
    },
  );

  it('cut half-way through a sign-in leaves both rows of the session or none', async () => {
    const { tablesConnectionString, tableName } = stack.facts;
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(tablesConnectionString)?.[1]);
    const proxy = await startBreakableProxy(port);
    const twin = await stack.startApp({ env: { TABLES_CONNECTION_STRING: tablesAt(proxy.port) } });
    await signIn(twin.url, accounts(stack).guest);
    for (const cutAfterBytes of [0, 200, 1_000, 2_000, 4_000, 8_000]) {
      proxy.suffer({ cutAfterBytes });
      const { page } = await signIn(twin.url, accounts(stack).guest);
      expect([200, 503]).toContain(page.status);
    }
    const client = TableClient.fromConnectionString(tablesConnectionString, tableName, {
      allowInsecureConnection: true,
    });
    const kinds = new Map<string, string[]>();
    for await (const { rowKey = '' } of client.listEntities()) {
      const [kind = '', key = ''] = rowKey.split(':');
      if (key !== '') kinds.set(key, [...(kinds.get(key) ?? []), kind].sort());
    }
    expect(kinds.size).toBeGreaterThan(0);
    for (const rows of kinds.values()) expect(rows).toEqual(['session', 'tokens']);
    await stack.stopApp(twin);
    await proxy.close();
  });
});
