import { existsSync, globSync, readFileSync } from 'node:fs';
import { declares, functionsIn, isFile, pathOf, quotedIn } from './declared-names';

const page = readFileSync('docs/ARCHITECTURE.md', 'utf8');
const map = /```\n(src\/\n[^]*?)```/.exec(page)?.[1] ?? '';
const text = page.replace(/```[^]*?```/g, '');

const named = [
  ...new Set(quotedIn(text).filter((quoted) => isFile(quoted) || quoted.startsWith('test/'))),
];

const functions = functionsIn(text);

describe('docs/ARCHITECTURE.md', () => {
  it('is read', () => {
    expect(named.length).toBeGreaterThan(50);
    expect(functions.length).toBeGreaterThan(70);
    expect(declares('src/keys/key-ring.ts', 'createKeyRing')).toBe(true);
    expect(declares('src/keys/key-ring.ts', 'openRing')).toBe(false);
  });

  it('is at most 200 lines long', () => {
    expect(page.split('\n').length).toBeLessThanOrEqual(201);
  });

  it.each(named)('is right that there is a file %s', (name) => {
    expect(existsSync(pathOf(name))).toBe(true);
  });

  it('names each function beside the file that declares it', () => {
    expect(functions.filter(([file, name]) => !declares(pathOf(file), name))).toEqual([]);
  });

  it('shows every folder and file of src, and none that is gone', () => {
    const [inSrc = ''] = map.split(/\n(?=local\/)/);
    const shown = [...inSrc.matchAll(/^ {2}([\w.-]+\/?) /gm)].map(([, name]) => name ?? '');
    expect(shown.filter((name) => !existsSync(`src/${name}`))).toEqual([]);
    const [, others = ''] = /and ([^:]+): anyone may import them/.exec(inSrc) ?? [];
    const known = [...shown, ...others.split(', ').map((name) => `${name}.ts`), 'testing/'];
    const there = globSync('src/*', { withFileTypes: true }).map((entry) =>
      entry.isDirectory() ? `${entry.name}/` : entry.name,
    );
    expect(there.filter((name) => !known.includes(name))).toEqual([]);
    expect(known.filter((name) => !there.includes(name))).toEqual([]);
  });

  it('shows them in the order in which they may import', () => {
    const rule = readFileSync('test/architecture/import-direction.test.ts', 'utf8');
    const [, floors = ''] = /const floors = \[\n([^;]*)\];/.exec(rule) ?? [];
    const ordered = [...floors.matchAll(/'([\w-]+)'/g)].map(([, name]) => name ?? '');
    const shown = [...map.matchAll(/^ {2}([\w-]+)[.\w]*\/? /gm)]
      .map(([, name]) => name ?? '')
      .filter((name) => ordered.includes(name));
    expect(shown.length).toBeGreaterThan(15);
    expect(shown).toEqual(ordered.filter((name) => shown.includes(name)));
  });
});
