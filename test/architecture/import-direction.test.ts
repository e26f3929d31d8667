import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { circlesOf, exportsForOneFile, importsOf, partsOfOneFile } from './imports';

/** The floors of src, from the top down. A file imports from its own floor or from a lower one. */
const floors = [
  ['main', 'index', 'testing'],
  ['auth'],
  ['anteroom'],
  ['guards'],
  ['handler', 'options'],
  ['functions'],
  ['sign-in'],
  ['http'],
  ['pages'],
  ['cookies'],
  ['tokens'],
  ['entra'],
  ['sessions'],
  ['keys'],
  ['storage'],
  // Small things below all floors: errors, settings, bodies, waiting, proxies, and the texts of pages and errors.
  [
    'bodies',
    'texts',
    'error-facts',
    'errors',
    'events',
    'proxy',
    'setting-values',
    'settings',
    'waiting',
  ],
];

/** Runs in browsers and shares nothing with the server. */
const alone = ['client'];

const files = globSync('src/**/*.{ts,tsx}').map((file) => file.split(path.sep).join('/'));

/** `sign-in` for `src/sign-in/start.ts`, `errors` for `src/errors.ts`. */
const areaOf = (file: string): string =>
  /^src\/([^/]+?)(?:\.tsx?)?(?:\/|$)/.exec(file)?.[1] ?? 'unknown';

const floorOf = (file: string): number => floors.findIndex((areas) => areas.includes(areaOf(file)));

const imports = files.flatMap(importsOf);

describe('imports in src', () => {
  it('are found', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(imports.length).toBeGreaterThan(100);
    expect(imports.filter(({ to }) => !files.includes(to))).toEqual([]);
  });

  it.each(files)('%s stands on a floor', (file) => {
    expect(alone.includes(areaOf(file)) || floorOf(file) >= 0).toBe(true);
  });

  it('point down', () => {
    const up = imports.filter(({ from, to }) => floorOf(to) < floorOf(from));
    expect(up).toEqual([]);
  });

  it('make no circles, inside a folder either', () => {
    expect(circlesOf(imports)).toEqual([]);
  });

  it('join what only one file of the same folder uses, where the two are one idea long', () => {
    // The files of src itself are floors of their own, and each language has a file of its own.
    const below = files.filter(
      (file) => path.dirname(file) !== 'src' && file !== 'src/texts/de.ts',
    );
    expect(partsOfOneFile(below, imports)).toEqual([]);
  });

  it('join an export with the only file that uses it, in the same folder and where there is room', () => {
    // One half of an idea stays beside the other half.
    const halves: Record<string, string> = {
      'src/sessions/session.ts createSessionId': 'the form of an id, which sessionKeyOf() reads',
    };
    const found = exportsForOneFile(files);
    expect(found.filter((one) => halves[one.split(' > ')[0] ?? ''] === undefined)).toEqual([]);
  });

  it('keep the packages where they belong', () => {
    const owners: Record<string, RegExp> = {
      '@azure/msal-node': /^src\/(entra\/|tokens\/access-token)/,
      '@azure/data-tables': /^src\/storage\//,
      'preact-render-to-string': /^src\/http\/responses\.tsx/,
      cookie: /^src\/cookies\.ts/,
    };
    for (const [name, owner] of Object.entries(owners)) {
      const users = files.filter((file) => readFileSync(file, 'utf8').includes(`from '${name}'`));
      expect(users.length).toBeGreaterThan(0);
      expect(users.filter((file) => !owner.test(file))).toEqual([]);
    }
  });

  it('leave out packages that every cold start would pay for (decision 007)', () => {
    for (const file of files) {
      expect(readFileSync(file, 'utf8')).not.toMatch(/from '@azure\/(?:identity|keyvault-keys)'/);
    }
  });

  it('never lead to the local stack or the tests', () => {
    for (const file of files) {
      expect(readFileSync(file, 'utf8')).not.toMatch(/from '[./]+\/(local|test)\//);
    }
  });
});
