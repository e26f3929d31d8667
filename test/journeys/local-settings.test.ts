import { type ChildProcess, fork, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../local/loopback/processes';
import { fetchJson, signIn } from '../support/journey';
import { words } from '../support/test-browser';

const repository = join(__dirname, '../..');

/** Resolves once the process has said `text`. */
function untilSaid(child: ChildProcess, text: string): Promise<void> {
  let output = '';
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes(text)) resolve();
      });
    }
    child.once('exit', () => {
      reject(new Error(output));
    });
  });
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exit;
}

/**
 * What `func start` would have: the built app, host.json, and local.settings.json copied from the
 * example. The host is ours here, since the binary of Core Tools cannot be had.
 */
describe('local.settings.json.example, copied as it is, beside `npm start -- --no-app`', () => {
  let folder: string;
  let port: number;
  let standIns: ChildProcess | undefined;
  let host: ChildProcess | undefined;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'func-'));
    port = await freePort();
    let settings = readFileSync(join(repository, 'local.settings.json.example'), 'utf8');
    settings = settings.replaceAll('7071', String(port));
    // Other ports only: the machine may be running a stack on the real ones.
    for (const taken of ['7081', '7082', '7083', '7084']) {
      settings = settings.replaceAll(`:${taken}`, `:${await freePort()}`);
    }
    writeFileSync(join(folder, 'local.settings.json'), settings);
    for (const file of ['package.json', 'host.json']) {
      cpSync(join(repository, file), join(folder, file));
    }
    mkdirSync(join(folder, 'dist'));
    cpSync(join(repository, 'dist/main.js'), join(folder, 'dist/main.js'));

    standIns = spawn(
      process.execPath,
      [join(repository, 'local/bin/anteroom-local.mjs'), '--no-app'],
      {
        cwd: folder,
      },
    );
    await untilSaid(standIns, 'Ctrl-C ends everything.');
    host = fork(join(repository, 'local/dist/host.mjs'), ['--script-root', folder], {
      silent: true,
      env: { PATH: process.env['PATH'] },
    });
    await untilSaid(host, 'The app is ready');
  });

  afterAll(async () => {
    await end(host);
    await end(standIns);
    rmSync(folder, { recursive: true });
  });

  it('makes the whole sign-in work', async () => {
    const app = `http://localhost:${port}`;
    const { browser, page } = await signIn(app, 'Ines Okafor', '/auth/me');
    expect(page.url.href).toBe(`${app}/auth/me`);
    expect(words(page.text)).toContain('Identity administrator');
    expect((await fetchJson(`${app}/auth/admin`, browser)).status).toBe(200);
  });

  it('leaves nothing to complain of at /health', async () => {
    const { status } = await fetchJson(`http://localhost:${port}/health`);
    expect(status).toBe(200);
  });
});
