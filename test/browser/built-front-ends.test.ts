import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { accounts, startJourney } from '../support/journey';
import { launchChromium } from '../support/launch-chromium';
import type { TestStack } from '../support/start-stack';

const names = ['react', 'html'] as const;

let browser: Browser;
const folders: string[] = [];
const stacks = new Map<string, TestStack>();

beforeAll(async () => {
  const made = names.map(buildExample);
  folders.push(...made);
  const starting = made.map((scriptRoot) => startJourney({ scriptRoot }));
  browser = await launchChromium();
  for (const [at, stack] of starting.entries()) stacks.set(names[at] ?? '', await stack);
});
afterAll(async () => {
  await Promise.all([browser.close(), ...[...stacks.values()].map((stack) => stack.stop())]);
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** The example as it is deployed, made of this repository's sources. The page of React is bundled with Preact in its place. */
function buildExample(name: (typeof names)[number]): string {
  const folder = mkdtempSync(join(tmpdir(), `anteroom-${name}-`));
  cpSync(`examples/${name}`, folder, { recursive: true });
  const server = {
    entryPoints: [`examples/${name}/src/app.mjs`],
    outfile: join(folder, 'src/app.mjs'),
    external: ['@azure/functions-core'],
    alias: { anteroom: './src/index.ts' },
    allowOverwrite: true,
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  };
  const page = {
    entryPoints: ['examples/react/web/main.jsx'],
    outdir: join(folder, 'public'),
    entryNames: 'assets/[name]-[hash]',
    bundle: true,
    format: 'esm',
    jsx: 'automatic',
    metafile: true,
    alias: {
      react: 'preact/compat',
      'react-dom': 'preact/compat',
      'anteroom/client': './src/client/client.ts',
    },
  };
  const script = `
    import { readFileSync, writeFileSync } from 'node:fs';
    import { basename } from 'node:path';
    import { build } from 'esbuild';
    import { serverBundle } from './scripts/build-app.mjs';
    await build({ ...serverBundle(), ...${JSON.stringify(server)} });
    if (${JSON.stringify(name)} === 'react') {
      const { metafile } = await build(${JSON.stringify(page)});
      const script = basename(Object.keys(metafile.outputs)[0]);
      const html = readFileSync('examples/react/web/index.html', 'utf8');
      writeFileSync(${JSON.stringify(join(folder, 'public/index.html'))}, html.replace('/main.jsx', '/assets/' + script));
    }`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', script]);
  return folder;
}

async function openAt(name: string, path: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('status of 401')) {
      complaints.push(message.text());
    }
  });
  await page.goto(urlOf(name) + path);
  return { page, complaints };
}

const urlOf = (name: string) => stacks.get(name)?.apps[0]?.url ?? '';
const administratorOf = (name: string) => {
  const stack = stacks.get(name);
  return stack === undefined ? '' : accounts(stack).administrator;
};

describe.each(names)('examples/%s', (name) => {
  it('signs in, calls a function, and signs out', async () => {
    const { page, complaints } = await openAt(name, '/?tab=1');
    await page.getByText('You are signed out.').waitFor();
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: new RegExp(administratorOf(name)) }).click();
    await page.getByText(`Hello ${administratorOf(name)}`).waitFor();
    expect(page.url()).toBe(`${urlOf(name)}/?tab=1`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${urlOf(name)}/auth/signed-out`);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('is written in under 60 lines', () => {
    const own = globSync(`examples/${name}/{src,web,public}/**/*.*`).concat(
      globSync(`examples/${name}/*.mjs`),
    );
    const lines = own.flatMap((file) => readFileSync(file, 'utf8').trimEnd().split('\n'));
    expect(own.length).toBeGreaterThan(2);
    expect(lines.length).toBeLessThan(60);
  });
});

describe('the host', () => {
  it('shows the page for a route of the front end, and no page for an address of the sign-in', async () => {
    const { page } = await openAt('react', '/orders/17');
    await page.getByRole('heading', { name: '/orders/17' }).waitFor();
    const answer = await page.goto(`${urlOf('react')}/auth/nothing`);
    expect(answer?.status()).toBe(404);
    await page.getByText('There is nothing here').waitFor();
    await page.context().close();
  });

  it('sends files with their headers: the page is asked for each time, a file with a hash never again', async () => {
    const app = urlOf('react');
    const page = await fetch(`${app}/`);
    expect(page.headers.get('cache-control')).toBe('no-cache');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    const [, script = ''] = /src="(.*?)"/.exec(await page.text()) ?? [];
    const file = await fetch(app + script, { headers: { 'accept-encoding': 'br' } });
    expect([file.headers.get('content-encoding'), (await file.text()).length > 9000]).toEqual([
      'br',
      true,
    ]);
    expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    const head = await fetch(app + script, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-type')]).toEqual([
      200,
      'text/javascript; charset=utf-8',
    ]);
    const known = { 'if-none-match': page.headers.get('etag') ?? '' };
    expect((await fetch(`${app}/`, { headers: known })).status).toBe(304);
  });
});
