import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TableClient } from '@azure/data-tables';
import { freePort } from '../../../local/loopback/processes';
import { startRefusingProxy } from '../../support/refusing-proxy';
import { send } from '../host/support/send';
import { type Started, start, startIn, startWith } from './start-in';

async function settingsAt(port: number): Promise<Record<string, string>> {
  return (await send(port, '/settings')).json() as Record<string, string>;
}

/** The stack's test app, in a folder that is the test's own. */
function copyOfApp(): string {
  const folder = mkdtempSync(join(tmpdir(), 'app-'));
  cpSync(join(__dirname, 'app'), folder, { recursive: true });
  symlinkSync(join(__dirname, '../../../node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Asks again until the answer is neither false nor 0, for as long as a test may take. */
async function until<T>(ask: () => T): Promise<T> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const answer = ask();
    if (answer) return answer;
    await sleep(20);
  }
  throw new Error('It did not come.');
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function file(folder: string, name: string): string {
  const path = join(folder, name);
  writeFileSync(path, 'of somebody else');
  return path;
}

/** Where each part of a stack listens, by the settings of its app. */
function portsOf(settings: Record<string, string>): number[] {
  const tables = /:(\d+)\/local/.exec(settings['TABLES_CONNECTION_STRING'] ?? '')?.[1];
  const urls = ['APP_BASE_URL', 'ENTRA_AUTHORITY', 'GRAPH_BASE_URL'];
  return [tables, ...urls.map((name) => new URL(settings[name] ?? '').port)].map(Number);
}

async function expectNobodyListens(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    await expect(send(port, '/settings')).rejects.toThrow('ECONNREFUSED');
  }
}

describe('a stack that is ended while its app is still loading', () => {
  it('leaves no process behind, also of an app that is too busy to notice', async () => {
    const folder = copyOfApp();
    const pidFile = join(folder, 'pid');
    writeFileSync(
      join(folder, 'functions.js'),
      `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); while (true);`,
    );
    const stack = startIn(folder, '--port', String(await freePort()));
    const pid = await until(() => Number(existsSync(pidFile) && readFileSync(pidFile, 'utf8')));
    try {
      await stack.end('SIGTERM');
      expect(await until(() => !isRunning(pid))).toBe(true);
    } finally {
      if (isRunning(pid)) process.kill(pid, 'SIGKILL');
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a stack from its start to its end', () => {
  let port: number;
  let stack: Started;

  beforeAll(async () => {
    port = await freePort();
    stack = start('--port', String(port));
    await stack.saw('Ctrl-C ends everything.');
  });

  it('shows its steps, the address and the accounts, and the log of the app', async () => {
    await send(port, '/say');
    await stack.saw('something to be found');
    for (const text of ['Azurite', 'Entra ID stand-in', 'Graph stand-in', 'Administrator']) {
      expect(stack.output()).toContain(text);
    }
    expect(stack.output()).toContain(`Open http://localhost:${port}\n`);
  });

  it('ends with the address and the accounts', () => {
    const [, last = ''] = stack.output().split('Ctrl-C ends everything.\n');
    // Before the first request of these tests.
    expect(last.split('\n[')[0]).toMatch(
      new RegExp(`^\nOpen http://localhost:${port}\n[^]*\nAccounts [^]*@[^]*organisation\\n?$`),
    );
    expect(last).not.toContain('is ready');
  });

  it('tells each step as it begins and as it ends, with its time', () => {
    for (const step of ['Table Storage', 'Entra ID stand-in', 'Graph stand-in', 'The app']) {
      const begins = stack.output().indexOf(`\u2026 ${step}`);
      const ends = stack.output().search(new RegExp(`\u2713 ${step}.* \\d+\\.\\d s`));
      expect([step, begins > 0, ends > begins]).toEqual([step, true, true]);
    }
  });

  it('says where the control pages are', async () => {
    const pages = [...stack.output().matchAll(/http:\/\/127\.0\.0\.1:(\d+)\/control /g)];
    expect(pages).toHaveLength(4);
    // Nobody sits at a terminal here: other stacks may start at the same time.
    expect(pages.map(([, each]) => each)).not.toContain('7081');
    for (const [, each] of pages) {
      const page = await send(Number(each), '/control', { headers: [['Accept', 'text/html']] });
      expect([page.status, page.headers['content-type']]).toEqual([
        200,
        'text/html; charset=utf-8',
      ]);
    }
  });

  it('says nothing of local.settings.json where there is none', () => {
    expect(stack.output()).not.toContain('local.settings.json');
  });

  it('ends everything it started at SIGTERM', async () => {
    const ports = portsOf(await settingsAt(port));
    expect(ports).toContain(port);
    expect(await stack.end('SIGTERM')).toBe(0);
    await expectNobodyListens(ports);
  });
});

describe('runStart', () => {
  it.each(['', '1'])(
    'asks no proxy for what is on this machine, with NODE_USE_ENV_PROXY=%s',
    async (NODE_USE_ENV_PROXY) => {
      const proxy = await startRefusingProxy();
      const port = await freePort();
      const names = { NO_PROXY: '', no_proxy: '' };
      const stack = startWith(
        { ...proxy.environment, ...names, NODE_USE_ENV_PROXY },
        ...['--port', String(port)],
      );
      await stack.saw('Ctrl-C ends everything.');
      const settings = await settingsAt(port);
      await stack.end('SIGTERM');
      await proxy.stop();
      expect(proxy.asked).toEqual([]);
      expect(settings['TABLES_CONNECTION_STRING']).toContain('127.0.0.1');
    },
  );

  it('says what to do when the port is taken, and starts nothing', async () => {
    const server = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const stack = start('--port', String(port));
    expect(await stack.exit).toBe(1);
    server.close();
    expect(stack.output()).toContain(`Port ${port} is taken`);
    expect(stack.output()).toContain(`npm start -- --port ${port + 1}`);
    expect(stack.output()).not.toContain('Azurite');
  });

  it('keeps rows, secrets and the issuer in the folder of --data, for its owner and one stack only', async () => {
    const above = mkdtempSync(join(tmpdir(), 'stack-'));
    const folder = join(above, 'made', '.data');
    const tablesOf = (settings: Record<string, string>) =>
      TableClient.fromConnectionString(settings['TABLES_CONNECTION_STRING'] ?? '', 'anteroom', {
        allowInsecureConnection: true,
      });
    const runs: Record<string, string>[] = [];
    for (const isFirst of [true, false]) {
      const port = await freePort();
      const stack = start('--port', String(port), '--data', folder);
      await stack.saw('Ctrl-C ends everything.');
      const settings = await settingsAt(port);
      runs.push(settings);
      const tables = tablesOf(settings);
      if (isFirst) {
        await tables.createEntity({ partitionKey: 'p', rowKey: 'r', kept: true });
        const another = start('--data', folder, '--port', String(await freePort()));
        expect(await another.exit).toBe(1);
        expect(another.output()).toMatch(/Port \d+ is taken, perhaps by another stack/);
      } else {
        await expect(tables.getEntity('p', 'r')).resolves.toMatchObject({ kept: true });
      }
      expect(await stack.pressCtrlC()).toBe(0);
      await expectNobodyListens(portsOf(settings));
    }
    const kept = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(kept).toEqual(expect.arrayContaining(['stack.json', 'entra.json', '.gitignore']));
    for (const each of ['', ...kept]) {
      expect([each, statSync(join(folder, each)).mode & 0o077]).toEqual([each, 0]);
    }
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('*\n');
    rmSync(above, { recursive: true });
    const [first = {}, second = {}] = runs;
    for (const name of ['KEY_RING_SECRET', 'ENTRA_CLIENT_SECRET', 'ENTRA_AUTHORITY']) {
      expect(second[name]).toBe(first[name]);
    }
  });

  it('ends at Ctrl-C while it is still starting, and leaves nothing behind', async () => {
    const port = await freePort();
    const stack = start('--port', String(port));
    await stack.saw('\u2713 Graph stand-in');
    const provider = /Entra ID stand-in .*http:\/\/127\.0\.0\.1:(\d+)/.exec(stack.output())?.[1];
    expect(await stack.end('SIGINT')).toBe(0);
    for (const each of [port, Number(provider)]) {
      await expect(send(each, '/settings')).rejects.toThrow('ECONNREFUSED');
    }
  });

  it.each<[string, (folder: string) => string, RegExp]>([
    ['a file', (folder) => file(folder, 'README.md'), /README\.md: there is a file of that name/],
    [
      'a folder in a file',
      (folder) => join(file(folder, 'README.md'), 'x'),
      /there is a file of that name/,
    ],
    [
      'a folder with other files',
      (folder) => dirname(file(folder, 'README.md')),
      /the folder holds other files.*Name a folder that is new or empty/,
    ],
  ])('explains --data with %s, starts nothing and leaves it alone', async (_, make, reason) => {
    const folder = mkdtempSync(join(tmpdir(), 'stack-'));
    const mode = statSync(folder).mode;
    const port = await freePort();
    const stack = start('--port', String(port), '--data', make(folder));
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toMatch(reason);
    expect(stack.output()).not.toMatch(/Azurite|\n {4}at /);
    expect([readdirSync(folder), statSync(folder).mode]).toEqual([['README.md'], mode]);
    rmSync(folder, { recursive: true });
  });

  it('plays the provider that --shape names; says which part ended by itself, ends the rest and fails', async () => {
    const port = await freePort();
    const stack = start('--port', String(port), '--shape', 'b2c');
    await stack.saw('Ctrl-C ends everything.');
    const settings = await settingsAt(port);
    const { pid } = (await (await fetch(`http://localhost:${port}/pid`)).json()) as { pid: number };
    process.kill(pid, 'SIGKILL');
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toContain('The app has ended by itself');
    expect(settings['ENTRA_AUTHORITY']).toMatch(/\/b2c_1_sign_in\/v2\.0$/);
    expect(settings['ENTRA_ISSUER']).toMatch(
      /^https:\/\/anteroom\.b2clogin\.example\/.*\/v2\.0\/$/,
    );
  });

  it.each<[string, string, RegExp]>([
    [
      'with a fault',
      '{\n  "Values": {\n    "A": "se-cret"\n    "B": "b"\n  }\n}',
      /local\.settings\.json, line 4, column 5: this is not valid JSON\. ',' expected\./,
    ],
    ['that is encrypted', '{ "IsEncrypted": true }', /is encrypted\. Decrypt it first/],
  ])('says once what is wrong with a file %s, and starts nothing', async (_, text, reason) => {
    const folder = copyOfApp();
    writeFileSync(join(folder, 'local.settings.json'), text);
    const stack = startIn(folder, '--port', String(await freePort()));
    expect(await stack.exit).toBe(1);
    rmSync(folder, { recursive: true });
    expect(stack.output()).toMatch(reason);
    expect(stack.output().match(/local\.settings\.json/g)).toHaveLength(1);
    expect(stack.output()).not.toMatch(/Starting|\n {4}at |se-cret/);
  });

  it('says once what is wrong with host.json, and starts nothing', async () => {
    const folder = copyOfApp();
    writeFileSync(join(folder, 'host.json'), '{ "version": }');
    const stack = startIn(folder, '--port', String(await freePort()));
    expect(await stack.exit).toBe(1);
    rmSync(folder, { recursive: true });
    expect(stack.output()).toMatch(/^\S*host\.json, line 1, column 14: .*\n$/);
  });

  it('tells which settings of local.settings.json the app gets, and runs with them', async () => {
    const folder = copyOfApp();
    const port = await freePort();
    // As Core Tools take it: a byte order mark, a comment, a comma at the end.
    writeFileSync(
      join(folder, 'local.settings.json'),
      '\uFEFF{ // mine\n "Values": { "GRAPH_SCOPES": "Mail.Read", "KEY_RING_SECRET": "mine", "ADMIN_ROLE": "", "PATH": "x", "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1000" }, }',
    );
    const stack = startIn(folder, '--port', String(port));
    await stack.saw('Ctrl-C ends everything.');
    const settings = await settingsAt(port);
    const long = {
      method: 'POST',
      headers: [['Content-Length', '1001']],
      body: 'x'.repeat(1001),
    } as const;
    const { status } = await send(port, '/settings', long);
    await stack.end('SIGTERM');
    rmSync(folder, { recursive: true });
    // The host's own settings, too, come from the file where it has them.
    expect(status).toBe(500);
    expect(settings).toMatchObject({ GRAPH_SCOPES: 'Mail.Read', ADMIN_ROLE: '' });
    expect(settings['KEY_RING_SECRET']).not.toBe('mine');
    expect(stack.output()).toMatch(
      /^From local\.settings\.json: GRAPH_SCOPES, FUNCTIONS_REQUEST_BODY_SIZE_LIMIT\nIn local\.settings\.json, but set by the stack: KEY_RING_SECRET\nIn local\.settings\.json, but set by the environment: PATH\n/,
    );
  });

  it('refuses --port with --no-app, and says where the port is set', async () => {
    const stack = start('--no-app', '--port', '7072');
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toMatch(
      /--no-app starts none\. .*The port of the app is in APP_BASE_URL/,
    );
  });

  it.each([
    ['--what'],
    ['--port', '0'],
    ['--shape', 'google'],
    ['--tenant', 'no name'],
    ['--shape', 'b2c', '--tenant', 'common'],
    ['--shape', 'china', '--tenant', 'consumers'],
  ])('shows how it is used when it gets %s %s', async (...args) => {
    const stack = start(...args);
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toContain('Usage: npm start');
  });

  it('shows how it is used with --help, before anything is built', () => {
    const folder = mkdtempSync(join(tmpdir(), 'unbuilt-'));
    const repository = join(__dirname, '../../..');
    for (const path of ['scripts/start.mjs', 'local/bin']) {
      cpSync(join(repository, path), join(folder, path), { recursive: true });
    }
    const env = { ...process.env, npm_lifecycle_event: 'start' };
    const args = ['scripts/start.mjs', '--help'];
    const help = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' });
    const built = readdirSync(folder, { recursive: true }).filter((path) => path.includes('dist'));
    rmSync(folder, { recursive: true });
    expect([help.status, help.stderr, built]).toEqual([0, '', []]);
    expect(help.stdout).toMatch(/^Usage: npm start -- \[options\][^]*--front-end URL/);
  });

  it('says at once that Node is too old', () => {
    const code =
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })";
    const args = ['--import', `data:text/javascript,${code}`, 'local/bin/anteroom-local.mjs'];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(stderr).toBe('anteroom-local needs Node.js 22 or newer. This is 20.20.2.\n');
    expect(status).toBe(1);
  });
});
