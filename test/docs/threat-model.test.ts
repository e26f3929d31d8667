import { existsSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { declares, functionsIn, isFile, pathOf, quotedIn } from './declared-names';

const read = (page: string): string => readFileSync(page, 'utf8');
const threats = read('docs/threat-model.md');

const states = ['met', 'partly', 'not met', 'provider', 'does not apply'];

/** Tests as the pages name them: the file, then titles in “ ”. */
function testsIn(text: string): readonly (readonly [file: string, title: string])[] {
  const named = [...text.matchAll(/`(test\/[^`]+\.test\.ts)`((?:,? “[^”]+”)+)/g)];
  return named.flatMap(([, file = '', titles = '']) =>
    [...titles.matchAll(/“([^”]+)”/g)].map(
      // Markdown escapes what would be emphasis.
      ([, title = '']) => [file, title.replace(/\\(?=[_*[\]<])/g, '')] as const,
    ),
  );
}

/** Titles of a file: those of `it` and `describe`, and the first text in each row of `each`. */
function titlesOf(file: string): ReadonlySet<string> {
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest);
  const titles = new Set<string>();
  const add = (node: ts.Node | undefined): void => {
    if (node !== undefined && ts.isStringLiteralLike(node)) titles.add(node.text);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(?:it|describe)\b/.test(node.expression.getText(source))) {
      const [first] = node.arguments;
      add(first);
      if (first !== undefined && ts.isArrayLiteralExpression(first)) {
        for (const row of first.elements) {
          add(ts.isArrayLiteralExpression(row) ? row.elements[0] : row);
        }
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return titles;
}

/** The cells of each row that names a state. */
const requirementsIn = (text: string): readonly (readonly string[])[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .filter(
      (cells) => cells.length === 5 && cells[2] !== 'State' && !/^:?-+$/.test(cells[2] ?? ''),
    );

/** The pages name the same files, and parsing takes time. */
const known = new Map<string, ReadonlySet<string>>();

const pages = ['docs/threat-model.md', 'docs/conformance.md'];

describe.each(pages)('%s', (page) => {
  const text = read(page);

  it('names tests that there are, each by its file and title', () => {
    const tests = testsIn(text);
    expect(tests.length).toBeGreaterThan(30);
    const gone = tests.filter(([file, title]) => {
      const titles = known.get(file) ?? (existsSync(file) ? titlesOf(file) : new Set<string>());
      known.set(file, titles);
      return !titles.has(title);
    });
    expect(gone).toEqual([]);
  });

  it('names no test without its title', () => {
    const files = quotedIn(text).filter((quoted) => quoted.endsWith('.test.ts'));
    const titled = [...text.matchAll(/`test\/[^`]+\.test\.ts` “/g)];
    expect(titled).toHaveLength(files.length);
  });

  it('names files and functions that there are', () => {
    const files = quotedIn(text).filter((quoted) => isFile(quoted));
    expect(files.filter((file) => !existsSync(pathOf(file)))).toEqual([]);
    expect(functionsIn(text).filter(([file, name]) => !declares(pathOf(file), name))).toEqual([]);
  });

  it('says of each requirement whether it is met, and by which test, or why not', () => {
    const rows = requirementsIn(text);
    expect(rows.length).toBeGreaterThan(30);
    for (const [number = '', , state = '', where = '', test = ''] of rows) {
      expect([number, states.includes(state)]).toEqual([number, true]);
      if (state === 'met' || state === 'partly') {
        expect([number, testsIn(test).length > 0]).toEqual([number, true]);
      }
      if (state !== 'met' && state !== 'provider') expect([number, where]).not.toContain('');
    }
  });
});

describe('docs/threat-model.md', () => {
  it('has every requirement of the three chapters of ASVS 5.0', () => {
    // How many each section has: https://github.com/OWASP/ASVS/tree/master/5.0/en
    const chapters: readonly (readonly [chapter: number, counts: readonly number[]])[] = [
      [7, [3, 4, 2, 5, 3, 2]],
      [9, [3, 4]],
      [10, [2, 3, 5, 16, 5, 2, 3]],
    ];
    const all = chapters.flatMap(([chapter, counts]) =>
      counts.flatMap((count, section) =>
        Array.from({ length: count }, (_, index) => `${chapter}.${section + 1}.${index + 1}`),
      ),
    );
    const asvs = threats.slice(threats.indexOf('## OWASP ASVS'));
    expect(requirementsIn(asvs).map(([number]) => number)).toEqual(all);
  });

  it('names a control and a test for each threat', () => {
    const [, flows = ''] = /## Threats, flow by flow\n([^]*?)\n## /.exec(threats) ?? [];
    const rows = flows.split('\n').filter((line) => /^\| (?!Flow |-)/.test(line));
    expect(rows.length).toBeGreaterThan(30);
    expect(rows.filter((row) => testsIn(row).length === 0)).toEqual([]);
  });
});
