import { spawnSync } from 'node:child_process';
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';

describe('infra/scripts/lint.sh', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'anteroom-lint-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** With an Azure CLI that notes what it was asked and then does as told. */
  function lintWith(behaviour: string): { code: number | null; said: string; asked: string[] } {
    const az = join(folder, 'az');
    writeFileSync(az, `#!/usr/bin/env bash\necho "$*" >>"${folder}/asked"\n${behaviour}\n`);
    chmodSync(az, 0o755);
    const { status, stdout, stderr } = spawnSync('bash', ['infra/scripts/lint.sh'], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` },
    });
    const asked = readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');
    return { code: status, said: stdout + stderr, asked };
  }

  it('compiles and lints every Bicep file, and builds every parameter file', () => {
    const { code, asked } = lintWith('exit 0');
    expect(code).toBe(0);
    const filesOf = (command: string): string[] =>
      asked
        .filter((line) => line.startsWith(`bicep ${command} --file `))
        .map((line) => basename(line.split(' ')[3] ?? ''))
        .sort();
    const templates = [...globSync('infra/modules/*.bicep'), 'main.bicep', 'sub.bicep'];
    expect(filesOf('build')).toEqual(templates.map((path) => basename(path)).sort());
    expect(filesOf('lint')).toEqual(filesOf('build'));
    const parameters = globSync('infra/*.bicepparam').map((path) => basename(path));
    expect(filesOf('build-params')).toEqual(parameters.sort());
  });

  it('does not mind what az says of a newer Bicep', () => {
    const { code } = lintWith(
      'echo "WARNING: A new Bicep release is available: v9.9.9. Upgrade now" >&2',
    );
    expect(code).toBe(0);
  });

  it.each([
    ['a warning', 'echo "main.bicep(1,1) : Warning BCP081: no types" >&2', 'Warning BCP081'],
    ['a finding on standard output', 'echo "main.bicep(1,1) : Error no-unused-vars"', 'no-unused'],
    ['an az that fails without a word', 'exit 1', 'failed: az bicep build --file main.bicep'],
    ['an az that dies', 'kill -9 $$', 'failed: az bicep lint'],
  ])('fails for %s', (_, behaviour, expected) => {
    const { code, said } = lintWith(behaviour);
    expect(code).toBe(1);
    expect(said).toContain(expected);
  });
});
