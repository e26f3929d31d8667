import { globSync, readFileSync, statSync } from 'node:fs';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly files: readonly string[];
}

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Manifest;
const manifest = read('local/package.json');
const ofTests = /(?:stack|stand-ins)-process\.mjs$/;

/** `@azure/data-tables` for `@azure/data-tables/x`. */
const packageOf = (name: string): string =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');

/** The packages that the built programs import. Those for tests, which are not packed, hold their packages. */
function importedPackages(): readonly string[] {
  const programs = globSync('local/dist/*.mjs').filter((file) => !ofTests.test(file));
  const texts = programs.map((file) => readFileSync(file, 'utf8'));
  const names = texts.flatMap((text) => [
    ...text.matchAll(/^import (?:[^;"']*? from )?"([^"]+)"|import\("([^"]+)"\)/gm),
  ]);
  const packages = names.map((match) => packageOf(match[1] ?? match[2] ?? ''));
  return [...new Set(packages.filter((name) => !name.startsWith('node:')))].sort();
}

describe('the package anteroom-local', () => {
  it('names every package that its programs import, and no other', () => {
    expect(importedPackages()).toEqual(Object.keys(manifest.dependencies).sort());
  });

  it('has the same versions as the app, where both have a package', () => {
    const own = read('package.json').dependencies;
    for (const [name, version] of Object.entries(manifest.dependencies)) {
      expect([name, own[name] ?? version]).toEqual([name, version]);
    }
  });

  it('has a command, which npm packs with what it runs', () => {
    const command = `local/${manifest.bin['anteroom-local'] ?? ''}`;
    expect(statSync(command).mode & 0o111).not.toBe(0);
    expect(readFileSync(command, 'utf8')).toContain('../dist/start.mjs');
    expect(manifest.files).toEqual([
      'bin',
      '!bin/*.d.cts',
      'dist/*.mjs',
      '!dist/{stack,stand-ins}-process.mjs',
    ]);
  });
});
