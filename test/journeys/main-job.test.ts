import { accounts, control, cookieName, fetchJson, signIn, startJourney } from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { TestBrowser, words } from '../support/test-browser';

let stack: TestStack;
let app: string;

beforeAll(async () => {
  stack = await startJourney();
  app = stack.apps[0]?.url ?? '';
});
afterAll(() => stack.stop());

describe('the main job', () => {
  it('tells a newcomer what this is, and offers to sign in', async () => {
    const page = await new TestBrowser().open(app);
    expect(page.status).toBe(200);
    expect(words(page.text)).toContain('You are not signed in.');
    expect(page.text).toContain('href="/auth/me"');
    expect(page.text).toContain('href="/auth/admin"');
  });

  it('takes an administrator from the home page through the picker and back', async () => {
    const browser = new TestBrowser();
    const picker = await browser.click(await browser.open(app), 'Sign in');
    expect(picker.url.origin).toBe(stack.facts.entraUrl);
    const home = await browser.press(picker, accounts(stack).administrator);
    expect(home.url.href).toBe(`${app}/`);
    expect(words(home.text)).toContain(`Signed in as ${accounts(stack).administrator}`);
    expect(words(home.text)).toContain('with the app role admin');
  });

  it('brings a deep link back with its query after signing in', async () => {
    const browser = new TestBrowser();
    const picker = await browser.open(`${app}/auth/session?slide=false&a=%2Fb`);
    const page = await browser.press(picker, accounts(stack).plainUser);
    expect(page.url.href).toBe(`${app}/auth/session?slide=false&a=%2Fb`);
    expect(JSON.parse(page.text)).toMatchObject({ user: { name: accounts(stack).plainUser } });
  });

  it('shows the Graph profile of the signed-in user, as page, JSON and photo', async () => {
    const { administrator } = accounts(stack);
    const { browser, page } = await signIn(app, administrator, '/auth/me');
    expect(page.url.pathname).toBe('/auth/me');
    expect(words(page.text)).toContain('Identity administrator');
    const me = await fetchJson(`${app}/auth/me`, browser);
    expect(me.status).toBe(200);
    expect(me.body).toMatchObject({
      displayName: administrator,
      jobTitle: 'Identity administrator',
    });
    const photo = await fetchJson(`${app}/auth/me/photo`, browser);
    expect(photo.status).toBe(200);
    expect(photo.headers.get('content-type')).toMatch(/^image\/(png|jpeg)$/);
    expect(photo.headers.get('cache-control')).toBe('no-store');
  });

  it('answers 404 for a user without photo, and 204 where a page shows it as a picture', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const photo = await fetchJson(`${app}/auth/me/photo`, browser);
    expect(photo.status).toBe(404);
    expect(photo.body).toMatchObject({ code: 'ERR_NOT_FOUND' });
    const headers = { 'Sec-Fetch-Dest': 'image', 'Sec-Fetch-Site': 'same-origin' };
    const picture = await fetchJson(`${app}/auth/me/photo`, browser, { headers });
    expect(picture.status).toBe(204);
  });

  it('tells a front end who is signed in and for how long', async () => {
    const { browser } = await signIn(app, accounts(stack).administrator);
    const { status, headers, body } = await fetchJson(`${app}/auth/session`, browser);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toMatchObject({
      user: { name: accounts(stack).administrator, tid: stack.facts.tenantId },
      roles: ['admin'],
      logout_path: '/auth/logout',
    });
    const { expires_in: lifetime, idle_expires_in: idle } = Object(body) as Record<string, number>;
    expect(lifetime).toBeGreaterThan(43100);
    expect(lifetime).toBeLessThanOrEqual(43200);
    expect(idle).toBeGreaterThan(3500);
    expect(idle).toBeLessThanOrEqual(3600);
  });

  it('shows the administrator who is signed in, without any session id', async () => {
    const { plainUser, administrator } = accounts(stack);
    await signIn(app, plainUser);
    const { browser, page } = await signIn(app, administrator, '/auth/admin');
    expect(page.status).toBe(200);
    expect(words(page.text)).toContain('Who is signed in');
    expect(words(page.text)).toContain(plainUser);
    expect(words(page.text)).toContain('Chrome');
    const list = await fetchJson(`${app}/auth/admin`, browser);
    expect(list.status).toBe(200);
    expect(list.body).toMatchObject({ has_more: false });
    expect(JSON.stringify(list.body)).toContain(administrator);
  });

  it('tells the plain user why the console is closed and who can open it', async () => {
    const { browser, page } = await signIn(app, accounts(stack).plainUser, '/auth/admin');
    expect(page.url.pathname).toBe('/auth/admin');
    expect(page.status).toBe(403);
    expect(words(page.text)).toContain('The role is named admin');
    expect(words(page.text)).toContain('An administrator of your organisation can assign it');
    const json = await fetchJson(`${app}/auth/admin`, browser);
    expect(json.status).toBe(403);
    expect(json.headers.get('content-type')).toBe('application/problem+json');
    expect(json.body).toMatchObject({ code: 'ERR_ROLE_MISSING', role: 'admin', status: 403 });
  });

  it('signs out here and at the provider: the next sign-in asks who you are', async () => {
    const { browser, page } = await signIn(app, accounts(stack).administrator);
    const cookieBefore = browser.cookies(app).get(cookieName(app));
    const out = await browser.press(page, 'Sign out');
    expect(out.url.href).toBe(`${app}/auth/signed-out`);
    expect(words(out.text)).toContain('You are signed out');
    expect(out.trail.some((href) => href.startsWith(`${stack.facts.entraUrl}/`))).toBe(true);
    expect(browser.cookies(app).has(cookieName(app))).toBe(false);
    const again = await browser.open(`${app}/auth/login`);
    expect(again.url.origin).toBe(stack.facts.entraUrl);
    expect(words(again.text)).toContain(accounts(stack).plainUser);
    // A copy of the cookie is worth nothing once the session has ended on the server.
    const replayed = await fetchJson(`${app}/auth/session`, undefined, {
      headers: { Cookie: `${cookieName(app)}=${cookieBefore ?? ''}` },
    });
    expect(replayed.status).toBe(401);
  });

  it('signs in silently while the provider still knows the person', async () => {
    const { browser, page } = await signIn(app, accounts(stack).plainUser);
    expect(page.status).toBe(200);
    const again = await browser.open(`${app}/auth/login?return_to=/auth/session`);
    expect(again.url.href).toBe(`${app}/auth/session`);
    expect(again.trail.some((href) => href.includes('prompt'))).toBe(false);
  });

  it('ends the former session of a browser that signs in again: the id always rotates', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const former = browser.cookies(app).get(cookieName(app)) ?? '';
    await browser.open(`${app}/auth/login`);
    const next = browser.cookies(app).get(cookieName(app)) ?? '';
    expect(next).not.toBe(former);
    const asFormer = { headers: { Cookie: `${cookieName(app)}=${former}` } };
    expect((await fetchJson(`${app}/auth/session`, undefined, asFormer)).status).toBe(401);
    expect((await fetchJson(`${app}/auth/session`, browser)).status).toBe(200);
  });

  it('signs out of this app alone on request, and says so', async () => {
    const { browser, page } = await signIn(app, accounts(stack).plainUser);
    const out = await browser.open(`${app}/auth/logout`, {
      method: 'POST',
      form: { local: 'true' },
      from: page.url,
    });
    expect(out.url.pathname).toBe('/auth/signed-out');
    expect(words(out.text)).toContain('You are still signed in at the sign-in service');
    expect((await fetchJson(`${app}/auth/session`, browser)).status).toBe(401);
  });

  it('signs out of every browser on request', async () => {
    const first = await signIn(app, accounts(stack).guest);
    const second = await signIn(app, accounts(stack).guest);
    await first.browser.open(`${app}/auth/logout`, {
      method: 'POST',
      form: { everywhere: 'true', local: 'true' },
      from: first.page.url,
    });
    expect((await fetchJson(`${app}/auth/session`, second.browser)).status).toBe(401);
  });

  it('lets somebody agree first where consent is missing, and explains a refusal', async () => {
    const { page: consent, browser } = await signIn(app, accounts(stack).withoutConsent);
    expect(words(consent.text)).toContain('Accept');
    const refused = await browser.press(consent, 'Cancel');
    expect(refused.url.origin).toBe(app);
    expect(refused.status).toBe(403);
    expect(words(refused.text)).toContain('AADSTS65004');
    const other = await signIn(app, accounts(stack).withoutConsent);
    const home = await other.browser.press(other.page, 'Accept');
    expect(words(home.text)).toContain(`Signed in as ${accounts(stack).withoutConsent}`);
  });

  it('refuses an account of another organisation and offers to choose another', async () => {
    // Entra ID itself refuses such an account at the address of one tenant. A token could still come by a wrong setting.
    const tid = 'another';
    await control(stack.facts.entraUrl, { idTokenClaims: { tid }, idTokenTimes: 1 });
    const { browser, page } = await signIn(app, accounts(stack).plainUser);
    await control(stack.facts.entraUrl, { idTokenClaims: {}, idTokenTimes: null });
    expect(page.status).toBe(403);
    expect(words(page.text)).toContain('another organisation');
    expect(browser.cookies(app).has(cookieName(app))).toBe(false);
    const picker = await browser.click(page, 'Use another account');
    expect(picker.url.origin).toBe(stack.facts.entraUrl);
  });

  it('keeps two sign-ins in two tabs apart, in either order', async () => {
    const browser = new TestBrowser();
    const first = await browser.open(`${app}/auth/login?return_to=/auth/session?tab=1`);
    const second = await browser.open(`${app}/auth/login?return_to=/auth/session?tab=2`);
    const later = await browser.press(second, accounts(stack).plainUser);
    expect(later.url.search).toBe('?tab=2');
    const earlier = await browser.press(first, accounts(stack).plainUser);
    expect(earlier.url.search).toBe('?tab=1');
  });

  it('comes back signed out when asked to sign in without showing anything', async () => {
    const browser = new TestBrowser();
    const page = await browser.open(`${app}/auth/login?prompt=none&return_to=/health`);
    expect(page.url.href).toBe(`${app}/health`);
    expect(browser.cookies(app).has(cookieName(app))).toBe(false);
  });
});

describe('the log', () => {
  it('holds no code, token, cookie value, state or session id', async () => {
    const browser = new TestBrowser();
    const picker = await browser.open(`${app}/auth/login?return_to=/auth/me`);
    const page = await browser.press(picker, accounts(stack).administrator);
    const [running] = stack.apps;
    if (running === undefined) throw new Error('no app');
    const log = await stack.output(running);
    expect(log).toContain('"event":"sign-in"');
    const callback = new URL(page.trail.find((href) => href.includes('code=')) ?? '');
    const secrets = [
      callback.searchParams.get('code'),
      callback.searchParams.get('state'),
      browser.cookies(app).get(cookieName(app)),
      stack.facts.client.secret,
      stack.facts.keyRingSecret,
    ];
    for (const secret of secrets) {
      expect(secret?.length).toBeGreaterThan(20);
      expect(log).not.toContain(secret);
    }
    expect(log).not.toMatch(/eyJ[A-Za-z0-9_-]{10,}/);
  });
});
