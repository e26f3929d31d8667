import type { Browser } from 'playwright-core';
import { accounts, cookieName, startJourney } from '../support/journey';
import { launchChromium } from '../support/launch-chromium';
import type { TestStack } from '../support/start-stack';

let stack: TestStack;
let app: string;
let browser: Browser;

beforeAll(async () => {
  [stack, browser] = await Promise.all([startJourney(), launchChromium()]);
  app = stack.apps[0]?.url ?? '';
}, 120_000);
afterAll(() => Promise.all([browser.close(), stack.stop()]));

/** The pages of a morning: each tab has its own. */
const paths = Array.from({ length: 12 }, (_, index) => `/auth/sessions?tab=${index}#row-${index}`);

describe('a browser that opens many tabs at once', () => {
  it('shows each its own page once the person has signed in, tab by tab', async () => {
    const context = await browser.newContext();
    // Half of them: each goes the whole way by itself.
    const some = paths.slice(6);
    const tabs = await Promise.all(some.map(() => context.newPage()));
    await Promise.all(tabs.map((tab, index) => tab.goto(app + (some[index] ?? ''))));
    for (const [index, tab] of tabs.entries()) {
      const wanted = `${app}/auth/sessions?tab=${index + 6}`;
      await tab.getByRole('button', { name: new RegExp(accounts(stack).plainUser) }).click();
      await tab.waitForURL((url) => url.href.startsWith(wanted), { timeout: 60_000 });
    }
    await context.close();
  }, 240_000);

  it('shows each its own page when the provider knows the person already, all at the same time', async () => {
    const context = await browser.newContext();
    const first = await context.newPage();
    await first.goto(`${app}/auth/login`);
    await first.getByRole('button', { name: new RegExp(accounts(stack).plainUser) }).click();
    await first.waitForURL(`${app}/`);
    // As over night: the session here is gone, that at the provider is not, and no cookie of ours is left.
    await context.clearCookies({ domain: 'localhost' });
    const tabs = await Promise.all(paths.map(() => context.newPage()));
    await Promise.all(tabs.map((tab, index) => tab.goto(app + (paths[index] ?? ''))));
    for (const [index, tab] of tabs.entries()) {
      const wanted = `${app}/auth/sessions?tab=${index}`;
      await tab.waitForURL((url) => url.href.startsWith(wanted), { timeout: 60_000 });
      await tab.getByRole('heading', { name: 'Where you are signed in' }).waitFor();
    }
    const names = (await context.cookies(app)).map(({ name }) => name).sort();
    expect(names).toEqual([cookieName(app), cookieName(app, '-sign-in')]);
    await context.close();
  }, 240_000);
});
