import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { slugOf } from '../../site/links';
import { files, sitePath } from '../../site/pages';

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  // A file that was just deleted is tracked still.
  .filter((file) => existsSync(file));
const pages = tracked.filter((file) => file.endsWith('.md'));
const folders = new Set(tracked.flatMap((file) => parentsOf(file)));

function parentsOf(file: string): readonly string[] {
  const parent = dirname(file);
  return parent === '.' ? [parent] : [parent, ...parentsOf(parent)];
}

/** Without code, in which links and headings mean nothing. */
const textOf = (page: string): string => readFileSync(page, 'utf8').replace(/^```[^]*?^```$/gm, '');

/** GitHub numbers headings with the same text: `rotation`, `rotation-1`. */
function anchorsOf(page: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const headings = [...textOf(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => {
    const slug = slugOf(heading.replace(/[`*]|\]\([^)]*\)|\[/g, ''));
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${String(count)}`;
  });
  return new Set(headings);
}

interface Link {
  readonly href: string;
  readonly file: string;
  readonly anchor: string | undefined;
}

function linksOf(page: string): readonly Link[] {
  const text = textOf(page).replace(/`[^`\n]*`/g, '');
  const inMarkdown = [...text.matchAll(/\]\(([^)\s]+)\)/g)];
  const inHtml = [...text.matchAll(/\b(?:src|srcset|href)="([^"]+)"/g)];
  return [...inMarkdown, ...inHtml]
    .map(([, href = '']) => href)
    .filter((href) => !/^(?:[a-z]+:|\/)/.test(href))
    .map((href) => {
      const [path = '', anchor] = href.split('#');
      return { href, file: path === '' ? page : join(dirname(page), path), anchor };
    });
}

const anchors = new Map(pages.map((page) => [page, anchorsOf(page)]));

describe('links in Markdown', () => {
  it('are read', () => {
    expect(pages.flatMap(linksOf).length).toBeGreaterThan(200);
    expect(anchors.get('docs/hooks.md')).toContain('sessiondata');
  });

  it.each(pages)('%s leads to files and headings that there are', (page) => {
    const broken = linksOf(page).filter(({ file, anchor }) => {
      if (!tracked.includes(file) && !folders.has(file.replace(/\/$/, ''))) return true;
      return anchor !== undefined && anchors.get(file)?.has(anchor) !== true;
    });
    expect(broken.map(({ href }) => href)).toEqual([]);
  });
});

describe('the site', () => {
  it('has a page for each file of docs, and no page without a file', () => {
    const wanted = tracked.filter((file) => /^docs\/.*\.md$/.test(file));
    expect(wanted.filter((file) => !files.includes(file))).toEqual([]);
    expect(files.filter((file) => !pages.includes(file))).toEqual([]);
  });

  it('has one address for each', () => {
    const addresses = files.map(sitePath);
    expect(addresses).toEqual([...new Set(addresses)]);
  });

  it('is mapped in the README: each page of the sidebar that an app needs', () => {
    const linked = linksOf('README.md').map(({ file }) => file);
    const inside = /^(?:docs\/decisions|examples|site)\//;
    expect(files.filter((file) => !inside.test(file) && !linked.includes(file))).toEqual([]);
  });

  it('shows each picture of docs/images somewhere', () => {
    const shown = new Set(pages.flatMap((page) => linksOf(page).map(({ file }) => file)));
    const pictures = tracked.filter((file) => file.startsWith('docs/images/'));
    expect(pictures.filter((file) => !shown.has(file))).toEqual([]);
  });
});

describe('TypeScript in the pages of docs', () => {
  const files = tracked.filter((file) => /^examples\/.*\.ts$/.test(file));
  const examples = new Set(files.map((file) => readFileSync(file, 'utf8')));
  /** Checked by other tests: the function that a test builds into the app, and code for packages that are not installed here. */
  const others = /from '(?:\.\.\/auth|@azure\/identity)'/;

  it.each(pages.filter((page) => /^docs\/[\w-]+\.md$/.test(page) && page !== 'docs/api.md'))(
    '%s shows an example as it is, or code that test/package compiles',
    (page) => {
      const blocks = [...readFileSync(page, 'utf8').matchAll(/^```ts\n([^]*?)^```/gm)];
      const unchecked = blocks
        .map(([, code = '']) => code)
        .filter((code) => !examples.has(code) && !/ from 'anteroom\b/.test(code))
        .filter((code) => !others.test(code) && !code.includes("from './auth.js'"));
      expect(unchecked).toEqual([]);
    },
  );
});
