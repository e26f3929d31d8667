import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { accounts, startJourney } from '../support/journey';
import { launchChromium } from '../support/launch-chromium';
import type { TestStack } from '../support/start-stack';

let stack: TestStack;
let app: string;
let browser: Browser;
let open: BrowserContext[] = [];
const complaints: string[] = [];

beforeAll(async () => {
  [stack, browser] = await Promise.all([startJourney(), launchChromium()]);
  app = stack.apps[0]?.url ?? '';
});
afterAll(async () => {
  await Promise.all([browser.close(), stack.stop()]);
});
afterEach(async () => {
  await Promise.all(open.map((context) => context.close()));
  open = [];
  expect(complaints.splice(0)).toEqual([]);
});

/** Each page is looked at as on a phone and as on a desktop; on the phone people go their way. */
const phone = { width: 360, height: 740 };
const views = [{ width: 1280, height: 800 }, phone];

/** Somebody at a browser of their own, signed in and at `path`. */
async function signedIn(account: string, path: string): Promise<Page> {
  const context = await browser.newContext({ viewport: phone, reducedMotion: 'reduce' });
  open.push(context);
  const page = await context.newPage();
  page.on('console', (message) => {
    if (/content security policy|refused to/i.test(message.text())) complaints.push(message.text());
  });
  await page.goto(`${app}/auth/login?return_to=${encodeURIComponent(path)}`);
  await page.getByRole('button', { name: new RegExp(account) }).click();
  await page.waitForURL(app + path);
  return page;
}

async function expectNoFaults(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  for (const view of views) {
    await page.setViewportSize(view);
    const found = await page.evaluate(
      `axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(
        ({ id, nodes }) => id + ' ' + nodes.map(({ target }) => target.join(' ')).join(', ')))`,
    );
    const excess = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect([view.width, found, excess]).toEqual([view.width, [], 0]);
  }
}

async function isSignedIn(page: Page): Promise<boolean> {
  const answer = await page.request.get(`${app}/auth/session`, {
    headers: { Accept: 'application/json' },
  });
  return answer.status() === 200;
}

describe('sessions under control', () => {
  it('a person sees where they are signed in, ends one session, then all others, then this one', async () => {
    const { guest } = accounts(stack);
    const page = await signedIn(guest, '/auth/sessions');
    const others = [];
    for (let count = 0; count < 3; count += 1) others.push(await signedIn(guest, '/'));

    await page.getByRole('link', { name: 'Sessions', exact: true }).click();
    await page.getByRole('heading', { name: 'Where you are signed in' }).waitFor();
    expect(await page.getByText('This browser', { exact: true }).count()).toBe(1);
    expect(await page.getByRole('button', { name: /^End the session:/ }).count()).toBe(3);
    await expectNoFaults(page);

    await page
      .getByRole('button', { name: /^End the session:/ })
      .first()
      .click();
    await page.getByText('1 session has ended.').waitFor();
    await expectNoFaults(page);
    const left = await Promise.all(others.map(isSignedIn));
    expect(left.filter(Boolean)).toHaveLength(2);

    await page.getByRole('button', { name: 'End all other sessions' }).click();
    await page.getByText('2 sessions have ended.').waitFor();
    expect(await Promise.all(others.map(isSignedIn))).toEqual([false, false, false]);

    await page.getByRole('button', { name: 'Sign out of this browser' }).click();
    await page.waitForURL(`${app}/auth/signed-out`);
    await page.getByText('The sign-in service was asked to sign you out as well').waitFor();
    await expectNoFaults(page);
    expect(await page.context().cookies(app)).toEqual([]);
  });

  it('an administrator finds a person, ends a session of theirs, then all of them', async () => {
    const { administrator, plainUser } = accounts(stack);
    const visitors = [];
    for (let count = 0; count < 3; count += 1) visitors.push(await signedIn(plainUser, '/'));
    const page = await signedIn(administrator, '/auth/admin');
    await expectNoFaults(page);
    const search = page.getByRole('searchbox', { name: 'Name or address' });
    await search.fill(plainUser.slice(0, 5));
    await search.press('Enter');
    await page.getByText(/live sessions? found among \d+/).waitFor();
    expect(
      await page
        .getByRole('link', { name: new RegExp(`^This session of (?!${plainUser})`) })
        .count(),
    ).toBe(0);
    await expectNoFaults(page);

    await page
      .getByRole('link', { name: `This session of ${plainUser}` })
      .first()
      .click();
    await page.getByRole('heading', { name: 'End this session?' }).waitFor();
    await expectNoFaults(page);
    await page.getByRole('link', { name: 'Cancel' }).click();
    await page.waitForURL(`${app}/auth/admin`);
    await page
      .getByRole('link', { name: `This session of ${plainUser}` })
      .first()
      .click();
    await page.getByRole('button', { name: 'End the session' }).click();
    await page.getByText('1 session has ended.').waitFor();

    await page
      .getByRole('link', { name: `All sessions of ${plainUser}` })
      .first()
      .click();
    await page.getByRole('heading', { name: 'End all sessions of this person?' }).waitFor();
    await expectNoFaults(page);
    await page.getByRole('button', { name: 'End all sessions' }).click();
    await page.getByText(/sessions? ha(s|ve) ended\./).waitFor();
    expect(await Promise.all(visitors.map(isSignedIn))).toEqual([false, false, false]);
    expect(await isSignedIn(page)).toBe(true);
  });

  it('who was ended meanwhile and presses a button is led to sign in, through the policy for forms', async () => {
    const { guest } = accounts(stack);
    const page = await signedIn(guest, '/auth/sessions');
    const other = await signedIn(guest, '/auth/sessions');
    await other.getByRole('button', { name: 'End all other sessions' }).click();
    await other.getByRole('status').waitFor();
    await page.getByRole('button', { name: 'Sign out of this browser' }).click();
    // The provider still knows them, so they are back without a question.
    await page.waitForURL(`${app}/`);
    await page.getByRole('heading', { name: 'You are signed in' }).waitFor();
  });

  it('signing out at the provider ends the session here, by its frame', async () => {
    const page = await signedIn(accounts(stack).guest, '/');
    const elsewhere = await signedIn(accounts(stack).guest, '/');
    const tab = await page.context().newPage();
    tab.on('console', (message) => {
      if (/refused|frame/i.test(message.text())) complaints.push(message.text());
    });
    const told = tab.waitForResponse((answer) =>
      answer.url().includes('/auth/front-channel-logout'),
    );
    await tab.goto(new URL('../oauth2/v2.0/logout', `${stack.facts.authority}/`).href);
    const answer = await told;
    expect(answer.status()).toBe(200);
    expect(await answer.request().headerValue('cookie')).toBeNull();
    await expect(isSignedIn(page)).resolves.toBe(false);
    expect(await isSignedIn(elsewhere)).toBe(true);
    expect(tab.frames().some((frame) => frame.url().startsWith('chrome-error:'))).toBe(false);
  });
});

describe('the frame of front-channel logout', () => {
  it('is shown by no other site', async () => {
    const elsewhere = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(`<iframe src="${app}/auth/front-channel-logout?sid=a"></iframe>`);
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const context = await browser.newContext();
    open.push(context);
    const page = await context.newPage();
    const failed = page.waitForEvent('requestfailed');
    // A host of its own: 127.0.0.1 with another port would be another origin, but the provider's site.
    await page.goto(`http://elsewhere.localhost:${(elsewhere.address() as AddressInfo).port}`);
    const request = await failed;
    expect(request.url()).toContain('/auth/front-channel-logout');
    expect(request.failure()?.errorText).toBe('net::ERR_BLOCKED_BY_RESPONSE');
    elsewhere.closeAllConnections();
    elsewhere.close();
  });
});
