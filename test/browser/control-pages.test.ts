import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { accounts, control, resetControl, startJourney } from '../support/journey';
import { launchChromium } from '../support/launch-chromium';
import type { TestStack } from '../support/start-stack';

let stack: TestStack;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  [stack, browser] = await Promise.all([startJourney(), launchChromium()]);
});
afterAll(() => Promise.all([browser.close(), stack.stop()]));

beforeEach(async () => {
  page = await browser.newPage({ reducedMotion: 'reduce' });
  complaints.length = 0;
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
});
afterEach(async () => {
  expect(complaints).toEqual([]);
  await page.close();
  await resetControl(stack.facts.entraUrl);
  await resetControl(stack.facts.graphUrl);
});

/** What is wrong with the page that is shown, in both schemes, wide and narrow. */
async function faultsHere(): Promise<string[]> {
  // Run by the tools of the browser, which no policy of the page holds.
  await page.evaluate(axe.source);
  const faults: string[] = [];
  for (const width of [1280, 360]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      const found = await page.evaluate<string[]>(
        "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id }) => id))",
      );
      const excess = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      const view = `${width} ${colorScheme}`;
      faults.push(...found.map((id) => `${view}: ${id}`));
      if (excess !== 0) faults.push(`${view}: wider than the window`);
    }
  }
  return faults;
}

describe('the control page of the Entra stand-in', () => {
  it('has nothing that axe finds, wide or narrow, light or dark', async () => {
    await page.goto(`${stack.facts.entraUrl}/control`);
    expect(await faultsHere()).toEqual([]);
  });

  it('takes a role away by the keyboard, and the app follows at the next sign-in', async () => {
    await page.goto(`${stack.facts.entraUrl}/control`);
    const ines = page.getByRole('group', { name: accounts(stack).administrator });
    await ines.getByLabel('App roles').fill('');
    await ines.getByLabel('App roles').press('Enter');
    await page.waitForURL(`${stack.facts.entraUrl}/control`);
    const app = stack.apps[0]?.url ?? '';
    await page.goto(`${app}/auth/login`);
    await page.getByRole('button', { name: accounts(stack).administrator }).click();
    await page.waitForURL(`${app}/`);
    expect(await page.getByRole('main').textContent()).not.toContain('with the app role');
  });

  it('disables an account by its box', async () => {
    await page.goto(`${stack.facts.entraUrl}/control`);
    const tomas = page.getByRole('group', { name: accounts(stack).plainUser });
    await tomas.getByLabel('is disabled').check();
    await tomas.getByRole('button').click();
    await page.waitForLoadState();
    expect(await tomas.getByLabel('is disabled').isChecked()).toBe(true);
    expect(await tomas.getByLabel('has consented').isChecked()).toBe(true);
  });
});

describe('the control page of the Graph stand-in', () => {
  it('has nothing that axe finds, wide or narrow, light or dark', async () => {
    await page.goto(`${stack.facts.graphUrl}/control`);
    expect(await faultsHere()).toEqual([]);
  });
});

describe('the page that asks to confirm', () => {
  it('has nothing that axe finds, wide or narrow, light or dark', async () => {
    await control(stack.facts.entraUrl, { accessPolicies: [{ acrs: 'c1' }] });
    await page.goto(`${stack.apps[0]?.url ?? ''}/auth/login`);
    await page.getByRole('button', { name: accounts(stack).plainUser }).click();
    await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
    expect(await faultsHere()).toEqual([]);
  });
});
