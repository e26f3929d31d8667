import { accounts, fetchJson, signIn, startJourney, textOf } from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { TestBrowser, words } from '../support/test-browser';

let stack: TestStack;
let app: string;

beforeAll(async () => {
  stack = await startJourney();
  app = stack.apps[0]?.url ?? '';
});
afterAll(() => stack.stop());

describe('a client that is no browser', () => {
  it.each(['/auth/me', '/auth/me/photo', '/auth/session', '/auth/admin'])(
    'is told at %s where to sign in, as problem details',
    async (path) => {
      const { status, headers, body } = await fetchJson(app + path);
      expect(status).toBe(401);
      expect(headers.get('content-type')).toBe('application/problem+json');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(body).toMatchObject({
        status: 401,
        code: 'ERR_SIGNED_OUT',
        login_url: `${app}/auth/login?return_to=${encodeURIComponent(path)}`,
      });
    },
  );

  it('signs out by fetch with X-CSRF and gets the address of the provider’s sign-out', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const { status, body } = await fetchJson(`${app}/auth/logout`, browser, {
      method: 'POST',
      headers: { 'Sec-Fetch-Site': 'same-origin', 'X-CSRF': '1' },
    });
    expect(status).toBe(200);
    const url = new URL(textOf(body, 'logout_url'));
    expect(url.origin).toBe(stack.facts.entraUrl);
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe(`${app}/auth/signed-out`);
    expect(url.searchParams.get('logout_hint')).toBeTruthy();
    expect(url.searchParams.get('logout_hint')).not.toContain('@');
    expect((await fetchJson(`${app}/auth/session`, browser)).status).toBe(401);
  });
});

describe('signing out', () => {
  it.each<[string, Record<string, string>, number]>([
    [
      'from another site',
      { 'Sec-Fetch-Site': 'cross-site', 'Content-Type': 'application/x-www-form-urlencoded' },
      403,
    ],
    ['from a sibling site', { 'Sec-Fetch-Site': 'same-site', 'X-CSRF': '1' }, 403],
    [
      'without X-CSRF',
      { 'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'application/json' },
      403,
    ],
    [
      'as text/plain',
      { 'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'text/plain', 'X-CSRF': '1' },
      415,
    ],
    ['with no origin at all', { 'Content-Type': 'application/x-www-form-urlencoded' }, 403],
  ])('%s is refused and ends nothing', async (_name, headers, expected) => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const { status } = await fetchJson(`${app}/auth/logout`, browser, { method: 'POST', headers });
    expect(status).toBe(expected);
    expect((await fetchJson(`${app}/auth/session`, browser)).status).toBe(200);
  });

  it('by GET ends nothing: a person comes to the button, and a script gets 404', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    expect((await fetchJson(`${app}/auth/logout`, browser)).status).toBe(404);
    const page = await browser.open(`${app}/auth/logout`);
    expect(page.url.href).toBe(`${app}/auth/signed-out`);
    expect(words(page.text)).toContain('You are still signed in');
    await browser.press(page, 'Sign out');
    expect((await fetchJson(`${app}/auth/session`, browser)).status).toBe(401);
  });
});

describe('beginning a sign-in', () => {
  it.each([
    ['a script', 'empty'],
    ['a frame', 'iframe'],
    ['an image', 'image'],
  ])('is refused to %s', async (_name, destination) => {
    const { status, body } = await fetchJson(`${app}/auth/login`, undefined, {
      headers: { 'Sec-Fetch-Dest': destination },
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'ERR_NOT_A_NAVIGATION' });
  });

  it.each([
    ['raw scopes', 'scope=Mail.Read'],
    ['raw claims', 'claims=%7B%7D'],
    ['an unknown prompt', 'prompt=register'],
    ['an unclear wish to stay', 'keep=yes'],
    ['a repeated return path', 'return_to=/a&return_to=/b'],
    ['a step nobody sealed', 'step=eyJhbGciOiJkaXIifQ..a.b.c'],
    ['an endless hint', `login_hint=${'a'.repeat(600)}`],
  ])('is refused with %s', async (_name, query) => {
    const { status, body } = await fetchJson(`${app}/auth/login?${query}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'ERR_BAD_REQUEST' });
  });

  it('asks the provider for what the design says', async () => {
    const browser = new TestBrowser();
    browser.follows = false;
    const page = await browser.open(
      `${app}/auth/login?login_hint=a@b.example&domain_hint=b.example&prompt=login`,
    );
    expect(page.status).toBe(302);
    const query = new URL(page.headers.get('location') ?? '').searchParams;
    expect(Object.fromEntries(query)).toMatchObject({
      response_type: 'code',
      response_mode: 'query',
      code_challenge_method: 'S256',
      client_id: stack.facts.client.id,
      redirect_uri: `${app}/auth/redirect`,
      login_hint: 'a@b.example',
      domain_hint: 'b.example',
      prompt: 'login',
    });
    expect(query.get('scope')?.split(' ').sort()).toEqual([
      'User.Read',
      'offline_access',
      'openid',
      'profile',
    ]);
    expect(query.get('state')).toMatch(/^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(query.get('nonce')).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(query.get('code_challenge')).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(query.get('claims')).toContain('"cp1"');
    const [cookie = ''] = browser.received;
    expect(cookie).toMatch(/^anteroom-\d+-sign-in=[A-Za-z0-9_-]{43};/);
    expect(cookie.toLowerCase()).toMatch(/; max-age=3600; path=\/; samesite=strict; httponly$/);
    expect(browser.received).toHaveLength(1);
  });

  it('names its own address, whatever a proxy or a visitor says that it is', async () => {
    const page = await fetch(`${app}/auth/login`, {
      redirect: 'manual',
      headers: {
        forwarded: 'host=evil.example;proto=https',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        'x-original-host': 'evil.example',
      },
    });
    const { searchParams } = new URL(page.headers.get('location') ?? '');
    expect(searchParams.get('redirect_uri')).toBe(`${app}/auth/redirect`);
    expect(page.headers.get('set-cookie')).not.toContain('__Host-');
  });

  it.each(['https://evil.example', '//evil.example', '/\\evil.example', '/%09/evil.example/..//x'])(
    'comes back to this origin whatever return_to says: %s',
    async (returnTo) => {
      const { page } = await signIn(app, accounts(stack).plainUser, returnTo);
      expect(page.url.origin).toBe(app);
    },
  );
});

describe('every answer', () => {
  it.each([
    '/',
    '/auth/signed-out',
    '/auth/redirect',
    '/auth/session',
    '/health',
    '/auth/login?scope=a',
  ])('%s carries the security headers', async (path) => {
    for (const accept of ['text/html', 'application/json']) {
      const { headers } = await fetchJson(app + path, undefined, { headers: { Accept: accept } });
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('referrer-policy')).toBe(
        path === '/auth/redirect' ? 'no-referrer' : 'same-origin',
      );
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('strict-transport-security')).toBeNull();
    }
  });

  it.each([
    'POST /auth/me',
    'PUT /auth/session',
    'DELETE /auth/admin',
    'POST /auth/login',
    'POST /auth/redirect',
  ])('%s, a wrong method, is the host’s 404', async (request) => {
    const [method = '', path = ''] = request.split(' ');
    const { status, body } = await fetchJson(app + path, undefined, { method });
    expect([status, body]).toEqual([404, '']);
  });
});
