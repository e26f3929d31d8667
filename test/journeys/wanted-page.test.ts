import {
  accounts,
  control,
  fetchJson,
  resetControl,
  signIn,
  startJourney,
  textOf,
} from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { type Page, TestBrowser, words } from '../support/test-browser';

let stack: TestStack;
let app: string;

beforeAll(async () => {
  stack = await startJourney();
  app = stack.apps[0]?.url ?? '';
});
afterAll(() => stack.stop());
afterEach(() => resetControl(stack.facts.entraUrl));

/** Where the app sends a browser that opens `path` signed out: the authorization request. */
async function beginAt(browser: TestBrowser, path: string): Promise<URL> {
  browser.follows = false;
  const guarded = await browser.open(app + path);
  const login = await browser.open(guarded.headers.get('location') ?? '');
  browser.follows = true;
  return new URL(login.headers.get('location') ?? '');
}

/** Goes through the provider, whose session `browser` may have already. */
async function finishAt(browser: TestBrowser, request: URL): Promise<Page> {
  const page = await browser.open(request, { from: new URL(app) });
  return page.url.origin === app ? page : browser.press(page, accounts(stack).plainUser);
}

/** An error answer of the provider to the sign-in that `request` began. */
function refused(browser: TestBrowser, request: URL, description: string): Promise<Page> {
  const answer = new URL(`${app}/auth/redirect`);
  answer.search = new URLSearchParams({
    error: 'access_denied',
    error_description: description,
    state: request.searchParams.get('state') ?? '',
  }).toString();
  return browser.open(answer, { from: new URL(stack.facts.entraUrl) });
}

const cookieHeader = (browser: TestBrowser) => browser.jar.getCookieStringSync(app);

describe('many tabs that begin together', () => {
  it.each([12, 40])('%i of them each come back to their own page, in any order', async (count) => {
    const browser = new TestBrowser();
    const paths = Array.from({ length: count }, (_, index) => `/auth/sessions?tab=${index}`);
    const requests: URL[] = [];
    for (const path of paths) requests.push(await beginAt(browser, path));
    expect(cookieHeader(browser).length).toBeLessThan(100);
    // The last first, then the first, then what is between them.
    const order = paths.map((_, index) => index).sort((a, b) => ((a * 7) % 13) - ((b * 7) % 13));
    for (const index of order) {
      const request = requests[index];
      if (request === undefined) throw new Error('no such tab');
      expect((await finishAt(browser, request)).url.href).toBe(app + (paths[index] ?? ''));
    }
  });

  it('come back also when each got a sign-in cookie of its own, of which one stayed', async () => {
    const paths = Array.from({ length: 12 }, (_, index) => `/auth/sessions?tab=${index}`);
    // Requests that are under way at once bring no cookie, and each answer sets one.
    const begun = await Promise.all(paths.map((path) => beginAt(new TestBrowser(), path)));
    const browser = new TestBrowser();
    await beginAt(browser, '/auth/sessions');
    for (const [index, request] of begun.entries()) {
      expect((await finishAt(browser, request)).url.href).toBe(app + (paths[index] ?? ''));
    }
  });

  it('with addresses of 2 KB keep the Cookie header small, and lose none without a word', async () => {
    const browser = new TestBrowser();
    const noise = () => Array.from({ length: 80 }, () => crypto.randomUUID()).join('');
    const paths = Array.from({ length: 8 }, (_, index) =>
      `/auth/sessions?tab=${index}&q=${noise()}`.slice(0, 2040),
    );
    const requests: URL[] = [];
    for (const path of paths) requests.push(await beginAt(browser, path));
    expect(cookieHeader(browser).length).toBeLessThan(12_000);
    for (const [index, request] of requests.entries()) {
      const page = await finishAt(browser, request);
      const isTold = page.text.includes('ERR_PAGE_LOST');
      expect(isTold ? page.url.pathname : page.url.href).toBe(
        isTold ? '/auth/redirect' : app + (paths[index] ?? ''),
      );
    }
  });
});

describe('every end of a sign-in leads back to the wanted page', () => {
  const path = '/auth/sessions?tab=2';
  const returnTo = `return_to=${encodeURIComponent(path)}`;
  const linkIn = (page: Page) =>
    /href="(\/auth\/login\?[^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? '';

  it.each([
    ['AADSTS65004: declined', 'Sign in again'],
    ['AADSTS50105: not assigned', 'Use another account'],
  ])('%s', async (description, text) => {
    const browser = new TestBrowser();
    const page = await refused(browser, await beginAt(browser, path), description);
    expect(page.status).toBe(403);
    expect(linkIn(page)).toContain(returnTo);
    const picker = await browser.click(page, text);
    const landed = await browser.press(picker, accounts(stack).plainUser);
    expect(landed.url.href).toBe(app + path);
  });

  it.each<[string, Record<string, unknown>]>([
    ['the token endpoint is out of reach', { tokenOutage: 'drop' }],
    ['the ID token must not be trusted', { idTokenSigning: 'foreign-key' }],
    ['the account is of another organisation', { idTokenClaims: { tid: crypto.randomUUID() } }],
  ])('when %s', async (_name, fault) => {
    await control(stack.facts.entraUrl, fault);
    const browser = new TestBrowser();
    const page = await finishAt(browser, await beginAt(browser, path));
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(linkIn(page)).toContain(returnTo);
  });

  it.each(['prompt=never', 'scope=Mail.Read', 'login_hint=a&login_hint=b', 'domain_hint=%20'])(
    'when the link to sign in asks for %s',
    async (wrong) => {
      const page = await new TestBrowser().open(`${app}/auth/login?${returnTo}&${wrong}`);
      expect(page.status).toBe(400);
      expect(linkIn(page)).toContain(returnTo);
    },
  );

  it('in JSON too', async () => {
    const browser = new TestBrowser();
    const request = await beginAt(browser, path);
    const state = request.searchParams.get('state') ?? '';
    const { status, body } = await fetchJson(
      `${app}/auth/redirect?hop=1&error=access_denied&state=${state}`,
      browser,
    );
    expect(status).toBe(403);
    expect(textOf(body, 'login_url')).toContain(returnTo);
  });

  it('when another browser gets the answer: it signs in there, and comes to the page', async () => {
    const landed = await finishAt(new TestBrowser(), await beginAt(new TestBrowser(), path));
    expect(landed.url.href).toBe(app + path);
    // The picker's own, and that of the sign-in which began again in this browser.
    expect(landed.trail.filter((href) => href.includes('/authorize?'))).toHaveLength(2);
  });

  it('when the provider refuses in another tab’s name while somebody is signed in', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const elsewhere = await beginAt(new TestBrowser(), path);
    const page = await refused(browser, elsewhere, 'AADSTS65004: declined');
    expect(page.url.href).toBe(app + path);
  });

  it('names an address that is too long, and offers to sign in for its path', async () => {
    const long = `/auth/sessions?q=${'x'.repeat(3000)}`;
    const page = await new TestBrowser().open(app + long);
    expect(page.status).toBe(414);
    expect(words(page.text)).toContain(app + long);
    expect(linkIn(page)).toBe('/auth/login?return_to=%2Fauth%2Fsessions');
    const login = await new TestBrowser().open(
      `${app}/auth/login?return_to=${encodeURIComponent(long)}`,
    );
    expect([login.status, words(login.text)]).toEqual([414, expect.stringContaining(app + long)]);
  });
});

describe('the answer to admin consent', () => {
  const answer = (query: string) =>
    new TestBrowser().open(`${app}/auth/redirect?${query}`, {
      from: new URL(stack.facts.entraUrl),
    });

  it.each(['', '&state=12345', `&state=${'A'.repeat(43)}.0`])(
    'is said in a sentence of our own%s',
    async (state) => {
      const page = await answer(`admin_consent=True&tenant=Evil+Corp&scope=Everything${state}`);
      expect(page.status).toBe(200);
      expect(words(page.text)).toContain('Permission granted');
      expect(page.text).toContain('/auth/login?return_to=%2F');
      expect(page.text).not.toMatch(/Evil|Everything|12345/);
    },
  );

  it.each(['admin_consent=True&', ''])('that was declined, too: %s', async (consent) => {
    const text = 'AADSTS65004: Call this number';
    const page = await answer(
      `${consent}error=access_denied&error_description=${encodeURIComponent(text)}`,
    );
    expect(page.status).toBe(403);
    expect(words(page.text)).toContain('Permission was not granted');
    expect(words(page.text)).toContain('AADSTS65004');
    expect(page.text).not.toContain('Call this number');
  });
});

describe('a step-up link', () => {
  it('of another session is a plain sign-in to its page', async () => {
    const ada = await signIn(app, accounts(stack).administrator);
    await control(stack.facts.graphUrl, { answer: 'claims-challenge', times: 1 });
    const { body } = await fetchJson(`${app}/auth/me`, ada.browser, {
      headers: { 'X-Return-To': '/auth/sessions?tab=2' },
    });
    const { browser } = await signIn(app, accounts(stack).plainUser);
    browser.follows = false;
    const login = await browser.open(textOf(body, 'login_url'), { from: new URL(app) });
    const request = new URL(login.headers.get('location') ?? '');
    const plain = await beginAt(new TestBrowser(), '/auth/sessions');
    expect(request.searchParams.get('claims')).toBe(plain.searchParams.get('claims'));
    expect(request.searchParams.get('scope')).toBe(plain.searchParams.get('scope'));
    browser.follows = true;
    const landed = await finishAt(browser, request);
    expect(landed.url.href).toBe(`${app}/auth/sessions?tab=2`);
    expect(words(landed.text)).toContain(accounts(stack).plainUser);
  });
});
