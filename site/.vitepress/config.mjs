// The site is made of the Markdown of the repository, which GitHub shows as well.
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createLinkRule, slugOf } from '../links.ts';
import { files, groups, sitePath } from '../pages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { GITHUB_SERVER_URL = 'https://github.com', GITHUB_REPOSITORY } = process.env;
/** Links to code lead there. The repository has no public address yet; GitHub Actions knows it once there is one. */
const repository = GITHUB_REPOSITORY && `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`;

const others = globSync('**/*.md', { cwd: root, exclude: (name) => name === 'node_modules' });

export default {
  title: 'Anteroom',
  description: 'Sign-in with Microsoft Entra ID for web apps on Azure Functions.',
  lang: 'en',
  srcDir: '../',
  srcExclude: others.filter((file) => !files.includes(file)),
  rewrites: Object.fromEntries(files.map((file) => [file, sitePath(file)])),
  outDir: './dist',
  cacheDir: './node_modules/.cache',
  // Links to the local stack.
  ignoreDeadLinks: 'localhostLinks',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: icon() }]],
  // Pages lie outside this folder, where nobody finds its packages.
  vite: {
    resolve: {
      alias: [
        fromHere('vue/server-renderer'),
        fromHere('vue', 'vue/dist/vue.runtime.esm-bundler.js'),
      ],
    },
  },
  markdown: {
    // The usual themes have too little contrast for WCAG level AA.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    anchor: { slugify: slugOf },
    config: (md) => md.core.ruler.push('site-links', createLinkRule(root, repository)),
  },
  themeConfig: {
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    externalLinkIcon: true,
    nav: [
      { text: 'Start here', link: '/start-here' },
      { text: 'Settings', link: '/settings' },
      { text: 'Errors', link: '/errors' },
      { text: 'Changes', link: '/changelog' },
    ],
    sidebar: groups.map(({ text, pages }) => ({
      text,
      items: pages.map(([title, file]) => ({
        text: title,
        link: `/${sitePath(file).replace(/\.md$/, '')}`,
      })),
    })),
    ...(repository && { socialLinks: [{ icon: 'github', link: repository }] }),
    footer: { message: 'MIT licence' },
  },
};

function fromHere(name, file = name) {
  return { find: new RegExp(`^${name}$`), replacement: fileURLToPath(import.meta.resolve(file)) };
}

/** The mark of Anteroom, as in the tab of an app: a doorway behind a doorway. */
function icon() {
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0a5968"/><g fill="none" stroke="#fff" stroke-width="2.25" stroke-linecap="round"><path fill="#e9a23b" stroke="none" d="M12 25V16a4 4 0 0 1 8 0v9z"/><path d="M7.5 25V15a8.5 8.5 0 0 1 17 0v10M5 25h22"/></g></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(picture)}`;
}
