import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { accounts, control, resetControl, startJourney } from '../support/journey';
import { launchChromium } from '../support/launch-chromium';
import type { TestStack } from '../support/start-stack';

const example = 'examples/functions/payout.ts';
const root = mkdtempSync(join(tmpdir(), 'anteroom-example-'));

let stack: TestStack;
let app: string;
let browser: Browser;
let open: BrowserContext[] = [];
const complaints: string[] = [];

/** The app with the functions of docs/sessions.md beside its own. */
beforeAll(async () => {
  execFileSync(process.execPath, ['scripts/build-app.mjs', join(root, 'dist'), example]);
  for (const file of ['host.json', 'package.json']) cpSync(file, join(root, file));
  [stack, browser] = await Promise.all([startJourney({ scriptRoot: root }), launchChromium()]);
  app = stack.apps[0]?.url ?? '';
});
afterAll(async () => {
  await Promise.all([browser.close(), stack.stop()]);
  rmSync(root, { recursive: true, force: true });
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
  const page = await openPage();
  await page.goto(`${app}/auth/login?return_to=${encodeURIComponent(path)}`);
  await page.getByRole('button', { name: new RegExp(account) }).click();
  await page.waitForURL(app + path);
  return page;
}

/** A page in a browser that nobody has used. */
async function openPage(): Promise<Page> {
  const context = await browser.newContext({ viewport: phone, reducedMotion: 'reduce' });
  open.push(context);
  const page = await context.newPage();
  page.on('console', (message) => {
    if (/content security policy|refused to/i.test(message.text())) complaints.push(message.text());
  });
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

/** What has ended is said where the focus is, and in the title. */
async function expectNews(page: Page, news: string): Promise<void> {
  await page.getByText(news).waitFor();
  expect(await page.title()).toBe(`${news} · Anteroom`);
  expect(await page.evaluate('document.activeElement.textContent')).toBe(news);
}

async function isSignedIn(page: Page, url = app): Promise<boolean> {
  const answer = await page.request.get(`${url}/auth/session`, {
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
    await expectNews(page, '1 session has ended.');
    await expectNoFaults(page);
    const left = await Promise.all(others.map((other) => isSignedIn(other)));
    expect(left.filter(Boolean)).toHaveLength(2);

    await page.getByRole('link', { name: 'End all other sessions' }).click();
    await page.getByRole('heading', { name: 'End your other sessions?' }).waitFor();
    await expectNoFaults(page);
    await page.getByRole('button', { name: 'End 2 sessions' }).click();
    await expectNews(page, '2 sessions have ended.');
    expect(await Promise.all(others.map((other) => isSignedIn(other)))).toEqual([
      false,
      false,
      false,
    ]);

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
    await page.getByText(/ match “.*”, among \d+\./).waitFor();
    const sessionsOf = (name: string) =>
      page.getByRole('link', { name: `End the session of ${name}` });
    expect([await sessionsOf(plainUser).count(), await sessionsOf(administrator).count()]).toEqual([
      3, 0,
    ]);
    await page.getByRole('link', { name: 'Name', exact: true }).click();
    await page.waitForURL(/sort=name/);
    await expectNoFaults(page);
    const searched = page.url();

    await sessionsOf(plainUser).first().click();
    await page.getByRole('heading', { name: 'End this session?' }).waitFor();
    await expectNoFaults(page);
    await page.getByRole('link', { name: 'Cancel' }).click();
    await page.waitForURL(searched);
    await sessionsOf(plainUser).first().click();
    await page.getByRole('button', { name: 'End the session' }).click();
    await expectNews(page, `1 session of ${plainUser} has ended.`);
    expect(page.url()).toBe(searched);
    expect(await search.inputValue()).toBe(plainUser.slice(0, 5));
    await expectNoFaults(page);

    // By the keyboard alone, as everything.
    await page.getByText('2 sessions', { exact: true }).focus();
    await page.keyboard.press('Enter');
    await expectNoFaults(page);
    for (const key of ['Tab', 'Tab', 'Enter']) await page.keyboard.press(key);
    await page.getByRole('heading', { name: 'End all sessions of this person?' }).waitFor();
    await expectNoFaults(page);
    await page.getByRole('button', { name: 'End 2 sessions' }).click();
    await expectNews(page, `2 sessions of ${plainUser} have ended.`);
    expect(page.url()).toBe(searched);
    expect(await Promise.all(visitors.map((visitor) => isSignedIn(visitor)))).toEqual([
      false,
      false,
      false,
    ]);
    expect(await isSignedIn(page)).toBe(true);
  });

  it('who was ended meanwhile and presses a button is led to sign in, through the policy for forms', async () => {
    const { guest } = accounts(stack);
    const page = await signedIn(guest, '/auth/sessions');
    const other = await signedIn(guest, '/auth/sessions');
    await other.getByRole('link', { name: 'End all other sessions' }).click();
    await other.getByRole('button', { name: /^End \d+ sessions?$/ }).click();
    await other.getByText(/ended\.$/).waitFor();
    // The provider still knows them, so they are back without a question, at the page with the button.
    const back = page.waitForResponse(`${app}/auth/sessions`);
    await page.getByRole('button', { name: 'Sign out of this browser' }).click();
    expect((await back).status()).toBe(200);
    await page.getByRole('heading', { name: 'Where you are signed in' }).waitFor();
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

describe('docs/sessions.md', () => {
  it('shows the example as it is', () => {
    const code = readFileSync(example, 'utf8');
    expect(readFileSync('docs/sessions.md', 'utf8')).toContain(`\`\`\`ts\n${code}\`\`\``);
  });
});

describe('a guard with a step-up', () => {
  afterEach(() => resetControl(stack.facts.entraUrl));
  const shown = async (page: Page) => JSON.parse(await page.innerText('body')) as object;
  const seconds = () => Math.floor(Date.now() / 1000);

  it('lets a person confirm, and remembers it', async () => {
    const { administrator } = accounts(stack);
    const page = await signedIn(administrator, '/');
    await page.goto(`${app}/payout`);
    await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
    await page.getByRole('button', { name: 'It is me' }).click();
    await page.waitForURL(`${app}/payout`);
    expect(await shown(page)).toMatchObject({ user: administrator, acrs: ['c1'] });
    await page.goto(`${app}/`);
    await page.goto(`${app}/payout`);
    expect(page.url()).toBe(`${app}/payout`);
  });

  it('explains a step that the sign-in service does not confirm, and keeps the session', async () => {
    const page = await signedIn(accounts(stack).administrator, '/');
    await control(stack.facts.entraUrl, { idTokenClaims: { acrs: null }, idTokenTimes: 1 });
    await page.goto(`${app}/payout`);
    await page.getByRole('button', { name: 'It is me' }).click();
    await page
      .getByRole('heading', { name: 'The sign-in service did not confirm the step' })
      .waitFor();
    await expectNoFaults(page);
    expect(await isSignedIn(page)).toBe(true);
    await page.getByRole('link', { name: 'Try again' }).click();
    await page.waitForURL(`${app}/payout`);
    expect(await shown(page)).toMatchObject({ acrs: ['c1'] });
  });

  it('goes by the time of the sign-in, not of the session', async () => {
    const claims = { idTokenClaims: { auth_time: seconds() - 3600 }, idTokenTimes: 1 };
    await control(stack.facts.entraUrl, claims);
    const page = await signedIn(accounts(stack).guest, '/');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`${app}/payout/recent`);
    await page.waitForURL(`${app}/payout/recent`);
    expect(asked.some((url) => url.includes('max_age=300'))).toBe(true);
    const { auth_time: authTime } = (await shown(page)) as { auth_time: number };
    expect(authTime).toBeGreaterThan(seconds() - 300);
  });
});

describe('where people may stay signed in, in two browsers at most', () => {
  let stays: string;
  beforeAll(async () => {
    stays = (await stack.startApp({ env: { SESSION_PERSISTENT: 'link', SESSION_LIMIT: '2' } })).url;
  });

  const signInBy = async (link: string) => {
    const page = await openPage();
    await page.goto(`${stays}/`);
    await page.getByRole('link', { name: link, exact: true }).click();
    await page.getByRole('button', { name: new RegExp(accounts(stack).plainUser) }).click();
    await page.waitForURL(`${stays}/`);
    return page;
  };
  /** Sessions are ordered by the second in which they began. */
  const nextSecond = () => sleep(1000 - (Date.now() % 1000));

  /** What a browser has after it was closed and opened again: cookies with a date. */
  async function openAgain(page: Page): Promise<Page> {
    const cookies = await page.context().cookies(stays);
    await page.context().close();
    const again = await openPage();
    await again.context().addCookies(cookies.filter(({ expires }) => expires > 0));
    return again;
  }

  it('the choice on the home page outlives the browser, and signing in does not', async () => {
    const home = await openPage();
    await home.goto(`${stays}/`);
    await expectNoFaults(home);
    const kept = await openAgain(await signInBy('Sign in and stay signed in'));
    expect(await isSignedIn(kept, stays)).toBe(true);
    const forgotten = await openAgain(await signInBy('Sign in'));
    expect(await isSignedIn(forgotten, stays)).toBe(false);
  });

  it('the choice stays through a step-up', async () => {
    const { entraUrl } = stack.facts;
    const authTime = Math.floor(Date.now() / 1000) - 3600;
    await control(entraUrl, { idTokenClaims: { auth_time: authTime }, idTokenTimes: 1 });
    const page = await signInBy('Sign in and stay signed in');
    await resetControl(entraUrl);
    const sessionCookie = async () =>
      (await page.context().cookies(stays)).find(({ name }) => /^anteroom-\d+$/.test(name));
    const before = await sessionCookie();
    await page.goto(`${stays}/payout/recent`);
    await page.waitForURL(`${stays}/payout/recent`);
    const after = await sessionCookie();
    expect(after?.value).not.toBe(before?.value);
    expect([before, after].map((cookie) => (cookie?.expires ?? 0) > 0)).toEqual([true, true]);
  });

  it('a third browser ends the session of the first', async () => {
    const pages = [await signInBy('Sign in')];
    await nextSecond();
    pages.push(await signInBy('Sign in'));
    await nextSecond();
    pages.push(await signInBy('Sign in'));
    const live = await Promise.all(pages.map((page) => isSignedIn(page, stays)));
    expect(live).toEqual([false, true, true]);
  });
});

describe('an administrator whose sign-in is an hour old', () => {
  it('signs in again before everybody is signed out, and confirms then', async () => {
    const { administrator, plainUser } = accounts(stack);
    const visitor = await signedIn(plainUser, '/');
    const authTime = Math.floor(Date.now() / 1000) - 3600;
    const { entraUrl } = stack.facts;
    await control(entraUrl, { idTokenClaims: { auth_time: authTime }, idTokenTimes: 1 });
    const page = await signedIn(administrator, '/auth/admin');
    await resetControl(entraUrl);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.getByText('More', { exact: true }).click();
    await page.getByRole('link', { name: 'End everybody’s sessions' }).click();
    await page.getByRole('heading', { name: 'End everybody’s sessions?' }).waitFor();
    expect(asked.some((url) => url.includes('max_age=600'))).toBe(true);
    expect(page.url()).toBe(`${app}/auth/admin/end?everybody=true`);
    expect(await isSignedIn(visitor)).toBe(true);
    await expectNoFaults(page);

    await page.getByRole('button', { name: 'Sign everybody out' }).click();
    await page.getByRole('heading', { name: 'Everybody is signed out' }).waitFor();
    await expectNoFaults(page);
    expect([await isSignedIn(visitor), await isSignedIn(page)]).toEqual([false, false]);
    await page.getByRole('link', { name: 'Sign in again' }).click();
    await page.waitForURL(`${app}/auth/admin`);
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
