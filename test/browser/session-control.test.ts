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

const views = [
  ['a phone', { width: 360, height: 740 }],
  ['a desktop', { width: 1280, height: 800 }],
] as const;

interface View {
  readonly width: number;
  readonly height: number;
}

/** Somebody at a browser of their own, signed in and at `path`. */
async function signedIn(account: string, path: string, viewport: View): Promise<Page> {
  const context = await browser.newContext({ viewport, reducedMotion: 'reduce' });
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

async function faultsOn(page: Page): Promise<unknown> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(
    `axe.run(document).then(({ violations }) => violations.map(
      ({ id, nodes }) => id + ' ' + nodes.map(({ target }) => target.join(' ')).join(', ')))`,
  );
  const excess = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
  return [found, excess];
}

const nothing = [[], 0];

async function isSignedIn(page: Page): Promise<boolean> {
  const answer = await page.request.get(`${app}/auth/session`, {
    headers: { Accept: 'application/json' },
  });
  return answer.status() === 200;
}

describe.each(views)('on %s', (_name, view) => {
  it('a person sees where they are signed in, ends one session, then all others, then this one', async () => {
    const { guest } = accounts(stack);
    const page = await signedIn(guest, '/auth/sessions', view);
    if (await page.getByRole('button', { name: 'End all other sessions' }).isVisible()) {
      await page.getByRole('button', { name: 'End all other sessions' }).click();
      await page.getByRole('status').waitFor();
    }
    const others = [];
    for (let count = 0; count < 3; count += 1) others.push(await signedIn(guest, '/', view));

    await page.getByRole('link', { name: 'Sessions', exact: true }).click();
    await page.getByRole('heading', { name: 'Where you are signed in' }).waitFor();
    expect(await page.getByText('This browser', { exact: true }).count()).toBe(1);
    expect(await page.getByRole('button', { name: /^End the session:/ }).count()).toBe(3);
    expect(await faultsOn(page)).toEqual(nothing);

    await page
      .getByRole('button', { name: /^End the session:/ })
      .first()
      .click();
    await page.getByText('1 session has ended.').waitFor();
    expect(await faultsOn(page)).toEqual(nothing);
    const left = await Promise.all(others.map(isSignedIn));
    expect(left.filter(Boolean)).toHaveLength(2);

    await page.getByRole('button', { name: 'End all other sessions' }).click();
    await page.getByText('2 sessions have ended.').waitFor();
    expect(await Promise.all(others.map(isSignedIn))).toEqual([false, false, false]);

    await page.getByRole('button', { name: 'Sign out of this browser' }).click();
    await page.waitForURL(`${app}/auth/signed-out`);
    await page.getByText('The sign-in service was asked to sign you out as well').waitFor();
    expect(await faultsOn(page)).toEqual(nothing);
    expect(await page.context().cookies(app)).toEqual([]);
  });

  it('an administrator finds a person, ends a session of theirs, then all of them', async () => {
    const { administrator, plainUser } = accounts(stack);
    const visitors = [];
    for (let count = 0; count < 3; count += 1) visitors.push(await signedIn(plainUser, '/', view));
    const page = await signedIn(administrator, '/auth/admin', view);
    expect(await faultsOn(page)).toEqual(nothing);
    const search = page.getByRole('searchbox', { name: 'Name or address' });
    await search.fill(plainUser.slice(0, 5));
    await search.press('Enter');
    await page.getByText(/live sessions? found among \d+/).waitFor();
    expect(
      await page
        .getByRole('link', { name: new RegExp(`^This session of (?!${plainUser})`) })
        .count(),
    ).toBe(0);
    expect(await faultsOn(page)).toEqual(nothing);

    await page
      .getByRole('link', { name: `This session of ${plainUser}` })
      .first()
      .click();
    await page.getByRole('heading', { name: 'End this session?' }).waitFor();
    expect(await faultsOn(page)).toEqual(nothing);
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
    expect(await faultsOn(page)).toEqual(nothing);
    await page.getByRole('button', { name: 'End all sessions' }).click();
    await page.getByText(/sessions? ha(s|ve) ended\./).waitFor();
    expect(await Promise.all(visitors.map(isSignedIn))).toEqual([false, false, false]);
    expect(await isSignedIn(page)).toBe(true);
  });

  it('who was ended meanwhile and presses a button is led to sign in, through the policy for forms', async () => {
    const { guest } = accounts(stack);
    const page = await signedIn(guest, '/auth/sessions', view);
    const other = await signedIn(guest, '/auth/sessions', view);
    await other.getByRole('button', { name: 'End all other sessions' }).click();
    await other.getByRole('status').waitFor();
    await page.getByRole('button', { name: 'Sign out of this browser' }).click();
    // The provider still knows them, so they are back without a question.
    await page.waitForURL(`${app}/`);
    await page.getByRole('heading', { name: 'You are signed in' }).waitFor();
  });

  it('signing out at the provider ends the session here, by its frame', async () => {
    const page = await signedIn(accounts(stack).guest, '/', view);
    const elsewhere = await signedIn(accounts(stack).guest, '/', view);
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
