import {
  accounts,
  control,
  fetchJson,
  resetControl,
  signIn,
  startJourney,
} from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { words } from '../support/test-browser';

let stack: TestStack;
let app: string;

beforeAll(async () => {
  stack = await startJourney();
  app = stack.apps[0]?.url ?? '';
});
afterAll(() => stack.stop());
afterEach(() => resetControl(stack.facts.graphUrl));

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
