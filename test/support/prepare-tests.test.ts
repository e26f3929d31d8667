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

const leavesSomething = `
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
it('does not tidy up', () => {
  mkdtempSync(join(tmpdir(), 'left-'));
});
`;

const seesNewText = `
import { readFileSync } from 'node:fs';
it('runs what the sources say now', () => {
  expect(readFileSync('dist/main.js', 'utf8')).toContain('the-text-just-written');
});
`;

describe('npx jest <path>', () => {
  let folder: string;
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

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'checkout-'));
    for (const each of ['src', 'local', 'bench', 'scripts', 'test/support', 'jest.config.mjs']) {
      cpSync(join(repository, each), join(folder, each), { recursive: true });
    }
    cpSync(join(repository, 'package.json'), join(folder, 'package.json'));
    mkdirSync(join(folder, 'temporary'));
    symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'test/one.test.ts'), seesNewText);
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('builds first, so that no test runs an old build or none; what stays the same is left alone', async () => {
    await expect(jest()).rejects.toThrow('runs what the sources say now');
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

  it('fails when a test leaves something in the temporary folder, and removes it', async () => {
    writeFileSync(join(folder, 'test/one.test.ts'), leavesSomething);
    await expect(jest()).rejects.toThrow(/left behind in the temporary folder: left-\w+/);
    expect(readdirSync(join(folder, 'temporary'))).toEqual([]);
  });

  it('runs no test when the build fails, and says why', async () => {
    appendFileSync(join(folder, 'src/main.ts'), '\nconst = nothing;\n');
    await expect(jest()).rejects.toThrow(/Expected identifier but found "="[^]*const = nothing/);
  });
});
