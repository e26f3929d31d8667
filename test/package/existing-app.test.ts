import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { freePort } from '../../local/loopback/processes';
import { type ExistingApp, installExistingApp } from '../support/existing-app';
import { launchChromium } from '../support/launch-chromium';
import { packBoth, packTimeoutMs } from '../support/pack-package';

const run = promisify(execFile);

let apps: Readonly<Record<'api' | '', ExistingApp>>;
let browser: Browser;

beforeAll(async () => {
  const [tarballs, launched] = await Promise.all([packBoth(), launchChromium()]);
  browser = launched;
  const [usual, without] = await Promise.all([
    installExistingApp(tarballs, 'api'),
    installExistingApp(tarballs, ''),
  ]);
  apps = { api: usual, '': without };
}, packTimeoutMs);

afterAll(async () => {
  await browser.close();
  for (const app of Object.values(apps)) app.remove();
});

/** `npx anteroom-local`, until it has said that everything runs. */
async function npxLocal(folder: string, port: number): Promise<ChildProcess> {
  const args = ['--no-install', 'anteroom-local', '--port', String(port)];
  // A process group of its own, as a terminal gives each command.
  const child = spawn('npx', args, { cwd: folder, detached: true });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('Ctrl-C ends everything.')) resolve();
      });
    }
    child.once('exit', () => {
      reject(new Error(`npx anteroom-local ended:\n${output}`));
    });
  });
  return child;
}

/** Ctrl-C in the terminal. */
async function pressCtrlC(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('close', resolve));
  process.kill(-(child.pid ?? NaN), 'SIGINT');
  await ended;
}

describe.each([
  { routePrefix: 'api', root: '/api' },
  { routePrefix: '', root: '' },
] as const)('an app of a team with the route prefix "$routePrefix"', ({ routePrefix, root }) => {
  let app: ExistingApp;
  let local: ChildProcess;
  let url: string;
  let page: Page;

  beforeAll(async () => {
    app = apps[routePrefix];
    const port = await freePort();
    url = `http://localhost:${port}${root}`;
    local = await npxLocal(app.folder, port);
    page = await browser.newPage();
  });

  afterAll(async () => {
    await pressCtrlC(local);
  });

  async function signInAs(name: string): Promise<void> {
    await page.getByRole('button', { name: new RegExp(name) }).click();
  }

  it('has its files where func start looks for them', () => {
    const { main } = JSON.parse(readFileSync(join(app.folder, 'package.json'), 'utf8')) as {
      readonly main: string;
    };
    expect(globSync(main, { cwd: app.folder }).sort()).toEqual(
      ['auth', 'hello', 'report'].map((name) => join('dist/src/functions', `${name}.js`)),
    );
    expect(existsSync(join(app.folder, 'host.json'))).toBe(true);
  });

  it('signs a person in who opens a guarded function, and answers', async () => {
    await page.goto(`${url}/hello?name=Ada`);
    await signInAs('Tomás');
    await page.waitForURL(`${url}/hello?name=Ada`);
    expect(await page.textContent('body')).toBe('{"hello":"Ada"}');
  });

  it('refuses a person without the role, and names the role', async () => {
    const answer = await page.goto(`${url}/report`);
    expect(answer?.status()).toBe(403);
    await page.getByRole('heading', { name: 'You need another role for this page' }).waitFor();
    await page.getByText('The role is named admin.').waitFor();
  });

  it('tells a front end who is signed in, by the client that the app serves', async () => {
    // A page of the app's own, without the security headers of a guarded answer.
    await page.goto(`${url}/no-such-page`);
    const script = `import('${root}/auth/client.js').then(async ({ session }) => (await session()).user.name)`;
    const name = await page.evaluate(script);
    expect(name).toBe('Tomás Lindqvist');
  });

  it('answers somebody with the role, after another sign-in', async () => {
    await page.goto(`${url}/report`);
    await page.getByRole('link', { name: 'Use another account' }).click();
    await signInAs('Ines');
    await page.waitForURL(`${url}/report`);
    expect(await page.textContent('body')).toBe('{"orders":42}');
  });

  it('signs out', async () => {
    await page.goto(`${url}/auth/me`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    const answer = await fetch(`${url}/hello`);
    expect([answer.status, await answer.json()]).toMatchObject([
      401,
      { code: 'ERR_SIGNED_OUT', login_url: expect.stringContaining(`${url}/auth/login`) as string },
    ]);
  });
});

describe('a test of a team', () => {
  /** What a program in the app's folder prints. */
  async function printed(text: string): Promise<unknown> {
    writeFileSync(join(apps.api.folder, 'a-test.mjs'), text);
    const { stdout } = await run(process.execPath, ['a-test.mjs'], { cwd: apps.api.folder });
    return JSON.parse(stdout);
  }

  it('runs the app with startLocalStack, signs in, and calls its functions', async () => {
    const seen = await printed(`
      import { startLocalStack } from 'anteroom/testing';
      const stack = await startLocalStack({ build: false });
      const [ines, tomas] = [await stack.signIn('ines@anteroom.example'), await stack.signIn('Tomás Lindqvist')];
      const statuses = [];
      for (const [who, path] of [[ines, '/api/report'], [tomas, '/api/report'], [tomas, '/api/hello']]) {
        statuses.push((await who(path)).status);
      }
      const fail = (fault) => fetch(stack.tablesUrl + '/control', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ fault }) });
      await fail('no-permission');
      statuses.push((await tomas('/api/hello')).status);
      await fail('none');
      const signOut = await tomas('/api/auth/logout', { method: 'POST', body: new URLSearchParams({ local: 'true' }) });
      statuses.push(signOut.status, (await tomas('/api/hello')).status);
      const nobody = await stack.signIn('nobody').catch((error) => error.message);
      const call = async (order) => {
        const headers = { Authorization: 'Bearer ' + await stack.bearerToken({ api: 'api://orders', ...order }) };
        return (await fetch(stack.ordersUrl + '/orders', { headers })).status;
      };
      const calls = [await call({ account: 'Ines Okafor' }), await call({}), await call({ seconds: -600 })];
      const own = await stack.bearerToken({ account: 'ines@anteroom.example', scopes: ['Notes.Read'] });
      const { scp } = JSON.parse(Buffer.from(own.split('.')[1], 'base64url').toString());
      const noToken = await stack.bearerToken({ api: 'api://unknown' }).catch((error) => error.message);
      const output = stack.output();
      await stack.stop();
      console.log(JSON.stringify({ statuses, calls, scp, noToken, nobody, output, authPath: stack.authPath }));`);
    expect(seen).toEqual({
      statuses: [200, 403, 200, 503, 200, 401],
      calls: [200, 200, 401],
      scp: 'Notes.Read',
      noToken: expect.stringMatching(/^There is no such token: .*No app exposes/) as string,
      nobody: expect.stringMatching(
        /^There is no account nobody\. There are Ines Okafor, /,
      ) as string,
      output: expect.stringContaining('Sign in at') as string,
      authPath: '/api/auth',
    });
  });

  it('runs the tests of docs/testing.md', async () => {
    const page = readFileSync('docs/testing.md', 'utf8');
    const files = [...page.matchAll(/<!-- (\w+\.test\.js) -->\s*```js\n([^]*?)```/g)];
    const names = files.map(([, name = '']) => name);
    expect(names).toEqual(['unit.test.js', 'journey.test.js']);
    for (const [, name = '', code = ''] of files) writeFileSync(join(apps.api.folder, name), code);
    const { stdout } = await run(process.execPath, ['--test', ...names], { cwd: apps.api.folder });
    expect(stdout).toMatch(/^. pass 2$/m);
    expect(stdout).toMatch(/^. fail 0$/m);
  });

  it('is told what the app or its build said, when it does not start', async () => {
    const said = await printed(`
      import { startLocalStack } from 'anteroom/testing';
      const build = 'echo a fault in the sources; false';
      console.log(JSON.stringify(await startLocalStack({ build }).catch((error) => error.message)));`);
    expect(said).toMatch(/^The local stack did not start:[^]*a fault in the sources/);
  });

  it('is told what to install, where anteroom-local is missing', async () => {
    rmSync(join(apps.api.folder, 'node_modules/anteroom-local'), { recursive: true });
    const said = await printed(`
      import { startLocalStack } from 'anteroom/testing';
      console.log(JSON.stringify(await startLocalStack().catch((error) => error.message)));`);
    expect(said).toMatch(
      /^anteroom-local is not installed in .*: npm install --save-dev anteroom-l/,
    );
  });
});

describe('the README of examples/existing-app', () => {
  it('shows what was added, line by line, and that these are under ten lines', () => {
    const root = 'examples/existing-app';
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const parts = [...readme.matchAll(/`(src\/[^`]+)`[^`]*```diff\n([^`]*)```/g)];
    const added = parts.flatMap(([, file = '', diff = '']) =>
      [...diff.matchAll(/^\+(.*)$/gm)].map(([, line = '']) => ({ file, line })),
    );
    expect(added.length).toBeGreaterThan(5);
    expect(added.length).toBeLessThan(10);
    for (const { file, line } of added) {
      expect(readFileSync(join(root, file), 'utf8').split('\n')).toContain(line);
    }
  });
});
