import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What each folder of src may import of the others (DESIGN section 7): nothing points up. */
const allowed: Record<string, readonly string[]> = {
  'main.ts': ['functions'],
  functions: [
    'guards',
    'auth',
    'graph',
    'sessions',
    'cookies',
    'keys',
    'http',
    'pages',
    'services',
    'settings',
  ],
  guards: ['auth', 'sessions', 'cookies', 'keys', 'http', 'services', 'settings'],
  http: ['pages', 'cookies', 'auth', 'services', 'settings'],
  pages: ['graph', 'sessions'],
  services: ['auth', 'sessions', 'storage', 'keys', 'settings', 'setting-values'],
  auth: ['sessions', 'keys', 'settings'],
  graph: [],
  cookies: ['sessions', 'keys'],
  sessions: ['storage', 'keys'],
  storage: [],
  keys: [],
  settings: ['setting-values'],
  errors: ['error-facts'],
};

/** Small things without a place in the order: anyone may import them, and they import only each other. */
const anyones = [
  'errors',
  'error-facts',
  'clock',
  'is-object',
  'claims-request',
  'read-bounded',
  'loopback',
  'abortable',
  'pause-memory',
  'proxy',
  'share-run',
  'retry-after',
  'with-patience',
];

/** cookies may know auth's types only: what a sign-in attempt is, not how one is made. */
const typesOnly: Record<string, readonly string[]> = { cookies: ['auth'] };

const areaOf = (file: string) =>
  path
    .relative('src', file)
    .split(path.sep)[0]
    ?.replace(/^(?!main)(.*)\.tsx?$/, '$1') ?? '';
const files = globSync('src/**/*.{ts,tsx}');

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const statements = text.matchAll(
    /^(import|export)\s(type\s)?[^;]*?from\s'([^']+)'|^import\s'([^']+)'/gm,
  );
  return [...statements]
    .map((match) => ({ target: match[3] ?? match[4] ?? '', isType: match[2] !== undefined }))
    .filter(({ target }) => target.startsWith('.'))
    .map(({ target, isType }) => ({
      from: areaOf(file),
      to: areaOf(path.join(path.dirname(file), target)),
      isType,
    }));
}

describe('import direction', () => {
  it('finds the source', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(files.flatMap(importsOf).length).toBeGreaterThan(100);
  });

  it.each(files)('%s imports only what its folder may', (file) => {
    const wrong = importsOf(file).filter(({ from, to, isType }) => {
      if (from === to) return false;
      if (!(allowed[from] ?? []).includes(to) && !anyones.includes(to)) return true;
      return !isType && (typesOnly[from] ?? []).includes(to);
    });
    expect(wrong).toEqual([]);
  });

  it('keeps the packages where they belong', () => {
    const owners: Record<string, RegExp> = {
      '@azure/msal-node': /^src\/auth\//,
      '@azure/data-tables': /^src\/(storage\/|services\.ts)/,
      'preact-render-to-string': /^src\/http\/responses\.ts/,
      cookie: /^src\/cookies\//,
    };
    for (const [name, owner] of Object.entries(owners)) {
      const users = files.filter((file) => readFileSync(file, 'utf8').includes(`from '${name}'`));
      expect(users.length).toBeGreaterThan(0);
      expect(users.filter((file) => !owner.test(file))).toEqual([]);
    }
  });

  it('leaves out packages that every cold start would pay for (decision 007)', () => {
    for (const file of files)
      expect(readFileSync(file, 'utf8')).not.toMatch(/from '@azure\/(?:identity|keyvault-keys)'/);
  });

  it('never lets the app import the local stack or the tests', () => {
    for (const file of files)
      expect(readFileSync(file, 'utf8')).not.toMatch(/from '[./]+\/(local|test)\//);
  });
});
