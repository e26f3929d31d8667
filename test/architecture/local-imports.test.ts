import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** The floors of local, from the top down. A file imports from its own floor or from a lower one. */
const floors = [['stack'], ['graph', 'host', 'tables'], ['entra'], ['loopback']];

interface Import {
  readonly from: string;
  readonly to: string;
}

const files = globSync('local/**/*.{ts,tsx}', {
  // The deployment is a program of its own.
  exclude: (name) => /node_modules|dist|deploy/.test(name),
}).map((file) => file.split(path.sep).join('/'));

/** `stack` for `local/stack/app.ts`. */
const areaOf = (file: string): string => /^local\/([^/]+)\//.exec(file)?.[1] ?? 'unknown';

const floorOf = (file: string): number => floors.findIndex((areas) => areas.includes(areaOf(file)));

// Types count too.
function importsOf(file: string): Import[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'));
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => ({ from: file, to: fileOf(path.posix.join(file, '..', fileName)) }));
}

const fileOf = (name: string): string =>
  ['.ts', '.tsx'].map((end) => name + end).find((file) => existsSync(file)) ?? name;

const imports = files.flatMap(importsOf);
const inside = imports.filter(({ to }) => !to.startsWith('src/'));

describe('imports in local', () => {
  it('are found', () => {
    expect(files.length).toBeGreaterThan(30);
    expect(inside.length).toBeGreaterThan(60);
    expect(inside.filter(({ to }) => !files.includes(to))).toEqual([]);
    expect(files.filter((file) => floorOf(file) < 0)).toEqual([]);
  });

  it('point down', () => {
    expect(inside.filter(({ from, to }) => floorOf(to) < floorOf(from))).toEqual([]);
  });

  it('make no circles, of types either', () => {
    expect(circles()).toEqual([]);
  });
});

/** Each circle once, as the files along it. */
function circles(): readonly string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, way: readonly string[]): void => {
    const start = way.indexOf(file);
    if (start >= 0) found.push([...way.slice(start), file].join(' > '));
    if (start >= 0 || done.has(file)) return;
    for (const { from, to } of inside) if (from === file) visit(to, [...way, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  return found;
}
