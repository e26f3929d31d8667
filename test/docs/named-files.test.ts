import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const pages = globSync(['*.md', 'docs/**/*.{md,svg}', '{infra,local,examples/*}/README.md']).sort();

/** Of folders that are in the repository. */
const paths = /(?<![\w/.@-])(?:src|test|local|scripts|bench|infra|examples|docs)\/[\w./-]*\w/g;

/** Files that a page tells its reader to make. */
const ofReaders = ['src/functions/auth.ts', 'src/functions/groups.ts', 'src/functions/reports.ts'];

/** Paths from the root, and links to files, by the page that names them. */
function namedIn(page: string): readonly string[] {
  const text = readFileSync(page, 'utf8');
  const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, link]) =>
    path.posix.join(path.posix.dirname(page), link ?? ''),
  );
  return [...new Set([...(text.match(paths) ?? []), ...links])];
}

describe('files that the documents name', () => {
  it('are found', () => {
    expect(pages.length).toBeGreaterThan(20);
    expect(namedIn('CONTRIBUTING.md')).toContain('src/error-facts.ts');
  });

  it.each(pages)('%s names none that is gone', (page) => {
    // The README of an example names the files beside it.
    const isThere = (name: string): boolean =>
      existsSync(name) || existsSync(path.posix.join(path.posix.dirname(page), name));
    const gone = namedIn(page).filter((name) => !ofReaders.includes(name) && !isThere(name));
    expect(gone).toEqual([]);
  });
});

describe('docs/decisions/002-dependencies.md', () => {
  const text = readFileSync('docs/decisions/002-dependencies.md', 'utf8');

  it.each(['package.json', 'local/package.json', 'bench/package.json', 'site/package.json'])(
    'has a line for each package that %s names',
    (file) => {
      const manifest = JSON.parse(readFileSync(file, 'utf8')) as Record<string, object>;
      const names = ['dependencies', 'devDependencies', 'optionalDependencies']
        .flatMap((kind) => Object.keys(manifest[kind] ?? {}))
        // Types come with the package that they describe.
        .filter((name) => !name.startsWith('@types/'));
      expect(names).not.toEqual([]);
      expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
    },
  );
});
