import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { AppFacts } from '../../local/stack/stack-process';
import { accounts, control, cookieName, resetControl, startJourney } from '../support/journey';
import { launchChromium } from '../support/launch-chromium';
import type { TestStack } from '../support/start-stack';

/** Functions of a team's own: a page, a service worker that passes everything on, and a guarded function. */
const teamFunctions = `
import { app } from '@azure/functions';
import { auth } from '../auth';

const policy = "default-src 'self'";
const file = (type, body) => () => ({
  headers: { 'Content-Type': type, 'Content-Security-Policy': policy }, body,
});
const serve = (name, route, handler) =>
  app.http(name, { methods: ['GET', 'HEAD'], route, authLevel: 'anonymous', handler });

serve('page', 'page', file('text/html; charset=utf-8', '<!doctype html><title>Team</title><h1>Team</h1>'));
serve('worker', 'worker.js', file('text/javascript; charset=utf-8',
  "addEventListener('install', () => skipWaiting());" +
  "addEventListener('activate', (event) => event.waitUntil(clients.claim()));" +
  "addEventListener('fetch', (event) => event.respondWith(fetch(event.request)));"));
serve('reports', 'reports', auth.signedIn(({ query }) => ({
  headers: { 'Content-Type': 'text/html; charset=utf-8' },
  body: '<!doctype html><h1>Reports</h1><p>' + JSON.stringify([...query]) + '</p>',
})));
`;

let root: string;
let stack: TestStack;
let app: string;
let neighbour: AppFacts;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'anteroom-team-'));
  const beside = path.join(root, 'team.ts');
  writeFileSync(beside, teamFunctions);
  execFileSync(process.execPath, ['scripts/build-app.mjs', path.join(root, 'dist'), beside]);
  for (const file of ['host.json', 'package.json']) cpSync(file, path.join(root, file));
  [stack, browser] = await Promise.all([startJourney({ scriptRoot: root }), launchChromium()]);
  app = stack.apps[0]?.url ?? '';
  neighbour = await stack.startApp();
});
afterAll(async () => {
  await Promise.all([browser.close(), stack.stop()]);
  rmSync(root, { recursive: true, force: true });
});
beforeEach(async () => {
  context = await browser.newContext();
  page = await context.newPage();
  page.setDefaultTimeout(60_000);
});
afterEach(() => context.close());

async function pick(account: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(account) }).click();
}

async function signInAt(url: string, account: string): Promise<void> {
  await page.goto(`${url}/auth/login`);
  await pick(account);
  await page.waitForURL(`${url}/`);
}

/** What an expression gives on a page of the team's, or what it throws. */
function onPage(expression: string): Promise<unknown> {
  return page.evaluate(
    `import('/auth/client.js').then((anteroom) => ${expression}).catch((e) => ({ name: e.name, status: e.status, code: e.code, loginUrl: e.loginUrl }))`,
  );
}

describe('a service worker that passes every request on', () => {
  it('lets people sign in, by a guarded page and by a link', async () => {
    await page.goto(`${app}/page`);
    await page.evaluate(
      `navigator.serviceWorker.register('/worker.js').then(() => new Promise((resolve) => {
        if (navigator.serviceWorker.controller) resolve();
        else navigator.serviceWorker.addEventListener('controllerchange', () => resolve());
      }))`,
    );
    await page.goto(`${app}/reports?a=1`);
    await pick(accounts(stack).administrator);
    await page.waitForURL(`${app}/reports?a=1`);
    await page.getByRole('heading', { name: 'Reports' }).waitFor();
    expect(await page.evaluate('navigator.serviceWorker.controller !== null')).toBe(true);
    await context.clearCookies({ name: cookieName(app) });
    await page.goto(`${app}/auth/login?return_to=%2Freports`);
    await page.waitForURL(`${app}/reports`);
    await page.getByRole('heading', { name: 'Reports' }).waitFor();
  });
});

describe('a script that fetches a page, signed out', () => {
  it('gets 401 and the way to sign in, whatever it accepts', async () => {
    await page.goto(`${app}/page`);
    const asked = await page.evaluate(
      `fetch('/reports', { headers: { Accept: 'text/html, application/xhtml+xml' } })
        .then(async (answer) => [answer.status, answer.redirected, (await answer.json()).login_url])`,
    );
    // Back to the page, not to what its script fetched: the browser names it in `Referer`.
    expect(asked).toEqual([401, false, `${app}/auth/login?return_to=%2Fpage`]);
  });
});

describe('a page that the browser fetches ahead of time', () => {
  it('is refused then, and is what it should be when it is opened', async () => {
    await page.goto(`${app}/page`);
    const early = page.waitForResponse(`${app}/reports`);
    await page.evaluate(`{
      const link = document.createElement('link');
      link.rel = 'prefetch';
      link.href = '/reports';
      document.head.append(link);
    }`);
    expect((await early).status()).toBe(403);
    expect(await context.cookies(app)).toEqual([]);
    await page.goto(`${app}/reports`);
    await pick(accounts(stack).administrator);
    await page.getByRole('heading', { name: 'Reports' }).waitFor();
  });
});

describe('a query of the team’s own', () => {
  it('arrives as it was sent, also by a link on another site', async () => {
    await signInAt(app, accounts(stack).administrator);
    const query = '?slide=false&bounced=1&hop=1';
    await page.goto(`${app}/reports${query}`);
    const expected = JSON.stringify([
      ['slide', 'false'],
      ['bounced', '1'],
      ['hop', '1'],
    ]);
    await page.getByText(expected).waitFor();
    await page.goto('data:text/html,<h1>Mail</h1>');
    await page.evaluate(`location.assign(${JSON.stringify(`${app}/reports${query}`)})`);
    await page.getByText(expected).waitFor();
    expect(page.url()).toBe(`${app}/reports${query}`);
  });
});

describe('two apps on this machine', () => {
  it('leave each other alone: neither sign-in nor sign-out of one touches the other', async () => {
    const { administrator, plainUser } = accounts(stack);
    await signInAt(app, administrator);
    await page.goto(`${neighbour.url}/auth/login?prompt=select_account`);
    await pick(plainUser);
    await page.waitForURL(`${neighbour.url}/`);
    await page.goto(app);
    await page.getByText(`Signed in as ${administrator}`, { exact: true }).waitFor();
    await page.goto(neighbour.url);
    await page.getByText(`Signed in as ${plainUser}`, { exact: true }).waitFor();
    expect((await context.cookies(app)).map(({ name }) => name)).toEqual(
      expect.arrayContaining([cookieName(app), cookieName(neighbour.url)]),
    );
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    expect(new URL(page.url()).origin).toBe(neighbour.url);
    const names = (await context.cookies(app)).map(({ name }) => name);
    expect(names).toContain(cookieName(app));
    expect(names).not.toContain(cookieName(neighbour.url));
    await page.goto(neighbour.url);
    await page.getByRole('link', { name: 'Sign in', exact: true }).waitFor();
    await page.goto(app);
    await page.getByText(`Signed in as ${administrator}`, { exact: true }).waitFor();
  });
});

describe('the client', () => {
  beforeEach(async () => {
    await signInAt(app, accounts(stack).administrator);
    await page.goto(`${app}/page`);
  });
  afterEach(() => resetControl(stack.facts.graphUrl));

  it('goes through a step once, and throws when that did not help', async () => {
    await control(stack.facts.graphUrl, { answer: 'claims-challenge' });
    const back = page.waitForURL(`${app}/page`, { waitUntil: 'load' });
    const left = page.waitForRequest((request) => request.url().includes('/auth/login?step='));
    await page.evaluate(
      `void import('/auth/client.js').then((anteroom) => anteroom.fetch('/auth/me'))`,
    );
    await left;
    await back;
    await page.waitForURL(`${app}/page`);
    await page.getByRole('heading', { name: 'Team' }).waitFor();
    expect(await onPage(`anteroom.fetch('/auth/me')`)).toMatchObject({
      name: 'AnteroomError',
      status: 401,
      code: 'ERR_STEP_UP',
      loginUrl: expect.stringContaining(`${app}/auth/login?step=`) as unknown,
    });
    expect(page.url()).toBe(`${app}/page`);
  });

  it('tells a step that is due from being signed out', async () => {
    const problem = {
      code: 'ERR_STEP_UP',
      title: 'One more step',
      login_url: `${app}/auth/login?step=a`,
    };
    let returnTo: string | null | undefined;
    await context.route(`${app}/auth/session*`, async (route) => {
      returnTo = await route.request().headerValue('x-return-to');
      await route.fulfill({
        status: 401,
        contentType: 'application/problem+json',
        body: JSON.stringify(problem),
      });
    });
    expect(await onPage('anteroom.session()')).toEqual({
      name: 'AnteroomError',
      status: 401,
      code: 'ERR_STEP_UP',
      loginUrl: `${app}/auth/login?step=a`,
    });
    expect(returnTo).toBe('/page');
  });

  it('throws rather than lose a page whose address is too long to come back to', async () => {
    await context.clearCookies({ name: cookieName(app) });
    await page.evaluate(`history.replaceState(null, '', '/page?q=' + 'x'.repeat(2_100))`);
    const address = page.url();
    expect(await onPage(`anteroom.fetch('/auth/me')`)).toEqual({
      name: 'AnteroomError',
      status: 401,
      code: 'ERR_SIGNED_OUT',
      loginUrl: `${app}/auth/login?return_to=%2Fpage`,
    });
    expect(page.url()).toBe(address);
  });

  it('takes a 401 of somebody else for no word of the app', async () => {
    await context.route(`${app}/auth/session*`, (route) =>
      route.fulfill({ status: 401, contentType: 'text/plain', body: 'who are you' }),
    );
    expect(await onPage('anteroom.session()')).toMatchObject({
      name: 'AnteroomError',
      status: 401,
    });
    await context.unroute(`${app}/auth/session*`);
    await context.clearCookies({ name: cookieName(app) });
    expect(await onPage('anteroom.session().then((facts) => String(facts))')).toBe('undefined');
  });
});
