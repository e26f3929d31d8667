import { execFile } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const repository = join(__dirname, '../..');
const run = promisify(execFile);

const seesNewText = `
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
it('runs what the sources say now', () => {
  expect(readFileSync('dist/main.js', 'utf8').includes('the-text-just-written')).toBe(true);
});
`;

const leavesSomething = `
it('does not tidy up', () => {
  mkdtempSync(join(tmpdir(), 'left-'));
});
`;

describe('npx jest <path>', () => {
  let folder: string;
  /** What the first run says, before the sources have the new text. */
  let firstSaid: string;
  const jest = () =>
    run(
      process.execPath,
      [
        join(repository, 'node_modules/jest/bin/jest.js'),
        'test/one.test.ts',
        '--cacheDirectory',
        join(folder, 'cache'),
      ],
      {
        cwd: folder,
        env: { ...process.env, CI: '1', TMPDIR: join(folder, 'temporary') },
      },
    );

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'checkout-'));
    const parts = ['src', 'local', 'bench', 'scripts', 'test/support', 'test/local'];
    for (const each of [...parts, 'jest.config.mjs']) {
      cpSync(join(repository, each), join(folder, each), { recursive: true });
    }
    cpSync(join(repository, 'package.json'), join(folder, 'package.json'));
    mkdirSync(join(folder, 'temporary'));
    symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'test/one.test.ts'), seesNewText + leavesSomething);
    firstSaid = await jest().then(() => 'no fault', String);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('builds first, so that no test runs an old build or none; what stays the same is left alone', async () => {
    expect(firstSaid).toContain('● runs what the sources say now');
    writeFileSync(join(folder, 'test/one.test.ts'), seesNewText);
    const build = (name: string) => statSync(join(folder, 'local/dist', name)).mtimeMs;
    const before = build('stack-process.mjs');
    writeFileSync(join(folder, 'local/dist/deleted.mjs'), 'of a source that is gone');
    appendFileSync(join(folder, 'src/main.ts'), '\nconsole.log("the-text-just-written");\n');
    await jest();
    expect(build('stack-process.mjs')).toBe(before);
    expect(readdirSync(join(folder, 'local/dist'))).not.toContain('deleted.mjs');
    for (const each of [folder, join(folder, 'local')]) {
      expect(readdirSync(each).filter((name) => name.startsWith('dist'))).toEqual(['dist']);
    }
  });

  it('fails when a test leaves something in the temporary folder, and removes it', () => {
    expect(firstSaid).toMatch(/left behind in the temporary folder: left-\w+/);
    expect(readdirSync(join(folder, 'temporary'))).toEqual([]);
  });

  it('runs no test when the build fails, and says why', async () => {
    appendFileSync(join(folder, 'src/main.ts'), '\nconst = nothing;\n');
    await expect(jest()).rejects.toThrow(/Expected identifier but found "="[^]*const = nothing/);
  });
});
