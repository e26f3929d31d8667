import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { accounts, fetchJson, signIn, startJourney, textOf } from '../support/journey';
import type { TestStack } from '../support/start-stack';

const example = readFileSync('examples/functions/groups.ts', 'utf8');

let root: string;
let stack: TestStack;
let app: string;

/** The app with the example's file beside its own functions, as the page says to put it. */
beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'anteroom-example-'));
  execFileSync(process.execPath, [
    'scripts/build-app.mjs',
    path.join(root, 'dist'),
    'examples/functions/groups.ts',
  ]);
  for (const file of ['host.json', 'package.json']) cpSync(file, path.join(root, file));
  stack = await startJourney({ scriptRoot: root });
  app = stack.apps[0]?.url ?? '';
});
afterAll(async () => {
  await stack.stop();
  rmSync(root, { recursive: true, force: true });
});

describe('docs/add-an-endpoint.md', () => {
  it('shows the example as it is', () => {
    expect(readFileSync('docs/add-an-endpoint.md', 'utf8')).toContain(`\`\`\`ts\n${example}\`\`\``);
  });

  it('names the account to sign in as', () => {
    const page = readFileSync('docs/add-an-endpoint.md', 'utf8');
    expect(page).toContain(`sign in as ${accounts(stack).administrator.split(' ')[0] ?? ''},`);
  });

  it('is right about addresses and methods without a function', async () => {
    const page = await fetch(`${app}/nowhere`, { headers: { accept: 'text/html' } });
    expect([page.status, await page.text()]).toEqual([
      404,
      expect.stringContaining('There is nothing here'),
    ]);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const { status, body } = await fetchJson(`${app}/nowhere/else`);
    expect([status, textOf(body, 'code')]).toEqual([404, 'ERR_NOT_FOUND']);
    const put = await fetch(`${app}/groups`, { method: 'PUT' });
    expect([put.status, await put.text()]).toEqual([404, '']);
    expect(put.headers.has('content-security-policy')).toBe(false);
  });

  it('tells a client without session where to sign in', async () => {
    const { status, body } = await fetchJson(`${app}/groups`);
    expect([status, textOf(body, 'login_url')]).toEqual([
      401,
      `${app}/auth/login?return_to=%2Fgroups`,
    ]);
  });

  it('is closed to a user without the role', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const { status, body } = await fetchJson(`${app}/groups`, browser);
    expect([status, textOf(body, 'code')]).toEqual([403, 'ERR_ROLE_MISSING']);
  });

  it('asks the user for the new permission once, then reads Graph as the user', async () => {
    const { administrator } = accounts(stack);
    const { browser, page } = await signIn(app, administrator, '/groups');
    const answered = page.text.includes('Accept') ? await browser.press(page, 'Accept') : page;
    expect(answered.url.href).toBe(`${app}/groups`);
    expect(JSON.parse(answered.text)).toMatchObject({ user: administrator });
    const again = await fetchJson(`${app}/groups`, browser);
    expect(again.status).toBe(200);
    expect(JSON.stringify(again.body)).toContain('displayName');
  });
});
