import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { isPortFree } from '../stack/free-port';
import { startStack } from '../stack/start-stack';
import { launchBrowser } from './launch-browser';

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
  { name: 'picker', path: '/auth/login', options: { viewport: { width: 1280, height: 880 } } },
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

/** Starts a stack of its own, takes every picture anew into `folder`, and ends the stack. */
export async function takeScreenshots(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  // The usual port, when it is free, gives the pictures the address a reader will see.
  const stack = await startStack((await isPortFree(7071)) ? { appPort: 7071 } : {});
  try {
    const browser = await launchBrowser();
    const app = stack.apps[0]?.url ?? '';
    for (const [account, userAgent] of visitors) {
      await visit(browser, { app, account, path: '/', options: { userAgent } });
    }
    for (const shot of shots) {
      const page = await visit(browser, { app, ...shot });
      const file = join(folder, `${shot.name}.png`);
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

/** Else the console would fill with the sessions of earlier pictures. */
async function signOut(page: Page, app: string): Promise<void> {
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.waitForURL(`${app}/auth/signed-out`);
}
