import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { AppFacts } from '../../local/stack/stack-process';
import { type Checkout, copyCheckout } from '../support/copy-checkout';
import { accounts, cookieName, fetchJson, startJourney } from '../support/journey';
import { launchChromium } from '../support/launch-chromium';
import type { TestStack } from '../support/start-stack';

const docs = readFileSync('docs/front-end.md', 'utf8');
/** So short that a test can wait for the end. */
const idleSeconds = 8;
const warnSeconds = 3;

let checkout: Checkout;
let stack: TestStack;
let app: string;
let shortLived: AppFacts;
let browser: Browser;
let context: BrowserContext;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  checkout = copyCheckout();
  await followThePage();
  [stack, browser] = await Promise.all([
    startJourney({ scriptRoot: checkout.root }),
    launchChromium(),
  ]);
  app = stack.apps[0]?.url ?? '';
  shortLived = await stack.startApp({ env: { SESSION_IDLE_SECONDS: String(idleSeconds) } });
});
afterAll(async () => {
  await Promise.all([browser.close(), stack.stop()]);
  checkout.remove();
});

/** What docs/front-end.md says to type. Then only what is deployed stays: a page read from disk would be missing. */
async function followThePage(): Promise<void> {
  const [, commands = ''] = /<!-- try -->\n\n```sh\n([\s\S]*?)npm start/.exec(docs) ?? [];
  await checkout.follow(commands);
  await checkout.build();
  for (const folder of ['src', 'examples']) {
    rmSync(join(checkout.root, folder), { recursive: true });
  }
}

afterEach(async () => {
  await context.close();
  expect(complaints.splice(0)).toEqual([]);
});

async function openExample(origin: string, query = ''): Promise<void> {
  await page.goto(`${origin}/session-warning${query}`);
  await page.getByRole('button', { name: new RegExp(accounts(stack).administrator) }).click();
  await page.waitForURL(`${origin}/session-warning${query}`);
  await page.getByText(`Signed in as ${accounts(stack).administrator}`).waitFor();
}

/** What a function of the client gives on the page that is shown, or what it throws. */
function onPage(expression: string): Promise<unknown> {
  return page.evaluate(
    `import('/auth/client.js').then((anteroom) => ${expression}).catch((e) => ({ name: e.name, status: e.status, code: e.code }))`,
  );
}

const phone = { width: 360, height: 740 };
const desktop = { width: 1280, height: 800 };

describe('the example page', () => {
  beforeEach(async () => {
    context = await browser.newContext({ viewport: phone });
    page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on('console', (message) => {
      if (message.type() === 'error' && !/status of (401|404)/.test(message.text())) {
        complaints.push(message.text());
      }
    });
    page.on('pageerror', (error) => complaints.push(error.message));
  });

  it('sends the signed-out to sign in and back, query and all, to a page without faults', async () => {
    await openExample(app, '?a=1&b=%2F');
    await page.evaluate(axe.source);
    for (const size of [phone, desktop]) {
      await page.setViewportSize(size);
      expect(
        await page.evaluate(
          "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id }) => id))",
        ),
      ).toEqual([]);
    }
  });

  it('loads through the client, and signs in again when the session is gone by then', async () => {
    await openExample(app);
    await page.getByRole('button', { name: 'Load my profile' }).click();
    await page.getByText('Identity administrator').waitFor();
    await context.clearCookies({ name: cookieName(app) });
    const asked = page.waitForRequest((request) => request.url().includes('/auth/login?'));
    await page.getByRole('button', { name: 'Load my profile' }).click();
    expect(new URL((await asked).url()).searchParams.get('return_to')).toBe('/session-warning');
    await page.waitForURL(`${app}/session-warning`);
    await page.getByText('Signed in as').waitFor();
  });

  it('signs out, at the provider too', async () => {
    await openExample(app);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${app}/auth/signed-out`);
    await page.getByText('The sign-in service was asked to sign you out as well').waitFor();
    expect(await context.cookies(app)).toEqual([]);
  });

  it('warns before the end, and stays signed in on the person’s word', async () => {
    await openExample(shortLived.url, `?warn=${warnSeconds}`);
    const warning = page.getByRole('dialog', { name: 'Are you still there?' });
    expect(await warning.isVisible()).toBe(false);
    await warning.waitFor();
    await page.getByText(/signed out in [0-3] seconds/).waitFor();
    await page.getByRole('button', { name: 'Stay signed in' }).click();
    await warning.waitFor({ state: 'hidden' });
    // Longer than what was left when it was asked.
    await page.waitForTimeout(warnSeconds * 1000);
    expect(await onPage('anteroom.session().then((facts) => facts?.user.name)')).toBe(
      accounts(stack).administrator,
    );
  });

  it('does not keep the session alive by asking: unheeded, it goes to sign in', async () => {
    await openExample(shortLived.url, `?warn=${warnSeconds}`);
    const asked = page.waitForRequest((request) => request.url().includes('/auth/login?'));
    // The countdown, four times a second, goes on while the browser waits for the answer.
    await page.route('**/auth/login?*', () => undefined);
    await page.getByRole('dialog').waitFor();
    await asked;
    await page.waitForTimeout(600);
  });
});

describe('docs/front-end.md', () => {
  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
    page.setDefaultTimeout(60_000);
  });

  it('shows the function that serves the page as it is', () => {
    const example = readFileSync('examples/functions/session-warning/serve-page.ts', 'utf8');
    expect(docs).toContain(`\`\`\`ts\n${example}\`\`\``);
  });

  it('shows a script that runs in a page with the policy it asks for', async () => {
    const [, script = ''] = /```js\n([\s\S]*?)```/.exec(docs) ?? [];
    const contentType = 'text/javascript';
    await context.route('**/session-warning.js', (route) =>
      route.fulfill({ contentType, body: script }),
    );
    await page.goto(`${app}/session-warning`);
    await page.getByRole('button', { name: new RegExp(accounts(stack).administrator) }).click();
    await page
      .getByText(`Hello ${accounts(stack).administrator}, Identity administrator`)
      .waitFor();
  });

  it('is right that the page runs no script but files of this origin', async () => {
    await page.goto(`${app}/session-warning`);
    const answer = await page.request.get(`${app}/session-warning`);
    const policy = answer.headers()['content-security-policy'] ?? '';
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "connect-src 'self'"]),
    );
    expect(policy).not.toContain('unsafe');
  });

  it('shows a command that signs out, which needs both of its headers', async () => {
    const [, command = ''] = /```sh\n(curl -X POST [\s\S]*?)```/.exec(docs) ?? [];
    const headers = Object.fromEntries(
      [...command.matchAll(/-H '(.*?): (.*?)'/g)].map(([, name = '', value = '']) => [
        name,
        value.replace('http://localhost:7071', app),
      ]),
    );
    const post = async (sent: Readonly<Record<string, string>>) =>
      (await fetchJson(`${app}/auth/logout`, undefined, { method: 'POST', headers: sent })).body;
    expect(await post(headers)).toHaveProperty('logout_url');
    const { Origin = '', 'X-CSRF': csrf = '' } = headers;
    expect(await post({ 'X-CSRF': csrf })).toMatchObject({ code: 'ERR_CROSS_SITE' });
    expect(await post({ Origin })).toMatchObject({ code: 'ERR_CSRF_HEADER' });
  });
});

describe('the client in a page', () => {
  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await openExample(app);
  });

  it('tells facts with times of this browser’s clock', async () => {
    const facts = (await onPage('anteroom.session()')) as Record<string, number>;
    expect(facts).toMatchObject({
      user: { name: accounts(stack).administrator },
      roles: ['admin'],
    });
    expect(Math.abs((facts['expiresAt'] ?? 0) - Date.now() - 43_200_000)).toBeLessThan(600_000);
    expect(Math.abs((facts['idleExpiresAt'] ?? 0) - Date.now() - 3_600_000)).toBeLessThan(600_000);
  });

  it('knows no session when signed out', async () => {
    await context.clearCookies({ name: cookieName(app) });
    expect(await onPage('anteroom.session().then((facts) => String(facts))')).toBe('undefined');
  });

  it('makes addresses to sign in', async () => {
    expect(await onPage('anteroom.loginUrl()')).toBe('/auth/login?return_to=%2Fsession-warning');
    expect(await onPage("anteroom.loginUrl({ returnTo: '/a?b', prompt: 'login' })")).toBe(
      '/auth/login?return_to=%2Fa%3Fb&prompt=login',
    );
  });

  it('lets changes through that need X-CSRF, and no address elsewhere', async () => {
    const end = `anteroom.fetch('/auth/sessions/end', {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"others":true}',
    }).then(async (answer) => [answer.status, Object.keys(await answer.json())])`;
    expect(await onPage(end)).toEqual([200, ['ended']]);
    expect(await onPage("anteroom.fetch('https://evil.example/')")).toMatchObject({
      name: 'TypeError',
    });
    expect(await onPage("anteroom.fetch('//evil.example/a')")).toMatchObject({ name: 'TypeError' });
  });

  it('leaves every other answer to the page, a 401 of somebody else’s too', async () => {
    expect(await onPage("anteroom.fetch('/auth/me/photo?x').then(({ status }) => status)")).toBe(
      200,
    );
    expect(await onPage("anteroom.fetch('/nothing').then(({ status }) => status)")).toBe(404);
    const problem = JSON.stringify({
      code: 'ERR_SIGNED_OUT',
      login_url: 'https://evil.example/auth/login?',
    });
    await context.route(`${app}/api`, (route) =>
      route.fulfill({ status: 401, contentType: 'application/problem+json', body: problem }),
    );
    expect(await onPage("anteroom.fetch('/api').then(({ status }) => status)")).toBe(401);
    expect(page.url()).toBe(`${app}/session-warning`);
  });

  it('throws with a code when the app cannot answer', async () => {
    await context.route(`${app}/auth/session*`, (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({
          code: 'ERR_STORAGE_UNAVAILABLE',
          title: 'Sessions cannot be reached',
        }),
      }),
    );
    expect(await onPage('anteroom.session()')).toEqual({
      name: 'AnteroomError',
      status: 503,
      code: 'ERR_STORAGE_UNAVAILABLE',
    });
  });
});
