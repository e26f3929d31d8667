import {
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../local/loopback/processes';
import { fetchJson, signIn } from '../../support/journey';
import { type Started, startIn } from './start-in';

const repository = join(__dirname, '../../..');

describe('npm start -- --watch', () => {
  let folder: string;
  let url: string;
  let stack: Started;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'watched-'));
    for (const each of [
      'src',
      'scripts',
      'host.json',
      'package.json',
      'tsconfig.json',
      'dist/main.js',
    ]) {
      cpSync(join(repository, each), join(folder, each), { recursive: true });
    }
    symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
    const port = await freePort();
    url = `http://localhost:${port}`;
    const build = ['--build', 'node scripts/build.mjs app'];
    stack = startIn(folder, ...build, '--watch', '--port', String(port));
    await stack.saw('Watching src');
  });
  afterAll(async () => {
    await stack.end('SIGTERM');
    rmSync(folder, { recursive: true });
  });

  const page = async () => (await fetch(`${url}/auth/signed-out`)).text();
  const write = (name: string, change: (text: string) => string): string => {
    const path = join(folder, name);
    const before = readFileSync(path, 'utf8');
    writeFileSync(path, change(before));
    return before;
  };
  /** Waits for an answer that comes after what has been said so far. */
  const sees = async (text: string, act: () => void): Promise<string> => {
    const before = stack.output().length;
    const count = stack.output().split(text).length;
    act();
    await stack.saw(text, count);
    return stack.output().slice(before);
  };
  const title = (text: string) => (source: string) =>
    source.replace(/title: 'You are [^']*'/, `title: 'You are ${text}'`);

  it('shows a changed function, and people stay signed in', async () => {
    const { browser } = await signIn(url, 'Ines Okafor');
    const said = await sees('Built and started again', () => {
      write('src/texts/en.ts', title('gone for good'));
    });
    expect(said).toContain(`Changed: ${join('src', 'texts', 'en.ts')}`);
    expect(await page()).toContain('You are gone for good');
    expect((await fetchJson(`${url}/auth/session`, browser)).status).toBe(200);
    expect((await fetchJson(`${url}/auth/me`, browser)).status).toBe(200);
  });

  it('sees each file that is moved over another, as git does', async () => {
    for (const text of ['moved in', 'moved in again']) {
      const moved = join(folder, 'signed-out.tsx');
      const path = join(folder, 'src/texts/en.ts');
      writeFileSync(moved, title(text)(readFileSync(path, 'utf8')));
      await sees('Built and started again', () => {
        renameSync(moved, path);
      });
      expect(await page()).toContain(`You are ${text}`);
    }
    await sees('Built and started again', () => {
      write('src/texts/en.ts', title('gone for good'));
    });
    expect(await page()).toContain('You are gone for good');
  });

  it('keeps what runs when the change cannot be built, says why, and takes the next one', async () => {
    let before = '';
    const said = await sees('const = nothing', () => {
      before = write('src/texts/en.ts', (text) => `${text}\nconst = nothing;\n`);
    });
    expect(said).toMatch(/Not built. The app that runs stays as it is:\n.*Expected identifier/);
    expect(said).not.toMatch(/\n {4}at /);
    expect(await page()).toContain('You are gone for good');
    await sees('Built and started again', () => {
      write('src/texts/en.ts', () => title('back')(before));
    });
    expect(await page()).toContain('You are back');
  });

  it('says so when the app is built but does not start, and takes the next change', async () => {
    let before = '';
    const said = await sees('The next change tries again.', () => {
      before = write('src/main.ts', (text) => `${text}\nthrow new Error('thrown at the start');\n`);
    });
    expect(said).toContain('thrown at the start');
    await sees('Built and started again', () => {
      write('src/main.ts', () => before);
    });
    expect(await page()).toContain('You are back');
  });

  it('takes changed settings, and leaves the app alone when they are faulty', async () => {
    const path = join(folder, 'local.settings.json');
    await sees('Built and started again', () => {
      writeFileSync(path, '{ "Values": { "ADMIN_ROLE": "boss" } }');
    });
    expect(stack.output()).toContain('From local.settings.json: ADMIN_ROLE');
    const { browser } = await signIn(url, 'Ines Okafor');
    expect((await fetchJson(`${url}/auth/admin`, browser)).status).toBe(403);
    const said = await sees('not valid JSON', () => {
      writeFileSync(path, '{ "Values": ');
    });
    expect(said).toContain('The app that runs stays as it is');
    expect((await fetch(`${url}/auth/signed-out`)).status).toBe(200);
    await sees('Built and started again', () => {
      rmSync(path);
    });
  });

  it('ends everything at Ctrl-C, also while it builds', async () => {
    const before = stack.output().length;
    await sees('Changed:', () => {
      write('src/main.ts', (text) => `${text}\n`);
    });
    expect(await stack.pressCtrlC()).toBe(0);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
    expect(stack.output()).not.toContain('ended by itself');
    // A build that is broken off is no news.
    expect(stack.output().slice(before)).not.toContain('Not built');
  });
});

describe('npm start -- --watch --no-app', () => {
  it('is refused', async () => {
    const stack = startIn(repository, '--watch', '--no-app');
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toContain('--watch needs an app, and --no-app starts none.');
  });
});
