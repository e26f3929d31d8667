import {
  accounts,
  control,
  fetchJson,
  resetControl,
  signIn,
  signInWithExpiredToken,
  startJourney,
  textOf,
} from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { type Page, type TestBrowser, words } from '../support/test-browser';

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

describe('an expired access token', () => {
  it('is refreshed without the user noticing, once, and kept', async () => {
    const { browser } = await signInWithExpiredToken(stack, app, accounts(stack).administrator);
    expect((await fetchJson(`${app}/auth/me`, browser)).status).toBe(200);
    // The refreshed token was stored: with the token endpoint gone, the next request still works.
    await control(stack.facts.entraUrl, { tokenOutage: 'drop' });
    expect((await fetchJson(`${app}/auth/me`, browser)).status).toBe(200);
  });

  it('whose refreshed ID token is of another user is not used', async () => {
    const { browser } = await signInWithExpiredToken(stack, app, accounts(stack).administrator);
    await control(stack.facts.entraUrl, { idTokenClaims: { sub: 'somebody-else' } });
    const { status, body } = await fetchJson(`${app}/auth/me`, browser);
    expect([status, textOf(body, 'code')]).toEqual([502, 'ERR_ID_TOKEN']);
  });

  it('with the provider down is 503, and the session is kept', async () => {
    const { browser } = await signInWithExpiredToken(stack, app, accounts(stack).administrator);
    await control(stack.facts.entraUrl, { tokenOutage: 'error' });
    const { status, body } = await fetchJson(`${app}/auth/me`, browser);
    expect([status, textOf(body, 'code')]).toEqual([503, 'ERR_PROVIDER_UNAVAILABLE']);
    expect((await fetchJson(`${app}/auth/session`, browser)).status).toBe(200);
  });

  it('that the provider refuses to refresh for good ends the session', async () => {
    const { browser } = await signInWithExpiredToken(stack, app, accounts(stack).administrator);
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
    const { browser } = await signInWithExpiredToken(stack, app, accounts(stack).administrator);
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

const roundsOf = (trail: readonly string[]) =>
  trail.filter((href) => href.includes('/auth/login?step=')).length;

describe('a step-up that does not help', () => {
  it('is made once by itself, then left to the person', async () => {
    const { browser, page: home } = await signIn(app, accounts(stack).administrator);
    await control(stack.facts.graphUrl, { answer: 'claims-challenge' });
    const page = await browser.open(`${app}/auth/me`, { from: home.url });
    expect([page.status, page.url.href]).toEqual([401, `${app}/auth/me`]);
    expect(roundsOf(page.trail)).toBe(1);
    expect(words(page.text)).toContain('One more step is needed');
    expect(page.text).toContain('ERR_STEP_UP');
    expect((await fetchJson(`${app}/auth/session`, browser)).status).toBe(200);

    const again = await browser.click(page, 'Continue');
    expect([again.status, again.url.href]).toEqual([401, `${app}/auth/me`]);
    expect(roundsOf(again.trail)).toBe(1);

    await resetControl(stack.facts.graphUrl);
    const helped = await browser.click(again, 'Continue');
    expect([helped.status, helped.url.href]).toEqual([200, `${app}/auth/me`]);
    expect(words(helped.text)).toContain('Identity administrator');
  });

  it('is told to another client as before: it does not go round by itself', async () => {
    const { browser, page: home } = await signIn(app, accounts(stack).administrator);
    await control(stack.facts.graphUrl, { answer: 'claims-challenge' });
    await browser.open(`${app}/auth/me`, { from: home.url });
    const { status, body } = await fetchJson(`${app}/auth/me`, browser);
    expect(status).toBe(401);
    expect(body).toMatchObject({ code: 'ERR_STEP_UP' });
    expect(body).toHaveProperty('login_url');
  });
});

/** A session whose access token has expired, under a policy that came after the sign-in. */
async function signInBeforePolicy(): Promise<{ browser: TestBrowser; page: Page }> {
  const signedIn = await signInWithExpiredToken(stack, app, accounts(stack).plainUser);
  await control(stack.facts.entraUrl, {
    accessPolicies: [{ user: 'tomas@anteroom.example', scope: 'User.Read', acrs: 'c1' }],
  });
  return signedIn;
}

describe('a policy that comes into force while a person is signed in', () => {
  it('takes a browser to confirm, and then to the page it wanted', async () => {
    const { browser, page } = await signInBeforePolicy();
    const question = await browser.open(`${app}/auth/me`, { from: page.url });
    expect(question.url.origin).toBe(stack.facts.entraUrl);
    expect(words(question.text)).toContain('Confirm that it is you');
    const profile = await browser.press(question, 'It is me');
    expect(profile.url.href).toBe(`${app}/auth/me`);
    expect(words(profile.text)).toContain('Warehouse planner');
    // What was confirmed holds for the refreshes to come.
    expect((await fetchJson(`${app}/auth/me`, browser)).status).toBe(200);
  });

  it('leaves the session as it was when the person declines', async () => {
    const { browser, page } = await signInBeforePolicy();
    const question = await browser.open(`${app}/auth/me`, { from: page.url });
    const declined = await browser.press(question, 'Cancel');
    expect(declined.url.origin).toBe(app);
    expect(declined.status).toBeGreaterThanOrEqual(400);
    expect((await fetchJson(`${app}/auth/session`, browser)).status).toBe(200);
  });

  it('points another client to where a person can confirm', async () => {
    const { browser } = await signInBeforePolicy();
    const { status, body } = await fetchJson(`${app}/auth/me`, browser);
    expect([status, textOf(body, 'code')]).toEqual([401, 'ERR_STEP_UP']);
  });
});

describe('a policy that is in force at the sign-in', () => {
  it('asks to confirm before the app hears anything', async () => {
    await control(stack.facts.entraUrl, { accessPolicies: [{ acrs: 'c1' }] });
    const { browser, page } = await signIn(app, accounts(stack).administrator, '/auth/me');
    expect(words(page.text)).toContain('Confirm that it is you');
    const profile = await browser.press(page, 'It is me');
    expect(profile.url.href).toBe(`${app}/auth/me`);
  });
});

describe('an account that is disabled on the control page', () => {
  it('is kept out at the next sign-in, and let in once that is taken back', async () => {
    const { plainUser } = accounts(stack);
    const users = (disabled: boolean) => ({ users: { 'tomas@anteroom.example': { disabled } } });
    await control(stack.facts.entraUrl, users(true));
    const refused = await signIn(app, plainUser);
    expect(words(refused.page.text)).toContain('AADSTS50057');
    await control(stack.facts.entraUrl, users(false));
    const back = await refused.browser.press(refused.page, plainUser);
    expect(back.url.href).toBe(`${app}/`);
  });
});
