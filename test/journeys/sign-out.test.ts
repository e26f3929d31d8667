import {
  accounts,
  cookieName,
  eventsIn,
  fetchJson,
  signIn,
  startJourney,
  textOf,
} from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { TestBrowser, words } from '../support/test-browser';
import { type OwnTables, startOwnTables } from '../support/test-table';

let stack: TestStack;
let app: string;

beforeAll(async () => {
  stack = await startJourney();
  app = stack.apps[0]?.url ?? '';
});
afterAll(() => stack.stop());

const byScript = { method: 'POST', headers: { 'Sec-Fetch-Site': 'same-origin', 'X-CSRF': '1' } };
const statusOf = async (browser: TestBrowser) =>
  (await fetchJson(`${app}/auth/session`, browser)).status;

/** Signs out as a script does, at an instance of the same app; what it sets reaches the browser, as it would there. */
async function signOutAt(url: string, browser: TestBrowser, form: Record<string, string> = {}) {
  const answer = await fetchJson(`${url}/auth/logout`, browser, {
    ...byScript,
    body: new URLSearchParams(form),
  });
  for (const line of answer.headers.getSetCookie()) await browser.jar.setCookie(line, app);
  return answer;
}

describe('the page after signing out', () => {
  it('says what was done, once, and then only what is so', async () => {
    const { browser, page } = await signIn(app, accounts(stack).plainUser);
    const out = await browser.press(page, 'Sign out');
    expect(out.url.href).toBe(`${app}/auth/signed-out`);
    expect(words(out.text)).toContain('Your session in this app has ended');
    expect(words(out.text)).toContain('The sign-in service was asked to sign you out as well');
    expect(browser.cookies(app).size).toBe(0);
    const again = await browser.open(`${app}/auth/signed-out`);
    expect(words(again.text)).toContain('This browser has no session in this app.');
  });

  it.each(['?scope=app', '?scope=unreached', '?session=ended', '?state=x'])(
    'shows no text that a link asks for: %s',
    async (query) => {
      const page = await new TestBrowser().open(`${app}/auth/signed-out${query}`);
      expect(words(page.text)).toContain('This browser has no session in this app.');
      expect(words(page.text)).not.toMatch(/You are still signed in at|could not be reached/);
    },
  );

  it('tells whoever is still signed in so, and offers to sign out', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const page = await browser.open(`${app}/auth/signed-out`, {
      from: new URL('https://a.example'),
    });
    expect(words(page.text)).toContain('You are still signed in');
    expect(words(page.text)).toMatch(/Signed in as Tomás Lindqvist \( tomas@\S+ \)/);
    expect(page.text.match(/action="\/auth\/logout"/g)).toHaveLength(1);
    expect(await statusOf(browser)).toBe(200);
    const out = await browser.press(page, 'Sign out');
    expect(words(out.text)).toContain('You are signed out');
    expect(await statusOf(browser)).toBe(401);
  });

  it('reassures nobody because of a cookie that is worth nothing', async () => {
    const browser = new TestBrowser();
    await browser.jar.setCookie(`${cookieName(app)}=rubbish; Path=/`, app);
    const page = await browser.open(`${app}/auth/signed-out`);
    expect(words(page.text)).toContain('You are signed out');
  });
});

describe('signing out everywhere', () => {
  it('ends every session and says so', async () => {
    const one = await signIn(app, accounts(stack).guest);
    const other = await signIn(app, accounts(stack).guest);
    const answer = await signOutAt(app, one.browser, { everywhere: 'true', local: 'true' });
    expect(answer.body).toEqual({ logout_url: `${app}/auth/signed-out`, not_done: [] });
    expect(await statusOf(other.browser)).toBe(401);
    const page = await one.browser.open(`${app}/auth/signed-out`);
    expect(words(page.text)).toContain('Your sessions in all other browsers have ended too.');
  });

  it('does not claim it when this session had ended already', async () => {
    const one = await signIn(app, accounts(stack).guest);
    const other = await signIn(app, accounts(stack).guest);
    const kept = new TestBrowser();
    for (const [name, value] of one.browser.cookies(app)) {
      await kept.jar.setCookie(`${name}=${value}; Path=/`, app);
    }
    await signOutAt(app, one.browser, { local: 'true' });
    const answer = await signOutAt(app, kept, { everywhere: 'true', local: 'true' });
    expect(answer.body).toMatchObject({ not_done: ['everywhere'] });
    expect(await statusOf(other.browser)).toBe(200);
    const page = await kept.open(`${app}/auth/signed-out`);
    expect(words(page.text)).toContain('Your session in this app had already ended.');
    expect(words(page.text)).toContain('Your sessions in other browsers were not ended.');
  });

  it.each(['yes', '1', 'TRUE', ''])('is not guessed from %j: nothing ends', async (value) => {
    const { browser } = await signIn(app, accounts(stack).guest);
    const { status } = await signOutAt(app, browser, { everywhere: value });
    expect(status).toBe(400);
    expect(await statusOf(browser)).toBe(200);
  });
});

describe('with storage out of reach', () => {
  let tables: OwnTables;
  let twin: { readonly url: string };

  const tablesAt = (port: number) =>
    stack.facts.tablesConnectionString.replace(
      /(TableEndpoint=http:\/\/127\.0\.0\.1:)\d+/,
      `$1${port}`,
    );
  beforeAll(async () => {
    tables = await startOwnTables();
    twin = await stack.startApp({
      env: { APP_BASE_URL: app, TABLES_CONNECTION_STRING: tables.connectionString },
    });
    // It knows keys and provider by now, and loses the tables afterwards.
    const { browser } = await signIn(app, accounts(stack).plainUser);
    expect((await fetchJson(`${twin.url}/auth/session`, browser)).status).toBe(200);
    expect((await signOutAt(twin.url, browser)).status).toBe(200);
    await tables.stop();
  });

  it('clears the cookie, goes on to the provider, and says that the session lives on and until when', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const stolen = browser.cookies(app).get(cookieName(app)) ?? '';
    const answer = await signOutAt(twin.url, browser);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ not_done: ['session'] });
    const url = new URL(textOf(answer.body, 'logout_url'));
    expect(url.origin).toBe(stack.facts.entraUrl);
    const { session_expires_in: left } = Object(answer.body) as { session_expires_in: number };
    expect(left).toBeGreaterThan(43_000);
    expect(left).toBeLessThanOrEqual(43_200);
    expect(browser.cookies(app).has(cookieName(app))).toBe(false);

    const page = await browser.open(url, { from: new URL(app) });
    expect(page.url.href).toBe(`${app}/auth/signed-out`);
    const said = words(page.text);
    expect(said).toContain('This browser is signed out of this app.');
    expect(said).toContain('could not be ended on the server');
    expect(said).toMatch(/it ends by itself by \d+ \w+ \d{4}, \d\d:\d\d UTC/);
    expect(said).not.toContain('has ended, and its tokens are deleted');
    // Which is the truth: whoever had copied the cookie is still let in.
    const copy = { headers: { Cookie: `${cookieName(app)}=${stolen}` } };
    expect((await fetchJson(`${app}/auth/session`, undefined, copy)).status).toBe(200);
  });

  it('says that other browsers were not signed out either', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const answer = await signOutAt(twin.url, browser, { everywhere: 'true', local: 'true' });
    expect(answer.body).toMatchObject({ not_done: ['session', 'everywhere'] });
    const page = await browser.open(textOf(answer.body, 'logout_url'));
    expect(words(page.text)).toContain('Your sessions in other browsers were not ended.');
  });

  it('does as much when it has never reached the tables, so cannot even read the cookie', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const blind = await stack.startApp({
      env: { APP_BASE_URL: app, TABLES_CONNECTION_STRING: tablesAt(1) },
    });
    const answer = await signOutAt(blind.url, browser);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ not_done: ['session'] });
    expect(browser.cookies(app).has(cookieName(app))).toBe(false);
    await stack.stopApp(blind);
  });

  it('with the provider out of reach too, still clears the cookie and says both', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const lost = await stack.startApp({
      env: {
        APP_BASE_URL: app,
        TABLES_CONNECTION_STRING: tablesAt(1),
        ENTRA_AUTHORITY: 'http://127.0.0.1:1/t/v2.0',
        ENTRA_ISSUER: stack.facts.authority,
      },
    });
    const answer = await signOutAt(lost.url, browser);
    expect(answer.body).toMatchObject({
      logout_url: `${app}/auth/signed-out`,
      not_done: ['session', 'provider'],
    });
    const page = await browser.open(textOf(answer.body, 'logout_url'));
    expect(words(page.text)).toContain('could not be ended on the server');
    expect(words(page.text)).toContain('The sign-in service could not be reached, so you may');
    await stack.stopApp(lost);
  });
});

describe('the audit of a sign-out', () => {
  it('says who and what, and holds neither cookie nor session id', async () => {
    const [running] = stack.apps;
    if (running === undefined) throw new Error('no app');
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const cookie = browser.cookies(app).get(cookieName(app)) ?? '';
    await signOutAt(app, browser, { everywhere: 'true' });
    const log = await stack.output(running);
    expect(log).toMatch(
      /\{"event":"session ended","outcome":"done","by":"([\w-]{8})","of":"\1","why":"sign-out everywhere","count":\d+,/,
    );
    expect(eventsIn(log)).toContainEqual(
      expect.objectContaining({
        ...{ event: 'session ended', why: 'sign-out', outcome: 'done' },
        session: expect.stringMatching(/^[\w-]{8}$/) as unknown,
      }),
    );
    expect(log).not.toContain(cookie.slice(-30));
  });
});

const frame = (query: string, init: RequestInit = {}) =>
  fetch(`${app}/auth/front-channel-logout${query}`, init);

/** Signs out at the provider alone and gives the `sid` it would tell the app in a frame, which this browser does not load. */
async function sidOf(browser: TestBrowser): Promise<string> {
  const page = await browser.open(new URL('../oauth2/v2.0/logout', `${stack.facts.authority}/`));
  const source = /<iframe[^>]*src="([^"]+)"/.exec(page.text)?.[1] ?? '';
  const url = new URL(source.replaceAll('&amp;', '&'));
  expect(url.origin + url.pathname).toBe(`${app}/auth/front-channel-logout`);
  const sid = url.searchParams.get('sid') ?? '';
  expect(sid).not.toBe('');
  return sid;
}

/** All that an answer tells. */
async function tellingsOf(answer: Response): Promise<unknown> {
  const headers = [...answer.headers].filter(([name]) => name !== 'date');
  return [answer.status, headers, await answer.text()];
}

describe('front-channel logout', () => {
  it('ends the sessions with that sid without any cookie, and no other', async () => {
    const here = await signIn(app, accounts(stack).plainUser);
    const elsewhere = await signIn(app, accounts(stack).plainUser);
    const stranger = await signIn(app, accounts(stack).administrator);
    const answer = await frame(`?sid=${await sidOf(here.browser)}`);
    expect(answer.status).toBe(200);
    expect(await statusOf(here.browser)).toBe(401);
    expect(await statusOf(elsewhere.browser)).toBe(200);
    expect(await statusOf(stranger.browser)).toBe(200);
    const [facts] = stack.apps;
    const log = facts === undefined ? '' : await stack.output(facts);
    const event = eventsIn(log).find(({ why }) => why === 'sign-out at the provider');
    expect(event).toMatchObject({ outcome: 'done', of: event?.['by'], count: 1 });
  });

  it('takes the exact issuer', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const sid = await sidOf(browser);
    await frame(`?sid=${sid}&iss=${encodeURIComponent(stack.facts.authority)}`);
    expect(await statusOf(browser)).toBe(401);
  });

  it.each<[string, (sid: string, issuer: string) => string]>([
    ['another issuer', (sid) => `?sid=${sid}&iss=https%3A%2F%2Fevil.example`],
    [
      'the issuer with a slash more',
      (sid, iss) => `?sid=${sid}&iss=${encodeURIComponent(`${iss}/`)}`,
    ],
    ['an empty issuer', (sid) => `?sid=${sid}&iss=`],
    ['two issuers', (sid, iss) => `?sid=${sid}&iss=${encodeURIComponent(iss)}&iss=x`],
    ['two sids', (sid) => `?sid=${sid}&sid=other`],
    ['another case', (sid) => `?sid=${sid.toUpperCase()}x`],
  ])('ends nothing with %s', async (_name, queryOf) => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const query = queryOf(await sidOf(browser), stack.facts.authority);
    expect((await frame(query)).status).toBe(200);
    expect(await statusOf(browser)).toBe(200);
  });

  it('answers the same, and never sooner, whatever it was asked: nobody learns which sids exist', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const sid = await sidOf(browser);
    const queries = [
      `?sid=${sid}`,
      `?sid=${sid}`,
      '?sid=00000000-0000-0000-0000-000000000000',
      `?sid=${'a'.repeat(128)}`,
      `?sid=${'a'.repeat(129)}`,
      '?sid=a%27b',
      '?sid=..%2F..',
      '?sid=%00',
      '?sid=',
      '',
      '?sid=a&iss=https%3A%2F%2Fevil.example',
    ];
    const answers: unknown[] = [];
    for (const query of queries) {
      const began = performance.now();
      answers.push(await tellingsOf(await frame(query)));
      expect(performance.now() - began).toBeGreaterThan(240);
    }
    expect(answers).toEqual(queries.map(() => answers[0]));
  });

  it('may be framed by the provider’s origin only, is not stored, sets no cookie', async () => {
    const { headers } = await frame('?sid=a');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain(`frame-ancestors ${stack.facts.entraUrl}`);
    expect(policy).not.toContain("frame-ancestors 'none'");
    expect(policy).toContain("default-src 'none'");
    expect(headers.get('x-frame-options')).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.getSetCookie()).toEqual([]);
  });

  it('looks at no cookie: neither does one end by it, nor is one cleared', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const cookie = browser.jar.getCookieStringSync(app);
    const answer = await frame('?sid=unknown', { headers: { Cookie: cookie } });
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await statusOf(browser)).toBe(200);
  });

  it('answers 200 with storage out of reach too, and the log tells', async () => {
    const blind = await stack.startApp({ env: { TABLES_NAME: 'nosuchtable' } });
    const answer = await fetch(`${blind.url}/auth/front-channel-logout?sid=a`);
    expect(answer.status).toBe(200);
    expect(eventsIn(await stack.output(blind))).toContainEqual(
      expect.objectContaining({
        ...{ event: 'session ended', outcome: 'failed' },
        ...{ why: 'sign-out at the provider', code: 'ERR_STORAGE_UNAVAILABLE' },
      }),
    );
    await stack.stopApp(blind);
  });

  it('is the host’s 404 by POST', async () => {
    expect((await frame('?sid=a', { method: 'POST' })).status).toBe(404);
  });
});
