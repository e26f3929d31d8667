import { globSync } from 'node:fs';
import path from 'node:path';
import { circlesOf, exportsForOneFile, importsOf, partsOfOneFile } from './imports';

/** The floors of local, from the top down. A file imports from its own floor or from a lower one. */
const floors = [['stack'], ['graph', 'host', 'orders', 'tables'], ['entra'], ['loopback', 'bin']];

const files = globSync('local/**/*.{ts,tsx,cjs}', {
  // The deployment is a program of its own.
  exclude: (name) => /node_modules|dist|deploy/.test(name),
}).map((file) => file.split(path.sep).join('/'));

/** `stack` for `local/stack/app.ts`. */
const areaOf = (file: string): string => /^local\/([^/]+)\//.exec(file)?.[1] ?? 'unknown';

const floorOf = (file: string): number => floors.findIndex((areas) => areas.includes(areaOf(file)));

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
    expect(circlesOf(inside)).toEqual([]);
  });

  it('join what only one file of the same folder uses, where the two are one idea long', () => {
    expect(partsOfOneFile(files, inside)).toEqual([]);
  });

  it('join an export with the only file that uses it, in the same folder and where there is room', () => {
    // One half of an idea stays beside the other half.
    const halves: Record<string, string> = {
      'local/host/timers.ts createTimerFunctions': 'the timers that startTimers() starts',
      'local/stack/settings.ts hostSettings': 'settings, which tests compare with the template',
    };
    const found = exportsForOneFile(files);
    expect(found.filter((one) => halves[one.split(' > ')[0] ?? ''] === undefined)).toEqual([]);
  });
});
