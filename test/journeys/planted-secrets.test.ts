import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { TableClient } from '@azure/data-tables';
import type { AppFacts } from '../../local/stack/stack-process';
import { type BuiltExample, buildApp } from '../support/build-example';
import {
  accounts,
  control,
  cookieName,
  eventsIn,
  resetControl,
  startJourney,
  textOf,
} from '../support/journey';
import {
  type Asked,
  type ForcedAnswer,
  type RecordingProxy,
  startRecordingProxy,
} from '../support/recording-proxy';
import { createSecretWatch } from '../support/secret-watch';
import type { TestStack } from '../support/start-stack';
import { TestBrowser, words } from '../support/test-browser';

// Every journey of an app, with a watch on all that leaves it. In the end each secret may have been seen only where it belongs.

let built: BuiltExample;
let stack: TestStack;
let app: AppFacts;
/** What the app says to the token endpoint, to its APIs and to its tables, and what it gets back. */
let wires: Record<'provider' | 'graph' | 'orders' | 'tables', RecordingProxy>;
const watch = createSecretWatch();
const browsers: TestBrowser[] = [];

const secretText = () => `planted-${randomBytes(24).toString('base64url')}`;
const planted = {
  PLANTED_DATA: secretText(),
  PLANTED_REFUSAL: `You may not, for ${secretText()}`,
};
// As Entra ID makes them: they begin with a letter, and could pass for the name of an error.
const clientSecret = `Abc8Q.${randomBytes(24).toString('hex')}`;
const keyRingSecret = randomBytes(32).toString('base64url');

beforeAll(async () => {
  const host = {
    logging: { logLevel: { default: 'Trace' } },
    extensions: { http: { routePrefix: '' } },
  };
  const source = { contents: `import './planted-app';`, resolveDir: 'test/support' };
  built = buildApp(source, host);
  stack = await startJourney({
    apps: 0,
    scriptRoot: built.folder,
    secrets: {
      ...{ account: { name: 'unused', key: '' }, keyRingSecret, clientSecret },
      ...{ entraPort: 0, graphPort: 0, ordersPort: 0, tablesPort: 0 },
    },
  });
  const { entraUrl, authority, issuer, graphUrl, graphBaseUrl, ordersUrl } = stack.facts;
  const { tablesConnectionString } = stack.facts;
  const tablesOrigin = /http:\/\/127\.0\.0\.1:\d+/.exec(tablesConnectionString)?.[0] ?? '';
  wires = {
    // Only the token endpoint is led through here: what is said there nobody else sees.
    provider: await startRecordingProxy(entraUrl, (body, origin) =>
      body.replace(/("token_endpoint":")[^"]*?(\/[^/"]+\/oauth2[^"]*")/, `$1${origin}$2`),
    ),
    graph: await startRecordingProxy(graphUrl),
    orders: await startRecordingProxy(ordersUrl),
    tables: await startRecordingProxy(tablesOrigin),
  };
  app = await stack.startApp({
    env: {
      ...planted,
      REFUSED: accounts(stack).guest,
      UNLUCKY: accounts(stack).plainUser,
      // The libraries say all that they ever say.
      AZURE_LOG_LEVEL: 'verbose',
      ENTRA_AUTHORITY: authority.replace(entraUrl, wires.provider.origin),
      ENTRA_ISSUER: issuer,
      GRAPH_BASE_URL: graphBaseUrl.replace(graphUrl, wires.graph.origin),
      ORDERS_URL: wires.orders.origin,
      TABLES_CONNECTION_STRING: tablesConnectionString.replace(tablesOrigin, wires.tables.origin),
    },
  });
});
afterAll(async () => {
  await stack.stop();
  await Promise.all(Object.values(wires).map((wire) => wire.close()));
  built.remove();
});
function newBrowser(): TestBrowser {
  const browser = new TestBrowser();
  browsers.push(browser);
  return browser;
}

const ofScripts = {
  ...{ 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' },
  ...{ Accept: 'application/json', 'X-CSRF': '1' },
};

/** Asks as a script of a page does. */
async function ask(
  browser: TestBrowser,
  path: string,
  { headers, ...visit }: Parameters<TestBrowser['open']>[1] = {},
): Promise<{ status: number; code: string; body: unknown }> {
  const page = await browser.open(app.url + path, {
    ...visit,
    headers: { ...ofScripts, ...headers },
  });
  const isJson = /\bjson\b/.test(page.headers.get('content-type') ?? '');
  const body: unknown = isJson ? JSON.parse(page.text) : page.text;
  return { status: page.status, code: textOf(body, 'code'), body };
}

async function signIn(path = '/auth/me', name = accounts(stack).administrator) {
  const browser = newBrowser();
  const picker = await browser.open(`${app.url}/auth/login?return_to=${path}`);
  return { browser, page: await browser.press(picker, name) };
}

/** The words of the page that a sign-out ends on. */
async function signOut(browser: TestBrowser, from: URL): Promise<string> {
  return words(
    (await browser.open(`${app.url}/auth/logout`, { method: 'POST', form: {}, from })).text,
  );
}

/** A session whose access token is refreshed by the next call. */
async function signInWithExpired(): Promise<TestBrowser> {
  await control(stack.facts.entraUrl, { accessTokenSeconds: 60 });
  const { browser } = await signIn('/');
  await resetControl(stack.facts.entraUrl);
  return browser;
}

/** An error answer that quotes all it was sent, wherever an answer can say something. */
function reflect({ path, headers, sent }: Asked, status: number): ForcedAnswer {
  const form = new URLSearchParams(sent);
  const bearer = headers.authorization?.split(' ')[1];
  const all = `${path} ${JSON.stringify(headers)} ${sent}`;
  const value = form.get('client_secret') ?? bearer ?? all;
  const word = value.replace(/[^\w.~-]+/g, '-').slice(0, 2000);
  const error = { code: word, message: all, error_description: all, lang: 'en' };
  return {
    status,
    statusText: word,
    headers: {
      'content-type': 'application/json',
      'x-reflected': word,
      'x-ms-error-code': word,
      'www-authenticate': `Bearer error="${word}", error_description="${word}"`,
      'set-cookie': `reflected=${word}`,
      etag: `"${word}"`,
      location: `https://elsewhere.example/${word}`,
    },
    body: JSON.stringify({
      // The name of a refusal, so that the rest counts as one; a refresh that is refused would end the session.
      error: status === 400 && form.get('grant_type') !== 'refresh_token' ? 'invalid_client' : word,
      ...{ suberror: word, error_description: all, error_codes: [word] },
      ...{ correlation_id: word, trace_id: word, claims: word, error_uri: all },
      'odata.error': { code: word, message: { lang: 'en', value: all } },
      ...(form.has('grant_type') ? {} : { error }),
    }),
  };
}

describe('all that leaves the app', () => {
  afterEach(async () => {
    for (const wire of Object.values(wires)) wire.treat = () => 'pass';
    const { entraUrl, graphUrl, ordersUrl } = stack.facts;
    for (const url of [entraUrl, graphUrl, ordersUrl]) await resetControl(url);
  });

  it('at a sign-in, a profile, an update of the session’s data and a sign-out', async () => {
    const { browser, page } = await signIn();
    expect(page.status).toBe(200);
    expect((await ask(browser, '/auth/me/photo')).status).toBe(200);
    expect((await ask(browser, '/auth/session')).status).toBe(200);
    expect((await ask(browser, '/auth/sessions')).status).toBe(200);
    expect((await ask(browser, '/keep', { method: 'POST' })).status).toBe(204);
    expect((await ask(browser, '/broken')).code).toBe('ERR_INTERNAL');
    const out = await browser.press(page, 'Sign out');
    expect(out.url.pathname).toBe('/auth/signed-out');
  });

  it('at sign-ins that the app’s own code refuses, or fails to decide', async () => {
    const { guest, plainUser } = accounts(stack);
    expect((await signIn('/', guest)).page.text).toContain('ERR_SIGN_IN_REFUSED_BY_APP');
    expect((await signIn('/', plainUser)).page.text).toContain('ERR_SIGN_IN_CHECK_FAILED');
  });

  it('at redemptions that the provider refuses, twice', async () => {
    await control(stack.facts.entraUrl, { tokenError: 54005 });
    expect((await signIn()).page.text).toContain('ERR_SIGN_IN_EXPIRED');
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['an ID token of another', { idTokenClaims: { aud: 'another' } }, 'ERR_ID_TOKEN'],
    ['an ID token of another tenant', { idTokenClaims: { tid: 'another' } }, 'ERR_WRONG_TENANT'],
    ['a token endpoint that talks nonsense', { tokenOutage: 'garbage' }, 'ERR_PROVIDER_UNAVAIL'],
    ['a token endpoint that drops connections', { tokenOutage: 'drop' }, 'ERR_PROVIDER_UNAVAIL'],
  ])('at a sign-in that fails by %s', async (_name, fault, code) => {
    await control(stack.facts.entraUrl, fault);
    expect((await signIn()).page.text).toContain(code);
  });

  it('at callbacks that are refused', async () => {
    const browser = newBrowser();
    const picker = await browser.open(`${app.url}/auth/login`);
    const authorize = picker.trail.find((href) => href.includes('/authorize?')) ?? '';
    const state = new URL(authorize).searchParams.get('state') ?? '';
    const description = 'AADSTS50105: Secret tenant details';
    watch.plant('description of an error', 'Secret tenant details');
    const queries = [
      { code: 'code-of-somebody-else', state, iss: 'https://login.evil.example/v2.0' },
      { error: 'access_denied', error_description: description, state },
      { code: 'code-of-somebody-else', state: `${'A'.repeat(43)}.1` },
      { code: 'code-of-somebody-else', error: 'access_denied', state },
    ];
    for (const query of queries) {
      const url = `${app.url}/auth/redirect?${new URLSearchParams(query).toString()}`;
      const page = await browser.open(url, { from: new URL(stack.facts.entraUrl) });
      expect(page.status).toBeGreaterThanOrEqual(400);
    }
    const doubled = `${app.url}/auth/redirect?hop=1&code=code-of-somebody-else&code=b&state=${state}`;
    expect((await browser.open(doubled, { from: new URL(app.url) })).status).toBe(400);
  });

  it('at a step-up, taken and spoilt', async () => {
    const { browser, page } = await signIn();
    await control(stack.facts.graphUrl, { answer: 'claims-challenge', times: 1 });
    const loginUrl = textOf((await ask(browser, '/auth/me')).body, 'login_url');
    const spoilt = await browser.open(`${loginUrl}spoilt`, { from: page.url });
    expect(spoilt.status).toBe(400);
    const back = await browser.open(loginUrl, { from: page.url });
    expect([back.status, back.url.pathname]).toEqual([200, '/auth/me']);
  });

  it('at refreshes: done, refused for good, and over a session that the provider ends', async () => {
    expect((await ask(await signInWithExpired(), '/auth/me')).status).toBe(200);
    const other = await signInWithExpired();
    await control(stack.facts.entraUrl, { tokenError: 50057 });
    expect((await ask(other, '/auth/me')).status).toBe(401);
  });

  it('at calls to an API of the app’s own, after consent, as the user and as the app', async () => {
    const { browser, page } = await signIn('/latest');
    await browser.press(page, 'Accept');
    expect((await ask(browser, '/latest')).status).toBe(200);
    // Through the proxy: a body of the browser, a large one while it comes, and a large answer while it comes.
    const item = secretText();
    watch.plant('body of a browser', item);
    const body = JSON.stringify({ item, quantity: 1 });
    const headers = { 'Content-Type': 'application/json', 'X-Own': secretText() };
    watch.plant('header of a browser', headers['X-Own']);
    const post = { method: 'POST', headers, body } as const;
    expect((await ask(browser, '/api/orders/orders', post)).status).toBe(201);
    const large = { ...post, body: body.padEnd(1_100_000) };
    expect((await ask(browser, '/api/orders/import', large)).status).toBe(200);
    expect((await ask(browser, '/api/orders/export?bytes=200000')).status).toBe(200);
    expect((await ask(browser, '/api/orders/events?count=2&everyMs=1')).status).toBe(200);
  });

  it('at bearer tokens: let in, on behalf of their person, refused', async () => {
    const user = stack.facts.users[0]?.username ?? '';
    const browser = newBrowser();
    const bear = async (path: string, order: object) => {
      const answer = await fetch(`${stack.facts.entraUrl}/control/bearer-token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(order),
      });
      const token = textOf(await answer.json(), 'access_token');
      watch.plant('bearer token of a client', token);
      return (await ask(browser, path, { headers: { Authorization: `Bearer ${token}` } })).status;
    };
    expect(await bear('/notes', { user })).toBe(200);
    expect(await bear('/notes', {})).toBe(200);
    expect(await bear('/author', { user })).toBe(200);
    expect(await bear('/notes', { user, seconds: -120 })).toBe(401);
    expect(await bear('/notes', { user, scopes: ['Notes.Write'] })).toBe(403);
    wires.provider.treat = (asked) => reflect(asked, 400);
    expect(await bear('/author', { user })).toBeGreaterThanOrEqual(500);
  });

  it.each<[string, Record<string, unknown>]>([
    ['drops the connection', { outage: 'drop' }],
    ['talks nonsense', { outage: 'garbage' }],
    ['answers 500', { answer: 'error' }],
    ['refuses', { answer: 'forbidden' }],
  ])('at a Graph that %s', async (_name, fault) => {
    const { browser } = await signIn();
    await control(stack.facts.graphUrl, fault);
    expect((await ask(browser, '/auth/me')).code).toMatch(/^ERR_API_/);
  });

  it.each([400, 500])('at services that quote what they were sent, with %i', async (status) => {
    // Both access tokens are refreshed by each call.
    await control(stack.facts.entraUrl, { accessTokenSeconds: 60 });
    const { browser, page: asked } = await signIn('/latest');
    await browser.press(asked, 'Accept');
    await control(stack.facts.entraUrl, { accessTokenSeconds: 3600 });
    const { page } = await signIn('/auth/me');
    const others = ['/auth/me', '/latest', '/all-orders', '/auth/session', '/api/orders/orders'];
    for (const [part, path] of [
      ['provider', '/auth/me'],
      ['graph', '/auth/me'],
      ['orders', '/latest'],
      ['tables', '/auth/session'],
    ] as const) {
      wires[part].treat = (asked) => reflect(asked, status);
      await signIn();
      expect((await ask(browser, path)).status).toBeGreaterThanOrEqual(400);
      for (const other of others) await ask(browser, other);
      if (part === 'tables') expect((await ask(browser, '/health')).status).toBe(503);
      wires[part].treat = () => 'pass';
    }
    wires.tables.treat = (asked) => reflect(asked, status);
    expect(await signOut(browser, page.url)).toContain('could not be ended on the server');
  });

  it('at a table out of reach, at a request, a sign-in and a sign-out', async () => {
    const { browser, page } = await signIn();
    wires.tables.treat = () => 'refuse';
    expect((await ask(browser, '/auth/session')).status).toBe(503);
    expect((await signIn()).page.text).toContain('ERR_STORAGE_UNAVAILABLE');
    expect(await signOut(browser, page.url)).toContain('could not be ended on the server');
  });

  it('at cookies, forms and queries that somebody made up', async () => {
    const { browser } = await signIn();
    const cookie = browser.cookies(app.url).get(cookieName(app.url)) ?? '';
    for (const spoilt of [`${cookie}x`, cookie.slice(1), 'hunter2-of-a-stranger']) {
      const headers = { Cookie: `${cookieName(app.url)}=${spoilt}` };
      expect((await ask(newBrowser(), '/auth/session', { headers })).status).toBe(401);
    }
    for (const text of ['of-a-stranger', 'in-a-field', 'as-a-hint']) {
      watch.plant('text of a stranger', `hunter2-${text}`);
    }
    for (const [type, body] of [
      ['application/json', '{"local":"hunter2-in-a-field"}'],
      ['application/json', '{"hunter2-in-a-field'],
      ['application/x-www-form-urlencoded', 'local=hunter2-in-a-field'],
    ] as const) {
      const headers = { 'Content-Type': type };
      const answer = await ask(browser, '/auth/logout', { method: 'POST', headers, body });
      expect(answer.status).toBe(400);
    }
    for (const query of ['prompt=hunter2-as-a-hint', 'step=hunter2-as-a-hint']) {
      expect((await ask(newBrowser(), `/auth/login?${query}`)).status).toBe(400);
    }
  });

  it('at the console, the list of activity and its export, front-channel logout, the sweep', async () => {
    const { browser } = await signIn('/auth/admin');
    for (const path of ['/auth/admin', '/auth/admin/activity', '/auth/sessions', '/auth/me', '/']) {
      await browser.open(app.url + path, { from: new URL(app.url) });
    }
    const list = await ask(browser, '/auth/admin/activity?format=jsonl');
    expect(list.body).toContain('"event":"sign-in"');
    await seeRows();
    const sid = wires.provider.recorded.flatMap(({ answered }) => sidIn(answered)).at(-1) ?? '';
    const path = `/auth/front-channel-logout?sid=${sid}`;
    expect((await newBrowser().open(app.url + path)).status).toBe(200);
    expect((await ask(browser, '/auth/session')).status).toBe(401);
    const sweep = await fetch(`${app.url}/admin/functions/auth-sweep`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(sweep.status).toBe(202);
  });

  it('at the end of everybody’s sessions', async () => {
    const { browser } = await signIn('/auth/admin');
    const confirm = await browser.open(`${app.url}/auth/admin/end?everybody=true`, {
      from: new URL(app.url),
    });
    const ended = await browser.press(confirm, 'Sign everybody out');
    expect(ended.status).toBeLessThan(400);
    expect((await ask(browser, '/auth/session')).status).toBe(401);
  });
});

describe('all of it', () => {
  it('holds each secret only where it belongs', async () => {
    const files = readdirSync(built.folder).sort();
    expect(files).toEqual(['host.json', 'main.js', 'main.js.map', 'package.json']);
    plantAll();
    await seeAll();
    const log = await stack.output(app);
    const told = new Set(eventsIn(log).map(({ event }) => event));
    expect(unseen.filter((event) => !told.has(event))).toEqual([]);
    const places = Object.entries(belongs).map(([what, where]) => [
      what,
      Object.keys(where).sort(),
    ]);
    expect(watch.places()).toEqual(Object.fromEntries(places));
    // Nor a token that nobody has named here.
    expect(/eyJ[A-Za-z0-9_-]{10,}/.exec(log)?.[0]).toBeUndefined();
    // Nothing in the process grows with each request of a connection.
    expect(/MaxListeners\w*/.exec(log)?.[0]).toBeUndefined();
  });
});

const ofTheToken = 'the access tokens of Entra ID tell the API who it is';
const quotedByApi = 'an API that quotes its token in an answer tells it to its own caller';
const shown = 'people see who is signed in, and administrators whom they end';

/** Where each secret may stand, and why. It stands in no other place: not in the log, not in a row, in no other header or page. */
const belongs: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'ID token': {},
  'access token for graph': { 'header authorization to graph': 'RFC 6750 section 2.1' },
  'access token for orders': {
    'header authorization to orders': 'RFC 6750 section 2.1',
    'body of /all-orders': quotedByApi,
    'body of /api/orders/orders': quotedByApi,
    'body of /latest': quotedByApi,
    'header etag': quotedByApi,
  },
  'bearer token of a client': { 'body to provider': 'the assertion of an on-behalf-of request' },
  'body of a browser': {
    'body to orders': 'the proxy passes it on',
    'body of /api/orders/orders': 'the API answers with the order',
    'body of /all-orders': 'the order is in the list',
    'body of /latest': 'it is the latest order',
  },
  'client secret': { 'body to provider': 'RFC 6749 section 2.3.1' },
  code: {
    'body of /auth/redirect': 'the page that opens the same address once more',
    'body to provider': 'RFC 6749 section 4.1.3',
  },
  code_verifier: { 'body to provider': 'RFC 7636 section 4.5' },
  'cookie of a sign-in': { 'header set-cookie': 'for this browser alone' },
  'data of the app in a session': {},
  'description of an error': {},
  'header of a browser': {},
  'key of the storage account': {},
  logout_hint: { 'body of /auth/logout': 'the page goes on to the provider’s sign-out' },
  name: {
    'body of /api/orders/orders': ofTheToken,
    'body of /auth/admin': shown,
    'body of /auth/admin/activity': shown,
    'body of /auth/admin/end': shown,
    'body of /auth/me': shown,
    'body of /auth/session': shown,
    'body of /auth/sessions': shown,
    'body of /author': shown,
    'body of /latest': ofTheToken,
    'body to provider': ofTheToken,
    'header authorization to graph': ofTheToken,
    'header authorization to orders': ofTheToken,
    'header etag': ofTheToken,
  },
  nonce: { 'location at the provider': 'OpenID Connect Core 1.0 section 3.1.2.1' },
  'refresh token': { 'body to provider': 'RFC 6749 section 6' },
  'secret of the key ring': {},
  'session cookie': { 'header set-cookie': 'for this browser alone' },
  'session id': { 'header set-cookie': 'it is in the session cookie' },
  sid: {
    'body of /api/orders/orders': ofTheToken,
    'body of /auth/redirect': 'Entra ID adds it to its answer as session_state',
    'body of /latest': ofTheToken,
    'header authorization to graph': ofTheToken,
    'header authorization to orders': ofTheToken,
    'header etag': ofTheToken,
  },
  state: {
    'body of /auth/redirect': 'the page that opens the same address once more',
    'location at the provider': 'RFC 6749 section 4.1.1',
  },
  step: {
    'body of /auth/me': 'the link to sign in, for a script',
    'header location': 'the link to sign in, for a browser',
  },
  'text of a stranger': {},
  'text of the app for a person': { 'body of /auth/redirect': 'the page that tells the refusal' },
  'user name': {
    'body of /api/orders/orders': ofTheToken,
    'body of /auth/admin': shown,
    'body of /auth/admin/activity': shown,
    'body of /auth/me': shown,
    'body of /auth/session': shown,
    'body of /author': shown,
    'body of /latest': ofTheToken,
    'body to provider': ofTheToken,
    'header authorization to graph': ofTheToken,
    'header authorization to orders': ofTheToken,
    'header etag': ofTheToken,
  },
};

/** Events that must have been told, so that the journeys were those that they are called. */
const unseen: string[] = [
  ...['sign-in', 'sign-in refused', 'sign-in failed', 'tenant refused', 'issuer refused'],
  ...['hook refused', 'hook failed', 'step-up', 'refresh', 'refresh refused', 'session ended'],
  ...['bearer token refused', 'request refused', 'request failed', 'console viewed', 'key made'],
  ...['storage trouble', 'provider trouble', 'API trouble', 'health failing'],
  ...['app token refused', 'activity trouble', 'sweep'],
];

const partsOf = (token: string): Readonly<Record<string, unknown>> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;

const memberIn = (text: string, name: string): string =>
  // Some of these answers are no JSON, on purpose.
  new RegExp(`"${name}":"([^"]*)"`).exec(text)?.[1] ?? '';

function sidIn(answered: string): readonly string[] {
  const token = memberIn(answered, 'id_token');
  return token === '' ? [] : [textOf(partsOf(token), 'sid')];
}

/** Names every secret that was given out, by what it is. */
function plantAll(): void {
  watch.plant('client secret', clientSecret);
  watch.plant('secret of the key ring', keyRingSecret);
  watch.plant(
    'key of the storage account',
    /AccountKey=([^;]+)/.exec(stack.facts.tablesConnectionString)?.[1],
  );
  watch.plant('data of the app in a session', planted.PLANTED_DATA);
  watch.plant('text of the app for a person', planted.PLANTED_REFUSAL);
  for (const { name, username } of stack.facts.users) {
    watch.plant('name', name);
    watch.plant('user name', username);
  }
  for (const { url, headers } of browsers.flatMap(({ answers }) => answers)) {
    const location = headers.get('location');
    for (const { searchParams } of [url, ...(location === null ? [] : [new URL(location, url)])]) {
      for (const name of ['code', 'state', 'nonce', 'step', 'logout_hint', 'sid']) {
        watch.plant(name, searchParams.get(name));
      }
    }
    if (url.origin !== app.url) continue;
    for (const line of headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
      const isSession = name === cookieName(app.url);
      watch.plant(isSession ? 'session cookie' : 'cookie of a sign-in', value);
      if (isSession && value !== '') watch.plant('session id', textOf(partsOf(value), 's'));
    }
  }
  for (const { path, sent, answered } of wires.provider.recorded) {
    if (!path.split('?')[0]?.endsWith('/token')) continue;
    const form = new URLSearchParams(sent);
    watch.plant('code_verifier', form.get('code_verifier'));
    watch.plant('refresh token', form.get('refresh_token'));
    watch.plant('refresh token', memberIn(answered, 'refresh_token'));
    watch.plant('ID token', memberIn(answered, 'id_token'));
    const token = memberIn(answered, 'access_token');
    if (token === '') continue;
    const isOfOrders = String(partsOf(token)['aud']).includes('orders');
    watch.plant(`access token for ${isOfOrders ? 'orders' : 'graph'}`, token);
    for (const sid of sidIn(answered)) watch.plant('sid', sid);
  }
}

/** Looks at everything that the app has written, said and stored. */
async function seeAll(): Promise<void> {
  watch.see('log', await stack.output(app));
  for (const answer of browsers.flatMap(({ answers }) => answers)) {
    if (answer.url.origin !== app.url) continue;
    watch.see('status text', answer.statusText);
    watch.see(`body of ${answer.url.pathname}`, answer.text);
    for (const [name, value] of answer.headers) {
      const isToProvider = name === 'location' && value.startsWith(stack.facts.entraUrl);
      watch.see(isToProvider ? 'location at the provider' : `header ${name}`, value);
    }
  }
  for (const [part, { recorded }] of Object.entries(wires)) {
    for (const { method, path, headers, sent } of recorded) {
      watch.see(`address at ${part}`, `${method} ${path}`);
      watch.see(`body to ${part}`, sent);
      for (const [name, value] of Object.entries(headers)) {
        watch.see(`header ${name} to ${part}`, String(value));
      }
    }
  }
  await seeRows();
}

async function seeRows(): Promise<void> {
  const { tablesConnectionString, tableName } = stack.facts;
  const options = { allowInsecureConnection: true };
  const rows = TableClient.fromConnectionString(tablesConnectionString, tableName, options);
  for await (const row of rows.listEntities()) {
    const texts = Object.values(row).map((value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : String(value),
    );
    watch.see('rows', texts.join('\n'));
  }
}
