import { existsSync, statSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { files, sitePath } from './pages';

/**
 * The anchor of a heading, as GitHub makes it, so that a link is right in both places.
 * @see https://github.com/Flet/github-slugger
 */
export function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

/** What markdown-it gives to a rule, as far as links need it. */
interface State {
  readonly tokens: readonly { readonly children: readonly Token[] | null }[];
  /** VitePress names the file that it reads; `path` is its place on the site where there is a `realPath`. */
  readonly env: { readonly realPath?: string; readonly path: string };
}

interface Token {
  readonly type: string;
  attrGet(name: string): string | null;
  attrSet(name: string, value: string): void;
}

/**
 * A rule of markdown-it: links between files of the repository become links of the site, or links to the repository.
 * @param root of the repository
 * @param repository its address; without it, links to files that are not on the site become plain text
 */
export function createLinkRule(root: string, repository: string | undefined) {
  return ({ tokens, env }: State): void => {
    const page = relative(root, env.realPath ?? env.path);
    for (const { children } of tokens) {
      let isPlain = false;
      for (const token of children ?? []) {
        if (token.type === 'link_open') {
          const href = token.attrGet('href') ?? '';
          if (/^(?:[a-z]+:|#|\/)/.test(href)) continue;
          const address = addressOf(href, page, { root, repository });
          if (address === undefined) makePlain(token);
          else token.attrSet('href', address);
          isPlain = address === undefined;
        } else if (token.type === 'link_close' && isPlain) {
          makePlain(token);
          isPlain = false;
        }
      }
    }
  };
}

function makePlain(token: Token): void {
  Object.assign(token, { type: 'text', tag: '', nesting: 0, content: '' });
}

function addressOf(
  href: string,
  page: string,
  { root, repository }: { readonly root: string; readonly repository: string | undefined },
): string | undefined {
  const [path = '', hash = ''] = href.split(/(?=#)/);
  const target = resolve(root, dirname(page), decodeURI(path));
  const file = relative(root, target).split(sep).join('/');
  if (files.includes(file)) return `/${sitePath(file)}${hash}`;
  // The README is the map of the pages, which the site has beside every page.
  if (file === 'README.md') return '/index.md';
  if (!existsSync(target)) throw new Error(`${page} links to ${href}, which is not there`);
  const kind = statSync(target).isDirectory() ? 'tree' : 'blob';
  return repository && `${repository}/${kind}/main/${file}${hash}`;
}
