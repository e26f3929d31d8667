import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { browserHeaders } from '../support/context-fixture';
import { accounts, control, cookieName, resetControl, startJourney } from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { type Page, TestBrowser, words } from '../support/test-browser';

let stack: TestStack;
let app: string;
let certificate: string;

beforeAll(async () => {
  stack = await startJourney({ https: true });
  app = stack.apps[0]?.url ?? '';
  certificate = stack.apps[0]?.certificate ?? '';
});
afterAll(() => stack.stop());
afterEach(async () => {
  await resetControl(stack.facts.entraUrl);
  await resetControl(stack.facts.graphUrl);
});

const hsts = 'max-age=31536000';

/** A GET that trusts the stack's throwaway certificate and nothing else. */
function get(url: string, cookie = ''): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { ...browserHeaders, ...(cookie === '' ? {} : { Cookie: cookie }) };
    request(url, { ca: certificate, headers }, (answer) => {
      answer.resume();
      resolve(answer);
    })
      .on('error', reject)
      .end();
  });
}

const pairOf = (line: string) => line.split(';')[0] ?? '';

describe('over https', () => {
  it('sends HSTS', async () => {
    expect((await get(app)).headers['strict-transport-security']).toBe('max-age=31536000');
  });

  it('signs in with __Host-Http- cookies that are Secure, HttpOnly, Strict and have no Domain', async () => {
    expect(app).toMatch(/^https:\/\/localhost:/);
    const login = await get(`${app}/auth/login?return_to=/auth/session`);
    const [binding = ''] = login.headers['set-cookie'] ?? [];
    expect(binding).toMatch(/^__Host-Http-anteroom-\d+-sign-in=[A-Za-z0-9_-]{43};/);
    expect(binding.toLowerCase()).toMatch(/; path=\/; secure; samesite=strict; httponly$/);

    const browser = new TestBrowser();
    const picker = await browser.open(login.headers.location ?? '');
    browser.follows = false;
    let step = await browser.press(picker, accounts(stack).plainUser);
    while (new URL(step.headers.get('location') ?? '', step.url).origin !== app) {
      step = await browser.open(new URL(step.headers.get('location') ?? '', step.url));
    }
    const finish = await get(`${step.headers.get('location') ?? ''}&hop=1`, pairOf(binding));
    expect(finish.statusCode).toBe(302);
    expect(finish.headers.location).toBe(`${app}/auth/session`);
    const cookies = finish.headers['set-cookie'] ?? [];
    const session = cookies.find((line) => line.startsWith(`${cookieName(app)}=`));
    expect(session?.toLowerCase()).toMatch(/; path=\/; secure; samesite=strict; httponly$/);
    expect(session).not.toMatch(/max-age|expires|domain/i);
    expect((await get(`${app}/auth/session`, pairOf(session ?? ''))).statusCode).toBe(200);
    // The name without the prefix is not ours here: another subdomain could have set it.
    const unprefixed = pairOf(session ?? '').replace('__Host-Http-', '');
    expect((await get(`${app}/auth/session`, unprefixed)).statusCode).toBe(302);
  });
});

function newBrowser(): TestBrowser {
  const browser = new TestBrowser();
  browser.trusts = certificate;
  return browser;
}

async function signedIn(path = '/'): Promise<{ browser: TestBrowser; page: Page }> {
  const browser = newBrowser();
  const picker = await browser.open(`${app}/auth/login?return_to=${encodeURIComponent(path)}`);
  return { browser, page: await browser.press(picker, accounts(stack).administrator) };
}

/** What a page's script sends, whose requests are answered with JSON and never with a redirect. */
const asScript = { Accept: 'application/json', 'Sec-Fetch-Mode': 'cors' };

const statusOf = async (browser: TestBrowser) =>
  (await browser.open(`${app}/auth/session`, { headers: asScript })).status;

describe('over https, in a browser', () => {
  afterEach(() => {
    // A name without the prefix could be planted by another subdomain.
    expect(everyCookieSeen.filter((line) => !line.startsWith('__Host-Http-'))).toEqual([]);
    expect(everyCookieSeen.filter((line) => !/; secure/i.test(line))).toEqual([]);
    everyCookieSeen.length = 0;
  });
  const everyCookieSeen: string[] = [];
  const remember = ({ received }: TestBrowser) => {
    everyCookieSeen.push(...received.filter((line) => line.includes('anteroom')));
    expect(everyCookieSeen).not.toEqual([]);
  };

  it('signs in, and keeps nothing but the session’s cookie and that of signing in', async () => {
    const { browser, page } = await signedIn('/auth/me');
    expect([page.status, page.url.href]).toEqual([200, `${app}/auth/me`]);
    expect([...browser.cookies(app).keys()].sort()).toEqual([
      cookieName(app),
      cookieName(app, '-sign-in'),
    ]);
    remember(browser);
  });

  it('signs out here and at the provider, and takes the cookie away', async () => {
    const { browser, page } = await signedIn();
    const out = await browser.press(page, 'Sign out');
    expect(out.url.href).toBe(`${app}/auth/signed-out`);
    expect(words(out.text)).toContain('Your session in this app has ended');
    expect(out.trail.some((href) => href.startsWith(`${stack.facts.entraUrl}/`))).toBe(true);
    expect(browser.cookies(app).size).toBe(0);
    expect(await statusOf(browser)).toBe(401);
    remember(browser);
  });

  it('goes through a step-up and back', async () => {
    const { browser, page } = await signedIn();
    const former = browser.cookies(app).get(cookieName(app));
    await control(stack.facts.graphUrl, { answer: 'claims-challenge', times: 1 });
    const me = await browser.open(`${app}/auth/me`, { from: page.url });
    expect([me.status, me.url.href]).toEqual([200, `${app}/auth/me`]);
    expect(me.trail.filter((href) => href.includes('/auth/login?step='))).toHaveLength(1);
    expect(browser.cookies(app).get(cookieName(app))).not.toBe(former);
    expect([...browser.cookies(app).keys()].sort()).toEqual([
      cookieName(app),
      cookieName(app, '-sign-in'),
    ]);
    remember(browser);
  });

  it('opens a link on another site by a bounce', async () => {
    const { browser } = await signedIn();
    const from = new URL('https://mail.example/inbox');
    const page = await browser.open(`${app}/auth/session?a=1`, { from });
    expect([page.status, page.url.href]).toEqual([200, `${app}/auth/session?a=1`]);
    expect(page.trail).toContain(`${app}/auth/session?a=1&anteroom-bounced=1`);
    const home = await browser.open(`${app}/`, { from });
    expect(words(home.text)).toContain(`Signed in as ${accounts(stack).administrator}`);
    remember(browser);
  });
});

describe('over https, every answer sends HSTS and forbids framing', () => {
  it.each([
    ['an error page', '/auth/redirect?hop=1&code=a', 'text/html', 400],
    ['problem details', '/auth/redirect?hop=1&code=a', 'application/json', 400],
    ['a redirect', '/auth/me', 'text/html', 302],
    ['a refusal to a client', '/auth/me', 'application/json', 401],
    ['health', '/health', 'application/json', 200],
  ])('%s', async (_name, path, accept, status) => {
    const browser = newBrowser();
    browser.follows = false;
    const headers = accept === 'text/html' ? { Accept: accept } : asScript;
    const page = await browser.open(app + path, { headers });
    expect(page.status).toBe(status);
    expect(page.headers.get('strict-transport-security')).toBe(hsts);
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('cache-control')).toBe('no-store');
  });

  it('the page of an outage, with the time to come back', async () => {
    const { browser, page } = await signedIn();
    await control(stack.facts.graphUrl, { outage: 'drop' });
    const failed = await browser.open(`${app}/auth/me`, { from: page.url });
    expect(failed.status).toBe(503);
    expect(failed.headers.get('content-type')).toContain('text/html');
    expect(failed.headers.get('strict-transport-security')).toBe(hsts);
    expect(failed.headers.get('retry-after')).toBe('10');
    expect(await statusOf(browser)).toBe(200);
  });

  it('faulty settings, on every route', async () => {
    const faulty = await stack.startApp({ https: true, env: { KEY_RING_SECRET: 'short' } });
    for (const path of ['/', '/auth/login', '/auth/me', '/health']) {
      const browser = new TestBrowser();
      browser.trusts = faulty.certificate;
      const page = await browser.open(faulty.url + path);
      expect(page.status).toBe(503);
      expect(page.headers.get('strict-transport-security')).toBe(hsts);
      expect(page.headers.get('cache-control')).toBe('no-store');
      expect(page.headers.get('x-content-type-options')).toBe('nosniff');
      expect(page.headers.has('retry-after')).toBe(true);
    }
    await stack.stopApp(faulty);
  });
});
