import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import chromium from '@sparticuz/chromium';
import {
  type Browser,
  type BrowserContextOptions,
  chromium as playwright,
  type Page,
} from 'playwright-core';
import { startLocalStack } from '../src/testing';

/** The Chromium of `CHROME_PATH`, else the one of `@sparticuz/chromium` with the font it brings along. */
export async function launchBrowser(): Promise<Browser> {
  const { CHROME_PATH = '' } = process.env;
  const executablePath = CHROME_PATH === '' ? await chromium.executablePath() : CHROME_PATH;
  return playwright.launch({
    executablePath,
    headless: true,
    args: ['--no-sandbox', '--no-zygote', '--disable-gpu', '--disable-dev-shm-usage'],
    env: { ...process.env, ...(await fontSettings()) },
  });
}

/** A machine without a desktop has no font worth showing; on others the system's own is taken. */
async function fontSettings(): Promise<Record<string, string>> {
  const fonts = join(tmpdir(), 'fonts');
  if (process.platform !== 'linux' || !existsSync(join(fonts, 'fonts.conf'))) return {};
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-fonts-'));
  const file = join(folder, 'fonts.conf');
  const prefer = (family: string, font: string) =>
    `<alias><family>${family}</family><prefer><family>${font}</family></prefer></alias>`;
  await writeFile(
    file,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<dir>${fonts}</dir><dir>/usr/share/fonts</dir><cachedir>${folder}</cachedir>
${prefer('system-ui', 'Open Sans')}${prefer('ui-monospace', 'DejaVu Sans Mono')}</fontconfig>`,
  );
  return { FONTCONFIG_FILE: file };
}

const desktop = { viewport: { width: 1280, height: 800 } } as const;
const phone = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2 } as const;

/** Others who are signed in while the console is looked at. */
const visitors = [
  ['Tomás', 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1'],
  ['Omar', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) Gecko/20100101 Firefox/140.0'],
] as const;

const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/150.0.0.0 Safari/537.36';

interface Shot {
  readonly name: string;
  /** Who signs in by the picker, by a part of the name; nobody when left out. */
  readonly account?: string;
  readonly path: string;
  readonly options?: BrowserContextOptions;
}

const shots: readonly Shot[] = [
  { name: 'home-light', path: '/' },
  { name: 'home-dark', path: '/', options: { colorScheme: 'dark' } },
  { name: 'picker', path: '/auth/login', options: { viewport: { width: 1280, height: 940 } } },
  { name: 'signed-in', account: 'Ines', path: '/' },
  { name: 'profile', account: 'Ines', path: '/auth/me' },
  { name: 'sessions', account: 'Ines', path: '/auth/sessions' },
  { name: 'console', account: 'Ines', path: '/auth/admin', options: { colorScheme: 'dark' } },
  { name: 'forbidden', account: 'Tomás', path: '/auth/admin' },
  { name: 'phone', account: 'Ines', path: '/', options: phone },
  { name: 'phone-sessions', account: 'Ines', path: '/auth/sessions', options: phone },
  {
    name: 'phone-console',
    account: 'Ines',
    path: '/auth/admin',
    options: { ...phone, colorScheme: 'dark' },
  },
];

/** Starts a stack of its own, takes every picture again into `folder`, and ends the stack. */
export async function takeScreenshots(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const stack = await startLocalStack({ build: false });
  try {
    const browser = await launchBrowser();
    const app = stack.url;
    for (const [account, userAgent] of visitors) {
      await visit(browser, { app, account, path: '/', options: { userAgent } });
    }
    for (const shot of shots) {
      const page = await visit(browser, { app, ...shot });
      const file = join(folder, `${shot.name}.png`);
      await showUsualPort(page, app);
      await page.screenshot({ path: file });
      console.log(`${file}  ${Math.ceil((await stat(file)).size / 1024)} KB`);
      if (shot.account !== undefined) await signOut(page, app);
      await page.context().close();
    }
    await browser.close();
  } finally {
    await stack.stop();
  }
}

interface Visit extends Omit<Shot, 'name'> {
  readonly app: string;
}

async function visit(browser: Browser, { app, account, path, options = {} }: Visit): Promise<Page> {
  const context = await browser.newContext({
    ...desktop,
    userAgent: windows,
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  if (account === undefined) {
    await page.goto(app + path);
  } else {
    await page.goto(`${app}/auth/login?return_to=${encodeURIComponent(path)}`);
    await page.getByRole('button', { name: account }).click();
    await page.waitForURL(app + path);
  }
  await page.waitForLoadState('networkidle');
  return page;
}

/** The stack has a free port. The pictures show the address that a reader will see. */
async function showUsualPort(page: Page, app: string): Promise<void> {
  const shown = page.getByText(new URL(app).host, { exact: true });
  for (const part of await shown.all()) {
    await part.evaluate((element) => {
      element.textContent = 'localhost:7071';
    });
  }
}

/** Else the console would fill with the sessions of earlier pictures. */
async function signOut(page: Page, app: string): Promise<void> {
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.waitForURL(`${app}/auth/signed-out`);
}

// `npm run screenshots`: walks through the app in a real browser and writes docs/images/*.png.

await takeScreenshots('docs/images');
