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
import { type Page, type TestBrowser, words } from '../support/test-browser';

let stack: TestStack;
let app: string;

beforeAll(async () => {
  stack = await startJourney();
  app = stack.apps[0]?.url ?? '';
});
afterAll(() => stack.stop());
afterEach(() => resetControl(stack.facts.entraUrl));

/** A session whose access token has expired, under a policy that came after the sign-in. */
async function signInBeforePolicy(): Promise<{ browser: TestBrowser; page: Page }> {
  await control(stack.facts.entraUrl, { accessTokenSeconds: 1 });
  const signedIn = await signIn(app, accounts(stack).plainUser);
  await resetControl(stack.facts.entraUrl);
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
