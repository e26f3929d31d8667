import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareDataDir } from '../../../local/stack/data-dir';

describe('prepareDataDir', () => {
  let folder: string;
  const modeOf = (path: string) => statSync(path).mode & 0o777;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'data-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('closes an empty folder that is there already, and one it made before, for others', () => {
    const made = join(folder, 'made');
    mkdirSync(made, { mode: 0o755 });
    prepareDataDir(made);
    expect([modeOf(made), readdirSync(made)]).toEqual([0o700, ['.gitignore']]);
    chmodSync(made, 0o755);
    prepareDataDir(made);
    expect([modeOf(made), readdirSync(made)]).toEqual([0o700, ['.gitignore']]);
  });

  it('makes a folder whose parents are missing, too', () => {
    const made = join(folder, 'a', 'b');
    prepareDataDir(made);
    expect([modeOf(made), modeOf(join(made, '.gitignore'))]).toEqual([0o700, 0o600]);
  });
});
