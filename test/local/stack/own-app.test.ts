import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../local/loopback/processes';
import { usualLocalSettings } from '../../../local/stack/settings';
import { send } from '../host/support/send';
import { type Started, startIn } from './start-in';

/** An app as a team has it: ES modules, a build, the usual route prefix `api`. */
function copyOfApp(): string {
  const folder = mkdtempSync(join(tmpdir(), 'team-app-'));
  cpSync(join(__dirname, 'team-app'), folder, { recursive: true });
  symlinkSync(join(__dirname, '../../../node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** `npx anteroom-local` */
function run(folder: string, ...args: string[]): Started {
  return startIn({ folder, env: { npm_lifecycle_event: 'npx' } }, ...args);
}

/** How the provider answers an authorization request that names this redirect URI. */
async function statusAt(authority: string, clientId: string, redirectUri: string) {
  const query = new URLSearchParams({
    ...{ client_id: clientId, redirect_uri: redirectUri, scope: 'openid', response_type: 'code' },
    ...{ code_challenge: 'x'.repeat(43), code_challenge_method: 'S256', nonce: 'n', state: 's' },
  });
  const url = `${authority.replace(/\/v2\.0$/, '')}/oauth2/v2.0/authorize?${query}`;
  return (await fetch(url, { redirect: 'manual' })).status;
}

describe('npx anteroom-local in an app of a team', () => {
  let folder: string;
  let port: number;
  let stack: Started;
  let settings: Record<string, string>;

  beforeAll(async () => {
    folder = copyOfApp();
    port = await freePort();
    const values = { GREETING: 'hello', ENTRA_CLIENT_SECRET: 'of the team' };
    const file = { Values: values, Host: { LocalHttpPort: port } };
    writeFileSync(join(folder, 'local.settings.json'), JSON.stringify(file));
    stack = run(folder);
    await stack.saw('Ctrl-C ends everything.');
    settings = (await send(port, '/api/settings')).json() as Record<string, string>;
  });

  afterAll(async () => {
    await stack.end('SIGTERM');
    rmSync(folder, { recursive: true });
  });

  it('builds it, and runs the ES modules that main names, on the port of local.settings.json', async () => {
    expect(stack.output()).toContain('\u2713 Build (npm run --silent build)');
    expect((await send(port, '/api/auth/login')).body.toString()).toBe('sign in');
  });

  it('gives it the settings of the stack, and its own beside them', () => {
    expect(settings).toMatchObject({ APP_BASE_URL: `http://localhost:${port}`, GREETING: 'hello' });
    expect(settings['ENTRA_CLIENT_SECRET']).not.toBe('of the team');
  });

  it('shows the address for signing in, under the route prefix', () => {
    expect(stack.output()).toContain(`Sign in at http://localhost:${port}/api/auth/login\n`);
  });

  it('has registered the redirect URI under the route prefix, and no other', async () => {
    const { ENTRA_AUTHORITY: authority = '', ENTRA_CLIENT_ID: clientId = '' } = settings;
    const at = (path: string) => statusAt(authority, clientId, `http://localhost:${port}${path}`);
    expect(await at('/api/auth/redirect')).toBe(302);
    expect(await at('/auth/redirect')).toBe(400);
  });

  it('leaves the size of bodies to the host, since the functions are the team’s', async () => {
    const body = 'x'.repeat(3_000_000);
    const headers = [['Content-Length', String(body.length)]] as const;
    const answer = await send(port, '/api/upload', { method: 'POST', headers, body });
    expect(answer.json()).toBe(3_000_000);
  });
});

describe('npx anteroom-local', () => {
  let folder: string;

  beforeEach(() => {
    folder = copyOfApp();
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('tells what the build command says, and starts nothing', async () => {
    writeFileSync(join(folder, 'src/index.js'), 'const = 1;');
    const stack = run(folder, '--port', String(await freePort()));
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toMatch(/\nThe app is not built\.\nsrc\/index\.js\(1,1\): error TS1134/);
    expect(stack.output()).not.toContain('Azurite');
  });

  it('builds with the command of --build, or not at all', async () => {
    const port = await freePort();
    const none = run(folder, '--port', String(port), '--no-build');
    expect(await none.exit).toBe(1);
    expect(none.output()).toMatch(/There is no .*dist.*Build the app first/);
    const stack = run(folder, '--port', String(port), '--build', 'node build.mjs');
    await stack.saw('Ctrl-C ends everything.');
    await stack.end('SIGTERM');
    expect(stack.output()).toContain('\u2713 Build (node build.mjs)');
  });

  it('says that nobody can sign in where --base-path names no functions of the app', async () => {
    const stack = run(folder, '--port', String(await freePort()), '--base-path', '/sign-in/');
    await stack.saw('Ctrl-C ends everything.');
    await stack.end('SIGTERM');
    expect(stack.output()).toContain('No function of the app answers at /api/sign-in/login');
  });

  it.each([
    [['--base-path', 'A B'], '--base-path takes lower-case words'],
    [['--build', 'x', '--no-build'], '--build and --no-build contradict each other'],
  ])('refuses %j, and shows how it is used', async (args, reason) => {
    const stack = run(folder, ...args);
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toContain(reason);
    expect(stack.output()).toContain('Usage: npx anteroom-local');
  });

  it('says so where there is no app', async () => {
    rmSync(join(folder, 'host.json'));
    const stack = run(folder);
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toMatch(/^There is no host\.json in .*Run this in the folder of a Func/);
  });

  it('says so where --watch has no folder to watch', async () => {
    rmSync(join(folder, 'src'), { recursive: true });
    const stack = run(folder, '--watch');
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toMatch(/^--watch looks at the folder src, and there is none in /);
  });
});

describe('usualLocalSettings', () => {
  it('are those of local.settings.json.example', () => {
    const path = join(__dirname, '../../../local.settings.json.example');
    const { Values } = JSON.parse(readFileSync(path, 'utf8')) as { Values: unknown };
    expect(Values).toMatchObject(usualLocalSettings);
  });
});
