import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { accounts, cookieName, startJourney } from '../support/journey';
import { launchChromium } from '../support/launch-chromium';
import type { TestStack } from '../support/start-stack';

let stack: TestStack;
let app: string;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** Another site, on another host name than the app's and the provider's, with a link to each path. */
let elsewhere: Server;
let elsewhereUrl: string;

const complaints: string[] = [];

beforeAll(async () => {
  [stack, browser] = await Promise.all([
    startJourney({ registration: { signInAudience: 'AzureADMultipleOrgs' } }),
    launchChromium(),
  ]);
  app = stack.apps[0]?.url ?? '';
  elsewhere = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').searchParams.get('to') ?? '/';
    response.setHeader('Content-Type', 'text/html');
    response.end(`<h1>Mail</h1><a href="${app}${path}">open</a>
      <form method="post" action="${app}/auth/logout"><button>win a prize</button></form>`);
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  // 127.0.0.1 is the provider's site; a name of its own makes this a third one.
  elsewhereUrl = `http://elsewhere.localhost:${(elsewhere.address() as AddressInfo).port}`;
});

afterAll(async () => {
  elsewhere.closeAllConnections();
  elsewhere.close();
  await Promise.all([browser.close(), stack.stop()]);
});

beforeEach(async () => {
  context = await browser.newContext();
  page = await context.newPage();
  complaints.length = 0;
  page.on('console', (message) => {
    if (/content security policy|refused to/i.test(message.text())) complaints.push(message.text());
  });
});

afterEach(async () => {
  expect(complaints).toEqual([]);
  await context.close();
});

async function pick(account: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(account) }).click();
}

describe('a person of a tenant that is not allowed', () => {
  it('sees the id of the tenant, and signs in with another account', async () => {
    const { entraUrl, tenantId } = stack.facts;
    const { administrator, outsider } = accounts(stack);
    const several = await stack.startApp({
      env: {
        ENTRA_TENANT_ID: 'organizations',
        ENTRA_ALLOWED_TENANTS: tenantId,
        ENTRA_AUTHORITY: `${entraUrl}/organizations/v2.0`,
      },
    });
    await page.goto(`${several.url}/auth/me`);
    await pick(outsider);
    await page
      .getByRole('heading', { name: 'This app is not open to your organisation' })
      .waitFor();
    await page.getByText('b5a3c1de-77f4-4f0e-9d53-0c2f1b6a9e42').waitFor();
    await page.getByRole('link', { name: 'Use another account' }).click();
    await pick(administrator);
    await page.waitForURL(`${several.url}/auth/me`);
    await page.getByText('Claims of your sign-in').click();
    await page.getByRole('term').getByText('tid', { exact: true }).waitFor();
    await stack.stopApp(several);
  });
});

describe('a customer whose accounts are in Azure AD B2C', () => {
  let b2c: TestStack;

  beforeAll(async () => {
    b2c = await startJourney({ shape: 'b2c', appEnv: { GRAPH_SCOPES: 'none' } });
  });
  afterAll(() => b2c.stop());

  it('gets a new password, then the wanted page, and changes the own profile there', async () => {
    const { plainUser } = accounts(b2c);
    const wanted = `${b2c.apps[0]?.url ?? ''}/auth/me`;
    await page.goto(wanted);
    await page.getByRole('button', { name: 'Forgot your password?' }).click();
    await page.getByRole('heading', { name: 'Reset your password' }).waitFor();
    await pick(plainUser);
    await page.waitForURL(wanted);
    await page.getByRole('heading', { name: plainUser }).waitFor();
    await page.getByText('As the sign-in service says').waitFor();
    await page.getByRole('link', { name: 'Change your profile' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.waitForURL(wanted);
    await page.getByRole('link', { name: 'Change your profile' }).click();
    await page.getByRole('textbox').fill('Tomás Renamed');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.waitForURL(wanted);
    await page.getByRole('heading', { name: 'Tomás Renamed' }).waitFor();
  });
});

describe('a person in Chromium', () => {
  it('signs in, sees profile and console, signs out everywhere, and is told why the console is closed', async () => {
    const { administrator, plainUser } = accounts(stack);
    await page.goto(app);
    await page.getByRole('link', { name: 'Sign in' }).click();
    expect(new URL(page.url()).origin).toBe(stack.facts.entraUrl);
    await pick(administrator);
    await page.waitForURL(`${app}/`);
    await page.getByText(`Signed in as ${administrator}`, { exact: true }).waitFor();

    const photo = page.waitForResponse(`${app}/auth/me/photo`);
    await page.getByRole('link', { name: 'Profile', exact: true }).click();
    await page.getByText('Identity administrator').waitFor();
    expect((await photo).headers()['content-type']).toBe('image/jpeg');
    await page.getByRole('link', { name: 'Home' }).click();
    await page.getByRole('link', { name: 'Console' }).click();
    await page
      .getByRole('cell', { name: new RegExp(administrator) })
      .first()
      .waitFor();

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    expect(await context.cookies(app)).toEqual([]);

    await page.getByRole('link', { name: 'Sign in again' }).click();
    await pick(plainUser);
    await page.waitForURL(`${app}/`);
    expect(await page.getByRole('link', { name: 'Console' }).count()).toBe(0);
    await page.goto(`${app}/auth/admin`);
    await page.getByRole('heading', { name: 'You need another role for this page' }).waitFor();
    await page.getByRole('main').getByText(`Signed in as ${plainUser}`).waitFor();

    await page.getByRole('link', { name: 'Use another account' }).click();
    await pick(administrator);
    await page.waitForURL(`${app}/auth/admin`);
    await page.getByRole('heading', { name: 'Who is signed in' }).waitFor();
  });

  it('keeps Strict cookies through hop and deep link, though the provider is another site', async () => {
    await page.goto(`${app}/auth/session?deep=1`);
    await pick(accounts(stack).plainUser);
    await page.waitForURL(`${app}/auth/session?deep=1`);
    expect(await page.textContent('body')).toContain(accounts(stack).plainUser);
    const cookies = await context.cookies(app);
    expect(cookies.map(({ name }) => name).sort()).toEqual([
      cookieName(app),
      cookieName(app, '-sign-in'),
    ]);
    expect(cookies.find(({ name }) => name === cookieName(app))).toMatchObject({
      name: cookieName(app),
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      expires: -1,
    });
  });

  it('is still signed in when a link on another site leads here: the bounce', async () => {
    await page.goto(`${app}/auth/login`);
    await pick(accounts(stack).plainUser);
    await page.waitForURL(`${app}/`);
    await page.goto(`${elsewhereUrl}/?to=/auth/session`);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.getByRole('link', { name: 'open' }).click();
    await page.waitForURL(`${app}/auth/session*`);
    await page.getByText(accounts(stack).plainUser).waitFor();
    expect(asked.some((url) => url.startsWith(stack.facts.entraUrl))).toBe(false);
    await page.goto(`${elsewhereUrl}/?to=/`);
    await page.getByRole('link', { name: 'open' }).click();
    await page.getByText(`Signed in as ${accounts(stack).plainUser}`, { exact: true }).waitFor();
  });

  describe.each([true, false])('scripts allowed: %s,', (javaScriptEnabled) => {
    beforeEach(async () => {
      await context.close();
      context = await browser.newContext({ javaScriptEnabled });
      page = await context.newPage();
    });

    it('arrives by a link on another site, at the part of the page that it names', async () => {
      await page.goto(`${app}/auth/login`);
      await pick(accounts(stack).plainUser);
      await page.waitForURL(`${app}/`);
      const path = '/auth/sessions?tab=2';
      await page.goto(`${elsewhereUrl}/?to=${encodeURIComponent(`${path}#row-17`)}`);
      await page.getByRole('link', { name: 'open' }).click();
      // Without script nobody knows the fragment; the page itself is reached all the same.
      await page.waitForURL(`${app}${path}${javaScriptEnabled ? '#row-17' : ''}`);
      await page.getByRole('heading', { name: 'Where you are signed in' }).waitFor();
      await page.goBack();
      await page.getByRole('heading', { name: 'Mail' }).waitFor();
    });
  });

  it('keeps a part that is longer than a query may be', async () => {
    await page.goto(`${app}/auth/login`);
    await pick(accounts(stack).plainUser);
    await page.waitForURL(`${app}/`);
    const path = `/auth/sessions?tab=2#${'f'.repeat(5000)}`;
    await page.goto(`${elsewhereUrl}/?to=/`);
    // The address of the page with the link would be too long itself.
    await page.getByRole('link', { name: 'open' }).evaluate((link, href) => {
      link.setAttribute('href', href);
    }, app + path);
    await page.getByRole('link', { name: 'open' }).click();
    await page.getByRole('heading', { name: 'Where you are signed in' }).waitFor();
    expect(page.url()).toBe(app + path);
  });

  it('signed out, too, comes to the part of the page that a link on another site names', async () => {
    const path = '/auth/sessions?tab=2#row-17';
    await page.goto(`${elsewhereUrl}/?to=${encodeURIComponent(path)}`);
    await page.getByRole('link', { name: 'open' }).click();
    await pick(accounts(stack).plainUser);
    await page.waitForURL(app + path);
    await page.getByRole('heading', { name: 'Where you are signed in' }).waitFor();
  });

  it('signed out and following a link from another site, signs in and arrives there', async () => {
    await page.goto(`${elsewhereUrl}/?to=${encodeURIComponent('/auth/session?from=mail')}`);
    await page.getByRole('link', { name: 'open' }).click();
    await pick(accounts(stack).plainUser);
    await page.waitForURL(`${app}/auth/session?from=mail`);
  });

  it('is not signed out by a form on another site', async () => {
    await page.goto(`${app}/auth/login`);
    await pick(accounts(stack).plainUser);
    await page.waitForURL(`${app}/`);
    await page.goto(elsewhereUrl);
    const answer = page.waitForResponse(`${app}/auth/logout`);
    await page.getByRole('button', { name: 'win a prize' }).click();
    expect((await answer).status()).toBe(403);
    await page.getByText('This request did not come from a page of this app').waitFor();
    await page.goto(`${app}/auth/session`);
    await page.getByText(accounts(stack).plainUser).waitFor();
  });

  it('cannot be shown inside another site’s frame', async () => {
    await page.goto(elsewhereUrl);
    const refused = page.waitForEvent('framenavigated', (frame) =>
      frame.url().startsWith('chrome-error:'),
    );
    await page.evaluate((url) => {
      const { document } = globalThis as unknown as { document: { body: { innerHTML: string } } };
      document.body.innerHTML = `<iframe src="${url}"></iframe>`;
    }, app);
    await refused;
    complaints.length = 0; // the refusal is what was asked for
  });
});

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
