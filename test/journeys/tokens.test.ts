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
import { type TestBrowser, words } from '../support/test-browser';

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

const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';

/** A session whose access token has expired already, by MSAL's reckoning. */
async function signInWithExpiredToken(): Promise<TestBrowser> {
  await control(stack.facts.entraUrl, { accessTokenSeconds: 1 });
  const { browser } = await signIn(app, accounts(stack).administrator);
  await resetControl(stack.facts.entraUrl);
  return browser;
}

describe('an expired access token', () => {
  it('is refreshed without the user noticing, once, and kept', async () => {
    const browser = await signInWithExpiredToken();
    expect((await fetchJson(`${app}/auth/me`, browser)).status).toBe(200);
    // The refreshed token was stored: with the token endpoint gone, the next request still works.
    await control(stack.facts.entraUrl, { tokenOutage: 'drop' });
    expect((await fetchJson(`${app}/auth/me`, browser)).status).toBe(200);
  });

  it('whose refreshed ID token is of another user is not used', async () => {
    const browser = await signInWithExpiredToken();
    await control(stack.facts.entraUrl, { idTokenClaims: { sub: 'somebody-else' } });
    const { status, body } = await fetchJson(`${app}/auth/me`, browser);
    expect([status, textOf(body, 'code')]).toEqual([502, 'ERR_ID_TOKEN']);
  });

  it('with the provider down is 503, and the session is kept', async () => {
    const browser = await signInWithExpiredToken();
    await control(stack.facts.entraUrl, { tokenOutage: 'error' });
    const { status, body } = await fetchJson(`${app}/auth/me`, browser);
    expect([status, textOf(body, 'code')]).toEqual([503, 'ERR_PROVIDER_UNAVAILABLE']);
    expect((await fetchJson(`${app}/auth/session`, browser)).status).toBe(200);
  });

  it('that the provider refuses to refresh for good ends the session', async () => {
    const browser = await signInWithExpiredToken();
    await control(stack.facts.entraUrl, { tokenError: 50057 });
    const { status, headers, body } = await fetchJson(`${app}/auth/me`, browser);
    expect([status, textOf(body, 'code')]).toEqual([401, 'ERR_SIGNED_OUT']);
    // The cookie is left: by the time this answer arrives it may be that of a newer session.
    expect(headers.getSetCookie()).toEqual([]);
    expect((await fetchJson(`${app}/auth/session`, browser)).status).toBe(401);
  });
});

describe('a step-up', () => {
  it('that Graph asks for by a claims challenge takes a browser through the provider and back', async () => {
    const { browser, page } = await signIn(app, accounts(stack).administrator);
    await control(stack.facts.graphUrl, { answer: 'claims-challenge', times: 1 });
    const back = await browser.open(`${app}/auth/me`, { from: page.url });
    expect(back.url.href).toBe(`${app}/auth/me`);
    expect(words(back.text)).toContain('Identity administrator');
    const authorize = back.trail.find((href) => href.includes('/authorize?')) ?? '';
    expect(new URL(authorize).searchParams.get('claims')).toContain('cp1');
    const step = back.trail.find((href) => href.includes('/auth/login?step=')) ?? '';
    expect(step).not.toContain('xms_cc');
  });

  it('points another client to where a person can take it, and keeps the session', async () => {
    const { browser } = await signIn(app, accounts(stack).administrator);
    await control(stack.facts.graphUrl, { answer: 'claims-challenge', times: 1 });
    const { status, body } = await fetchJson(`${app}/auth/me`, browser);
    expect([status, textOf(body, 'code')]).toEqual([401, 'ERR_STEP_UP']);
    expect(textOf(body, 'login_url')).toMatch(/\/auth\/login\?step=[A-Za-z0-9_.-]+$/);
    expect((await fetchJson(`${app}/auth/session`, browser)).status).toBe(200);
  });

  it('that the provider asks for at a refresh carries its claims', async () => {
    const browser = await signInWithExpiredToken();
    await control(stack.facts.entraUrl, {
      tokenError: 50076,
      tokenErrorClaims: claims,
      tokenTimes: 1,
    });
    const { body } = await fetchJson(`${app}/auth/me`, browser);
    expect(textOf(body, 'code')).toBe('ERR_STEP_UP');
    browser.follows = false;
    const login = await browser.open(textOf(body, 'login_url'));
    const asked = new URL(login.headers.get('location') ?? '').searchParams.get('claims') ?? '';
    expect(JSON.parse(asked)).toMatchObject(JSON.parse(claims) as object);
  });

  it('answered by another user is a plain new sign-in that goes home', async () => {
    const { browser } = await signIn(app, accounts(stack).administrator);
    await control(stack.facts.graphUrl, { answer: 'claims-challenge', times: 1 });
    const { body } = await fetchJson(`${app}/auth/me`, browser);
    // The provider has forgotten the browser, so it asks who this is.
    browser.jar.store.removeCookies('127.0.0.1', null, () => undefined);
    const picker = await browser.open(textOf(body, 'login_url'));
    const page = await browser.press(picker, accounts(stack).plainUser);
    expect(page.url.href).toBe(`${app}/`);
    expect(words(page.text)).toContain(`Signed in as ${accounts(stack).plainUser}`);
  });

  it('cannot be made up: a step sealed for another purpose or changed is refused', async () => {
    const { browser } = await signIn(app, accounts(stack).administrator);
    await control(stack.facts.graphUrl, { answer: 'claims-challenge', times: 1 });
    const { body } = await fetchJson(`${app}/auth/me`, browser);
    const url = new URL(textOf(body, 'login_url'));
    const step = url.searchParams.get('step') ?? '';
    url.searchParams.set('step', `${step.slice(0, -4)}AAAA`);
    expect((await fetchJson(url.href)).status).toBe(400);
    browser.follows = false;
    const login = await browser.open(`${app}/auth/login`);
    const { searchParams } = new URL(login.headers.get('location') ?? '');
    url.searchParams.set('step', searchParams.get('state') ?? '');
    expect((await fetchJson(url.href)).status).toBe(400);
  });
});
