import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { htmlPage } from '../../src/http/responses';
import { readBrand } from '../../src/pages/brand';
import { samplePage, sampleUser } from '../pages/sample-pages';
import { pageRequest, testSite } from '../support/context-fixture';
import { accounts, control, resetControl, startJourney } from '../support/journey';
import { launchChromium } from '../support/launch-chromium';
import { faultsAtThisWidth, widths } from '../support/measure-page';
import type { TestStack } from '../support/start-stack';

let stack: TestStack;
let app: string;
let browser: Browser;
let context: BrowserContext;
let page: Page;

/** Whatever the browser refused for a policy, on any page. */
const complaints: string[] = [];

const views = [
  { width: 1280, height: 800, colorScheme: 'light' },
  { width: 1280, height: 800, colorScheme: 'dark' },
  { width: 360, height: 740, colorScheme: 'light' },
  { width: 360, height: 740, colorScheme: 'dark' },
] as const;

beforeAll(async () => {
  [stack, browser] = await Promise.all([startJourney(), launchChromium()]);
  app = stack.apps[0]?.url ?? '';
});

afterAll(async () => {
  await Promise.all([browser.close(), stack.stop()]);
});

beforeEach(async () => {
  // Colours in transition would be measured half way.
  context = await browser.newContext({ reducedMotion: 'reduce' });
  await context.addInitScript(
    "addEventListener('securitypolicyviolation', (e) => console.error('violation of ' + e.violatedDirective))",
  );
  page = await context.newPage();
  complaints.length = 0;
  page.on('console', (message) => {
    if (/content security policy|refused to|violation of/i.test(message.text())) {
      complaints.push(`${page.url()}: ${message.text()}`);
    }
  });
});

afterEach(async () => {
  expect(complaints).toEqual([]);
  await context.close();
  await resetControl(stack.facts.entraUrl);
});

async function pick(account: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(account) }).click();
}

async function signIn(account: string, path = '/'): Promise<void> {
  await page.goto(`${app}/auth/login?return_to=${encodeURIComponent(path)}`);
  await pick(account);
  await page.waitForURL(app + path);
}

/** What is wrong with the page that is shown, in both schemes, wide and narrow. */
async function faultsHere(): Promise<string[]> {
  await page.evaluate(axe.source);
  const faults: string[] = [];
  for (const { colorScheme, ...size } of views) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    const view = `${size.width} ${colorScheme}`;
    const found: unknown = await page.evaluate(
      `axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(
        ({ id, nodes }) => id + ' ' + nodes.map(({ target }) => target.join(' ')).join(', ')))`,
    );
    faults.push(...(found as string[]).map((fault) => `${view}: ${fault}`));
    const excess = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    if (excess !== 0) faults.push(`${view}: wider than the window by ${String(excess)} px`);
  }
  return faults;
}

/**
 * Lets no navigation to such an address through, so that the page which leads there can be seen.
 * @returns waits until such a navigation was tried: before that, the page may still be about to go
 */
async function hold(pattern: RegExp): Promise<() => Promise<void>> {
  const tried = Promise.withResolvers<undefined>();
  await context.route(pattern, async (route) => {
    await route.abort('aborted');
    tried.resolve(undefined);
  });
  return async () => {
    await tried.promise;
    await page.waitForLoadState();
  };
}

describe('every page, in both schemes, wide and narrow', () => {
  it('home, signed out', async () => {
    await page.goto(app);
    await page.getByText('You are not signed in.').waitFor();
    expect(await faultsHere()).toEqual([]);
  });

  it('in German for a browser that prefers it, from the sign-in to the sign-out', async () => {
    await context.setExtraHTTPHeaders({ 'accept-language': 'de-DE,de;q=0.9,en;q=0.8' });
    await signIn(accounts(stack).administrator, '/auth/admin');
    await page.getByRole('link', { name: 'Startseite' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('de');
    expect(await faultsHere()).toEqual([]);
    await page.getByRole('button', { name: 'Abmelden', exact: true }).first().click();
    await page.getByRole('heading', { name: 'Sie sind abgemeldet' }).waitFor();
  });

  it('home, profile with photo and console', async () => {
    await signIn(accounts(stack).administrator);
    await page.getByRole('heading', { name: 'What just happened' }).waitFor();
    expect(await faultsHere()).toEqual([]);
    for (const path of ['/auth/me', '/auth/admin']) {
      await page.goto(app + path);
      await page.locator('h1').waitFor();
      expect([path, ...(await faultsHere())]).toEqual([path]);
    }
  });

  it('profile without photo, and the console closed', async () => {
    await signIn(accounts(stack).plainUser, '/auth/me');
    expect(await faultsHere()).toEqual([]);
    await page.goto(`${app}/auth/admin`);
    await page.getByText('The role is named admin').waitFor();
    expect(await faultsHere()).toEqual([]);
  });

  it('signing in, signing out, signed out', async () => {
    const signingIn = await hold(/hop=1/);
    await page.goto(`${app}/auth/login`);
    await pick(accounts(stack).plainUser);
    await page.getByRole('heading', { name: 'Signing you in' }).waitFor();
    await signingIn();
    expect(await faultsHere()).toEqual([]);
    await context.unrouteAll();
    await page.getByRole('link', { name: 'Continue' }).click();
    await page.waitForURL(`${app}/`);

    await page.setViewportSize({ width: 1280, height: 800 });
    const signingOut = await hold(/oauth2\/v2\.0\/logout/);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Signing you out' }).waitFor();
    await signingOut();
    expect(await faultsHere()).toEqual([]);
    await context.unrouteAll();
    await page.getByRole('link', { name: 'Continue' }).click();
    // The page is reached from another site, so it bounces once before it is shown.
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    expect(await faultsHere()).toEqual([]);
  });

  it('refusals and faults', async () => {
    await page.goto(`${app}/auth/redirect?hop=1&code=x&state=y`);
    await page.getByText('ERR_SIGN_IN_UNSOLICITED').waitFor();
    expect(await faultsHere()).toEqual([]);
    await page.goto(`${app}/auth/login`);
    const tid = 'another';
    await control(stack.facts.entraUrl, { idTokenClaims: { tid }, idTokenTimes: 1 });
    await pick(accounts(stack).plainUser);
    await page.getByRole('link', { name: 'Use another account' }).waitFor();
    await control(stack.facts.entraUrl, { idTokenClaims: {}, idTokenTimes: null });
    expect(await faultsHere()).toEqual([]);
  });

  it('faulty settings', async () => {
    const faulty = await stack.startApp({ env: { ENTRA_TENANT_ID: 'none', KEY_RING_SECRET: '' } });
    await page.goto(faulty.url);
    await page.getByText('KEY_RING_SECRET').first().waitFor();
    expect(await faultsHere()).toEqual([]);
  });

  it('of the stand-in: picker, refusal, consent, error and signed out', async () => {
    await page.goto(`${app}/auth/login`);
    expect(await faultsHere()).toEqual([]);
    await pick(accounts(stack).disabled);
    await page.getByText('AADSTS50057').waitFor();
    expect(await faultsHere()).toEqual([]);
    await pick(accounts(stack).withoutConsent);
    await page.getByRole('button', { name: 'Accept' }).waitFor();
    expect(await faultsHere()).toEqual([]);
    const oauth = new URL('../oauth2/v2.0/', `${stack.facts.authority}/`).href;
    await page.goto(`${oauth}authorize?client_id=nobody`);
    await page.getByText('AADSTS700016').waitFor();
    expect(await faultsHere()).toEqual([]);
    await page.goto(`${oauth}logout`);
    await page.getByText('You signed out').waitFor();
    expect(await faultsHere()).toEqual([]);
  });
});

describe('the profile’s photo', () => {
  const widthOfPhoto = `(async () => { const image = new Image(); image.src = '/auth/me/photo';
    return image.decode().then(() => image.naturalWidth, () => 0); })()`;

  it('lies over the initials, which are seen without one', async () => {
    for (const [account, width] of [
      [accounts(stack).administrator, 96],
      [accounts(stack).plainUser, 0],
    ] as const) {
      await context.clearCookies();
      await signIn(account, '/auth/me');
      await page.locator('.head .initials .photo').waitFor();
      expect(await page.evaluate(widthOfPhoto)).toBe(width);
    }
    expect(await page.locator('.head .initials').innerText()).toBe('TL');
    expect(await page.locator('img').count()).toBe(0);
  });
});

const menu = ['Skip to content', 'Anteroom', 'Home', 'Profile', 'Sessions', 'Console'];

describe('a brand', () => {
  // One that is too light for white pages, one that is too dark for dark pages.
  it.each(['#ffe600', '#1b0b3a'])('of the accent %s can be read on every page', async (accent) => {
    const brand = readBrand({
      name: 'Contoso Orders and Deliveries',
      logo: `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="32"><style>path{fill:#777}</style><path d="M0 0h64v32H0z"/></svg>`,
      accent,
      supportUrl: '/support',
      privacyUrl: '/privacy',
    });
    const logo = brand.logo?.kind === 'picture' ? brand.logo.bytes : [];
    await context.route(`${app}/auth/brand/*`, (route) =>
      route.fulfill({ contentType: 'image/svg+xml', body: Buffer.from(logo) }),
    );
    for (const user of [undefined, sampleUser('Ines Okafor')]) {
      const { headers, body } = htmlPage(pageRequest({ ...testSite, brand }), samplePage(user));
      await context.route(`${app}/branded`, (route) =>
        route.fulfill({
          headers: Object.fromEntries(new Headers(headers)),
          body: typeof body === 'string' ? body : '',
        }),
      );
      await page.goto(`${app}/branded`);
      expect(await page.evaluate("document.querySelector('.logo').naturalWidth")).toBe(64);
      expect(await faultsHere()).toEqual([]);
      const height = await page.evaluate(
        "Math.min(...[...document.querySelectorAll('footer a')].map((a) => a.getBoundingClientRect().height))",
      );
      expect(height).toBeGreaterThanOrEqual(24);
    }
  });

  it('has pictures: browsers can show the icon and the touch icon of the app', async () => {
    const widthOf = (path: string): string =>
      `(async () => { const image = new Image(); image.src = '${path}'; await image.decode(); return image.naturalWidth; })()`;
    await page.goto(app);
    expect(await page.evaluate(widthOf('/auth/brand/touch-icon.png'))).toBe(180);
    expect(await page.evaluate(widthOf('/auth/brand/icon.svg'))).toBeGreaterThan(0);
  });
});

describe('with the keyboard alone', () => {
  const focused = 'document.activeElement.textContent.trim()';

  it('jumps over the header to the content', async () => {
    await page.goto(app);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(focused)).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(focused)).toBe('Sign in');
  });

  it('signs in, visits the pages in the order of the menu and signs out', async () => {
    await page.goto(app);
    for (const text of ['Skip to content', 'Anteroom', 'Sign in']) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate(focused)).toBe(text);
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe(
        'solid',
      );
    }
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Pick an account' }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(focused)).toContain(accounts(stack).administrator);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${app}/`);
    for (const text of menu) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate(focused)).toBe(text);
    }
    await page.keyboard.press('Tab');
    expect(await page.evaluate(focused)).toBe('Sign out');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${app}/auth/signed-out`);
  });
});

describe('the console on a phone', () => {
  it('is still a table to a screen reader, each cell with its heading in sight', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await signIn(accounts(stack).administrator, '/auth/admin');
    const row = page.getByRole('table', { name: 'Live sessions' }).getByRole('row').nth(1);
    expect(await row.getByRole('rowheader').count()).toBe(1);
    expect(await row.getByRole('cell').count()).toBe(4);
    expect(await page.getByRole('columnheader').count()).toBe(5);
    expect(
      await page.evaluate(
        "getComputedStyle(document.querySelector('td[data-label]'), '::before').content",
      ),
    ).toBe('"Signed in: "');
  });
});

describe('the control page of the Entra stand-in', () => {
  beforeEach(() => {
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
  });

  it('has nothing that axe finds, wide or narrow, light or dark', async () => {
    await page.goto(`${stack.facts.entraUrl}/control`);
    expect(await faultsHere()).toEqual([]);
  });

  it.each(widths)('holds what it shows in a window of %i px', async (width) => {
    await page.setViewportSize({ width, height: 740 });
    await page.goto(`${stack.facts.entraUrl}/control`);
    expect(await page.evaluate(`(${faultsAtThisWidth})(document)`)).toEqual([]);
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

describe('the control page of the API orders', () => {
  it('can be read by everybody, and changes what the API answers', async () => {
    await page.goto(`${stack.facts.ordersUrl}/control`);
    expect(await faultsHere()).toEqual([]);
    await page.locator('select[name=answer]').selectOption('unavailable');
    await page.getByRole('button', { name: 'Set' }).first().click();
    expect(await page.locator('select[name=answer]').inputValue()).toBe('unavailable');
    await resetControl(stack.facts.ordersUrl);
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
