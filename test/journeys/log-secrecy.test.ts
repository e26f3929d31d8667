import type { AppFacts } from '../../local/stack/stack-process';
import { type BreakableProxy, startBreakableProxy } from '../support/breakable-proxy';
import {
  accounts,
  control,
  cookieName,
  fetchJson,
  resetControl,
  startJourney,
  textOf,
} from '../support/journey';
import { type RecordingProxy, startRecordingProxy } from '../support/recording-proxy';
import type { TestStack } from '../support/start-stack';
import { type Page, TestBrowser, words } from '../support/test-browser';

let stack: TestStack;
let app: AppFacts;
let entra: RecordingProxy;
let graph: RecordingProxy;
let tables: BreakableProxy;

/** What must never stand in the log, by what it is. */
const secrets: { readonly what: string; readonly value: string }[] = [];

beforeAll(async () => {
  stack = await startJourney({ apps: 0 });
  const { entraUrl, authority, issuer, graphBaseUrl, tablesConnectionString } = stack.facts;
  // Only the token endpoint is led through the proxy: what is said there nobody else sees.
  entra = await startRecordingProxy(entraUrl, (body, origin) =>
    body.replace(/("token_endpoint":")[^"]*?(\/[^/"]+\/oauth2[^"]*")/, `$1${origin}$2`),
  );
  graph = await startRecordingProxy(new URL(graphBaseUrl).origin);
  const tablePort = Number(/127\.0\.0\.1:(\d+)/.exec(tablesConnectionString)?.[1]);
  tables = await startBreakableProxy(tablePort);
  app = await stack.startApp({
    env: {
      ENTRA_AUTHORITY: authority.replace(entraUrl, entra.origin),
      ENTRA_ISSUER: issuer,
      GRAPH_BASE_URL: graph.origin + new URL(graphBaseUrl).pathname,
      TABLES_CONNECTION_STRING: tablesConnectionString.replace(
        `:${tablePort}/`,
        `:${tables.port}/`,
      ),
    },
  });
});
afterAll(async () => {
  await stack.stop();
  await Promise.all([entra.close(), graph.close(), tables.close()]);
});
afterEach(async () => {
  tables.suffer('none');
  await resetControl(stack.facts.entraUrl);
  await resetControl(stack.facts.graphUrl);
});

const secretParameters = ['code', 'state', 'nonce', 'step', 'code_challenge', 'logout_hint'];

/** Keeps every secret that a browser has met. */
function remember(browser: TestBrowser, ...pages: readonly Page[]): void {
  for (const href of pages.flatMap(({ trail }) => trail)) {
    for (const name of secretParameters) {
      keep(name, new URL(href).searchParams.get(name));
    }
  }
  for (const line of browser.received) {
    const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
    keep(`cookie ${name}`, value);
    if (!/^anteroom-\d+$/.test(name) || value === '') continue;
    const payload: unknown = JSON.parse(
      Buffer.from(value.split('.')[1] ?? '', 'base64url').toString(),
    );
    keep('session id', textOf(payload, 's'));
    keep('signature of the session cookie', value.split('.')[2]);
  }
}

/** Keeps what the app and the provider, and the app and Graph, have told each other. */
function rememberWire(): void {
  for (const { path, sent, answered } of entra.recorded) {
    if (!new URL(path, entra.origin).pathname.endsWith('/token')) continue;
    for (const name of ['code', 'code_verifier', 'client_secret', 'refresh_token']) {
      keep(`${name} sent`, new URLSearchParams(sent).get(name));
    }
    for (const name of ['access_token', 'refresh_token', 'id_token', 'error_description']) {
      // Some of these answers are no JSON, on purpose.
      keep(name, new RegExp(`"${name}":"([^"]*)"`).exec(answered)?.[1]);
    }
  }
  for (const { authorization } of graph.recorded) keep('bearer', authorization.split(' ')[1]);
}

function keep(what: string, value: string | null | undefined): void {
  // Shorter ones, such as a cleared cookie, are no secrets.
  if (value !== null && value !== undefined && value.length > 8) secrets.push({ what, value });
}

async function signIn(path = '/auth/me'): Promise<{ browser: TestBrowser; page: Page }> {
  const browser = new TestBrowser();
  const picker = await browser.open(`${app.url}/auth/login?return_to=${path}`);
  remember(browser, picker);
  const page = await browser.press(picker, accounts(stack).administrator);
  remember(browser, page);
  return { browser, page };
}

describe('the whole log of an app', () => {
  it('of a sign-in, a profile and a sign-out', async () => {
    const { browser, page } = await signIn();
    expect(page.status).toBe(200);
    const out = await browser.press(page, 'Sign out');
    remember(browser, out);
    expect(out.url.pathname).toBe('/auth/signed-out');
  });

  it('of a redemption that the provider refuses, twice', async () => {
    await control(stack.facts.entraUrl, { tokenError: 54005 });
    const { page } = await signIn();
    expect(page.text).toContain('ERR_SIGN_IN_EXPIRED');
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['an ID token of another', { idTokenClaims: { aud: 'another' } }, 'ERR_ID_TOKEN'],
    ['an ID token of another tenant', { idTokenClaims: { tid: 'another' } }, 'ERR_WRONG_TENANT'],
    ['a token endpoint that talks nonsense', { tokenOutage: 'garbage' }, 'ERR_PROVIDER_UNAVAIL'],
    ['a token endpoint that drops connections', { tokenOutage: 'drop' }, 'ERR_PROVIDER_UNAVAIL'],
  ])('of a sign-in that fails by %s', async (_name, fault, code) => {
    await control(stack.facts.entraUrl, fault);
    const { page } = await signIn();
    expect(page.text).toContain(code);
  });

  it('of callbacks that are refused', async () => {
    const browser = new TestBrowser();
    const picker = await browser.open(`${app.url}/auth/login`);
    remember(browser, picker);
    const authorize = picker.trail.find((href) => href.includes('/authorize?')) ?? '';
    const state = new URL(authorize).searchParams.get('state') ?? '';
    const description = 'AADSTS50105: Secret tenant details';
    keep('error_description', 'Secret tenant details');
    keep('a code of somebody else', 'code-of-somebody-else');
    const queries = [
      { code: 'code-of-somebody-else', state, iss: 'https://login.evil.example/v2.0' },
      { error: 'access_denied', error_description: description, state },
      { code: 'code-of-somebody-else', state: `${'A'.repeat(43)}.1` },
      { code: 'code-of-somebody-else', error: 'access_denied', state },
    ];
    for (const query of queries) {
      const url = `${app.url}/auth/redirect?${new URLSearchParams(query).toString()}`;
      const page = await browser.open(url, { from: new URL(stack.facts.entraUrl) });
      remember(browser, page);
      expect(page.status).toBeGreaterThanOrEqual(400);
    }
    const doubled = `${app.url}/auth/redirect?hop=1&code=code-of-somebody-else&code=b&state=${state}`;
    expect((await browser.open(doubled, { from: new URL(app.url) })).status).toBe(400);
  });

  it('of a step-up, taken and spoilt', async () => {
    const { browser, page } = await signIn();
    await control(stack.facts.graphUrl, { answer: 'claims-challenge', times: 1 });
    const { body } = await fetchJson(`${app.url}/auth/me`, browser);
    const loginUrl = textOf(body, 'login_url');
    keep('step', new URL(loginUrl).searchParams.get('step'));
    const spoilt = await browser.open(`${loginUrl}spoilt`, { from: page.url });
    expect(spoilt.status).toBe(400);
    const back = await browser.open(loginUrl, { from: page.url });
    remember(browser, spoilt, back);
    expect([back.status, back.url.pathname]).toEqual([200, '/auth/me']);
  });

  it('of a refresh, and of one that the provider refuses for good', async () => {
    await control(stack.facts.entraUrl, { accessTokenSeconds: 60 });
    const { browser } = await signIn('/');
    expect((await fetchJson(`${app.url}/auth/me`, browser)).status).toBe(200);
    const { browser: other } = await signIn('/');
    await control(stack.facts.entraUrl, { tokenError: 50057 });
    expect((await fetchJson(`${app.url}/auth/me`, other)).status).toBe(401);
  });

  it.each<[string, Record<string, unknown>]>([
    ['drops the connection', { outage: 'drop' }],
    ['talks nonsense', { outage: 'garbage' }],
    ['answers 500', { answer: 'error' }],
    ['refuses', { answer: 'forbidden' }],
  ])('of a Graph that %s', async (_name, fault) => {
    const { browser } = await signIn();
    await control(stack.facts.graphUrl, fault);
    const { body } = await fetchJson(`${app.url}/auth/me`, browser);
    expect(textOf(body, 'code')).toMatch(/^ERR_API_/);
  });

  it('of a table out of reach, at a request, a sign-in and a sign-out', async () => {
    const { browser, page } = await signIn();
    tables.suffer('refuse');
    expect((await fetchJson(`${app.url}/auth/session`, browser)).status).toBe(503);
    expect((await signIn()).page.text).toContain('ERR_STORAGE_UNAVAILABLE');
    const out = await browser.open(`${app.url}/auth/logout`, {
      method: 'POST',
      form: {},
      from: page.url,
    });
    remember(browser, out);
    expect(words(out.text)).toContain('could not be ended on the server');
  });

  it('of cookies, forms and queries that somebody made up', async () => {
    const { browser } = await signIn();
    const cookie = browser.cookies(app.url).get(cookieName(app.url)) ?? '';
    for (const spoilt of [`${cookie}x`, cookie.slice(1), 'hunter2-of-a-stranger']) {
      const headers = { Cookie: `${cookieName(app.url)}=${spoilt}` };
      expect((await fetchJson(`${app.url}/auth/session`, undefined, { headers })).status).toBe(401);
    }
    keep('an unknown cookie', 'hunter2-of-a-stranger');
    keep('a field', 'hunter2-in-a-field');
    const headers = { 'Sec-Fetch-Site': 'same-origin', 'X-CSRF': '1' };
    for (const [type, body] of [
      ['application/json', '{"local":"hunter2-in-a-field"}'],
      ['application/json', '{"hunter2-in-a-field'],
      ['application/x-www-form-urlencoded', 'local=hunter2-in-a-field'],
    ] as const) {
      const answer = await fetchJson(`${app.url}/auth/logout`, browser, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': type },
        body,
      });
      expect(answer.status).toBe(400);
    }
    keep('a hint', 'hunter2-as-a-hint');
    for (const query of ['prompt=hunter2-as-a-hint', 'step=hunter2-as-a-hint']) {
      expect((await fetchJson(`${app.url}/auth/login?${query}`)).status).toBe(400);
    }
  });

  it('holds no code, state, nonce, token, cookie value, session id, secret or name', async () => {
    rememberWire();
    const { client, keyRingSecret, tablesConnectionString, users } = stack.facts;
    keep('client secret', client.secret);
    keep('ring secret', keyRingSecret);
    keep('account key', /AccountKey=([^;]+)/.exec(tablesConnectionString)?.[1]);
    for (const { name, username } of users) {
      keep('name', name);
      keep('user name', username);
    }
    const log = await stack.output(app);
    // The log is that of all this, and the secrets are really there.
    expect(log).toMatch(/\{"event":"sign-in","outcome":"done","by":"[A-Za-z0-9_-]{8}"/);
    for (const code of ['SIGN_IN_EXPIRED', 'ID_TOKEN', 'STEP_UP', 'API_UNAVAILABLE', 'STORAGE']) {
      expect(log).toContain(`ERR_${code}`);
    }
    expect([...new Set(secrets.map(({ what }) => what))]).toEqual(
      expect.arrayContaining([
        ...[
          'code',
          'state',
          'nonce',
          'step',
          'session id',
          `cookie ${cookieName(app.url)}`,
          'bearer',
        ],
        ...['code_verifier sent', 'client_secret sent', 'refresh_token sent', 'ring secret'],
        ...[
          'access_token',
          'refresh_token',
          'id_token',
          'error_description',
          'account key',
          'name',
        ],
      ]),
    );
    const found = secrets.filter(({ value }) => log.includes(value)).map(({ what }) => what);
    expect(found).toEqual([]);
    expect(log).not.toMatch(/eyJ[A-Za-z0-9_-]{10,}/);
  });
});
