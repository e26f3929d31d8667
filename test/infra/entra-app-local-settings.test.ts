import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEntraAppCheckout, type EntraAppCheckout } from './entra-app-checkout';

describe('local.settings.json, when entra-app.sh --local writes it,', () => {
  let checkout: EntraAppCheckout;

  beforeEach(() => {
    checkout = createEntraAppCheckout();
  });

  afterEach(() => {
    checkout.remove();
  });

  it.each([
    [
      'a comment',
      '{ "IsEncrypted": false, // mine\n "Values": { "A": "b3c" } }',
      'is not plain JSON',
    ],
    ['half of it missing', '{ "Values": { "A": "b3c"', 'is not plain JSON'],
    ['encrypted values', '{ "IsEncrypted": true, "Values": { "A": "b3c" } }', 'is encrypted'],
    ['no object', '["b3c"]', 'holds no object'],
    ['a list of values', '{ "Values": ["b3c"] }', 'Values in'],
  ])('with %s is left alone, and nothing is made', (_case, text, complaint) => {
    checkout.writeSettings(text);
    const { code, stdout, stderr } = checkout.run('--local');
    expect(code).toBe(1);
    expect(stderr).toContain(complaint);
    expect(stderr).toContain(join(checkout.folder, 'local.settings.json'));
    expect(stdout + stderr).not.toContain('b3c');
    expect(checkout.az.commands()).toEqual([]);
    expect(readFileSync(join(checkout.folder, 'local.settings.json'), 'utf8')).toBe(text);
  });

  it('may begin with a byte order mark', () => {
    checkout.writeSettings('\uFEFF{ "Values": { "A": "b" } }');
    expect(checkout.run('--local').stderr).toBe('');
    expect(checkout.values()).toMatchObject({ A: 'b', ENTRA_CLIENT_SECRET: 's01~secret' });
  });

  describe('may be a link', () => {
    let elsewhere: string;
    const link = (to: string) => {
      symlinkSync(to, join(checkout.folder, 'local.settings.json'));
    };

    beforeEach(() => {
      elsewhere = mkdtempSync(join(tmpdir(), 'anteroom-elsewhere-'));
    });

    afterEach(() => {
      rmSync(elsewhere, { recursive: true });
    });

    it('out of every clone, and stays one', () => {
      const real = join(elsewhere, 'real.json');
      writeFileSync(real, '{ "Values": { "A": "b" } }');
      link(real);
      expect(checkout.run('--local').stderr).toBe('');
      expect(readFileSync(real, 'utf8')).toContain('s01~secret');
      expect(readdirSync(elsewhere)).toEqual(['real.json']);
      expect(checkout.values()).toMatchObject({ A: 'b' });
    });

    it.each(['the same clone', 'another clone'])('into %s where git ignores it', (where) => {
      const folder = where === 'another clone' ? elsewhere : checkout.folder;
      spawnSync('git', ['init', '--quiet'], { cwd: folder });
      const ignoring = join(folder, '.gitignore');
      writeFileSync(ignoring, '/local.settings.json\n/sub/real.json\n');
      mkdirSync(join(folder, 'sub'));
      writeFileSync(join(folder, 'sub/real.json'), '{}');
      link(join(folder, 'sub/real.json'));
      expect(checkout.run('--local').stderr).toBe('');
      writeFileSync(ignoring, '/local.settings.json\n');
      writeFileSync(join(folder, 'sub/real.json'), '{}');
      const { code, stderr } = checkout.run('--local');
      expect(code).toBe(1);
      expect(stderr).toContain(
        `${realpathSync(folder)}/sub/real.json is not ignored by git, which would take the secret`,
      );
      expect(readFileSync(join(folder, 'sub/real.json'), 'utf8')).toBe('{}');
    });

    it('into a clone, which takes nothing of it when the script is killed on the way', () => {
      spawnSync('git', ['init', '--quiet'], { cwd: elsewhere });
      writeFileSync(join(elsewhere, '.gitignore'), '/real.json\n/kill.cjs\n');
      writeFileSync(join(elsewhere, 'real.json'), '{}');
      const kill = join(elsewhere, 'kill.cjs');
      writeFileSync(
        kill,
        `require('node:fs').renameSync = () => process.kill(process.pid, 'SIGKILL');
        require('node:module').syncBuiltinESMExports();`,
      );
      link(join(elsewhere, 'real.json'));
      const { code } = checkout.runWith({ NODE_OPTIONS: `--require=${kill}` }, '--local');
      expect(code).not.toBe(0);
      expect(readdirSync(elsewhere).some((name) => name.startsWith('.local-settings-'))).toBe(true);
      const status = ['status', '--porcelain', '--untracked-files=all'];
      const { stdout } = spawnSync('git', status, { cwd: elsewhere, encoding: 'utf8' });
      expect(stdout).toBe('?? .gitignore\n');
    });

    it('but not into a clone of which git cannot say', () => {
      writeFileSync(join(elsewhere, '.git'), 'gitdir: nowhere\n');
      writeFileSync(join(elsewhere, 'real.json'), '{}');
      link(join(elsewhere, 'real.json'));
      const { code, stderr } = checkout.run('--local');
      expect(code).toBe(1);
      expect(stderr).toContain('git could not say');
      expect(checkout.az.commands()).toEqual([]);
    });

    it.each(['nowhere.json', 'local.settings.json'])('but not to %s', (to) => {
      link(to);
      const { code, stderr } = checkout.run('--local');
      expect(code).toBe(1);
      expect(stderr).toContain(`local.settings.json is a link to ${to}, where no file can be`);
      expect(checkout.az.commands()).toEqual([]);
      expect(readlinkSync(join(checkout.folder, 'local.settings.json'))).toBe(to);
    });
  });

  it('is judged by its own clone, also in a hook of another', () => {
    const other = createEntraAppCheckout();
    writeFileSync(join(other.folder, '.gitignore'), '*\n');
    writeFileSync(join(checkout.folder, '.gitignore'), 'dist/\n');
    const env = { GIT_DIR: join(other.folder, '.git'), GIT_WORK_TREE: other.folder };
    const { code, stderr } = checkout.runWith(env, '--local');
    other.remove();
    expect(code).toBe(1);
    expect(stderr).toContain('is not ignored by git');
  });

  it('keeps what somebody saves meanwhile', () => {
    const text = '{ "Values": { "A": "new", "ENTRA_CLIENT_SECRET": "" }, "Host": { "CORS": "*" } }';
    checkout.writeSettings('{ "Values": { "A": "old" } }');
    checkout.az.change({ saved: { path: join(checkout.folder, 'local.settings.json'), text } });
    expect(checkout.run('--local').stderr).toBe('');
    expect(checkout.settings()).toMatchObject({
      Values: { A: 'new', ENTRA_CLIENT_SECRET: 's01~secret' },
      Host: { CORS: '*', LocalHttpPort: 7071 },
    });
  });

  it('that is broken meanwhile is left alone, and costs the new secret', () => {
    const path = join(checkout.folder, 'local.settings.json');
    checkout.az.change({ saved: { path, text: '{ "Values": b3c' } });
    const { code, stderr } = checkout.run('--local');
    expect(code).toBe(1);
    expect(stderr).toContain('could not be written (');
    expect(stderr).toContain('is not plain JSON');
    expect(stderr).not.toMatch(/Nothing was made|s01~|b3c/);
    expect(readFileSync(path, 'utf8')).toBe('{ "Values": b3c');
    expect(checkout.az.tenant().applications[0]?.passwordCredentials).toEqual([]);
  });

  it.each(['0', '-5', '70000', '7071.5', '"7071"', 'null'])(
    'with the port %s is refused unless another is told',
    (port) => {
      checkout.writeSettings(`{ "Host": { "LocalHttpPort": ${port} } }`);
      const { code, stderr } = checkout.run('--local');
      expect(code).toBe(1);
      expect(stderr).toContain('Host.LocalHttpPort in');
      expect(checkout.az.commands()).toEqual([]);
      expect(checkout.run('--local', '--port', '7072').stderr).toBe('');
      expect(checkout.settings()).toMatchObject({ Host: { LocalHttpPort: 7072 } });
    },
  );

  it('is not written where git would take it', () => {
    writeFileSync(join(checkout.folder, '.gitignore'), 'dist/\n');
    const { code, stderr } = checkout.run('--local');
    expect(code).toBe(1);
    expect(stderr).toContain('is not ignored by git');
    expect(checkout.az.commands()).toEqual([]);
  });

  it('is not written where git cannot say', () => {
    renameSync(join(checkout.folder, '.git'), join(checkout.folder, 'git'));
    const { code, stderr } = checkout.run('--local');
    expect(code).toBe(1);
    expect(stderr).toContain('git could not say');
    expect(checkout.az.commands()).toEqual([]);
  });

  it('that cannot be written costs the new secret, and the next step is said', () => {
    checkout.az.change({ blocked: join(checkout.folder, 'local.settings.json') });
    const { code, stdout, stderr } = checkout.run('--local');
    expect(code).toBe(1);
    expect(stderr).toContain('a secret was made, but local.settings.json could not be written');
    expect(stderr).toContain('run this again with --new-secret');
    expect(stdout + stderr).not.toContain('s01~');
    expect(checkout.az.tenant().applications[0]?.passwordCredentials).toEqual([]);
    // Nor is it left in a file on its way.
    expect(readdirSync(checkout.folder).filter((name) => name.startsWith('.local'))).toEqual([]);
  });
});
