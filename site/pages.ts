// Every page of the site, in the order of its sidebar: the text of the link, and the file from the root of the repository.
// A page that is not here is not on the site. A test knows which pages must be here.

interface Group {
  readonly text: string;
  readonly pages: readonly (readonly [text: string, file: string])[];
}

export const groups: readonly Group[] = [
  {
    text: 'Start',
    pages: [
      ['Start here', 'docs/start-here.md'],
      ['Add to an app you have', 'docs/existing-app.md'],
      ['Start a new app', 'docs/new-app.md'],
      ['Register in Entra ID', 'docs/register.md'],
    ],
  },
  {
    text: 'Build',
    pages: [
      ['Add an endpoint', 'docs/add-an-endpoint.md'],
      ['Roles and groups', 'docs/roles-and-groups.md'],
      ['Call APIs', 'docs/call-apis.md'],
      ['Bearer tokens', 'docs/bearer-tokens.md'],
      ['MCP servers', 'docs/mcp.md'],
      ['Tenants and External ID', 'docs/tenants.md'],
      ['Front ends', 'docs/front-end.md'],
      ['Sessions and step-up', 'docs/sessions.md'],
      ['Your code at sign-in', 'docs/hooks.md'],
      ['Brand', 'docs/brand.md'],
      ['Test your functions', 'docs/testing.md'],
      ['The local stack', 'docs/local-host.md'],
    ],
  },
  {
    text: 'Run',
    pages: [
      ['Deploy', 'docs/deploy.md'],
      ['Infrastructure', 'infra/README.md'],
      ['Operate', 'docs/operations.md'],
      ['Troubleshooting', 'docs/troubleshooting.md'],
      ['Upgrade', 'docs/upgrade.md'],
    ],
  },
  {
    text: 'Security',
    pages: [
      ['Security', 'docs/security.md'],
      ['Policy and limits', 'SECURITY.md'],
      ['Threat model', 'docs/threat-model.md'],
      ['Conformance', 'docs/conformance.md'],
    ],
  },
  {
    text: 'Reference',
    pages: [
      ['Options', 'docs/options.md'],
      ['Settings', 'docs/settings.md'],
      ['Routes', 'docs/routes.md'],
      ['Errors', 'docs/errors.md'],
      ['Events', 'docs/events.md'],
      ['API', 'docs/api.md'],
      ['Changes', 'CHANGELOG.md'],
    ],
  },
  {
    text: 'Inside',
    pages: [
      ['Architecture', 'docs/ARCHITECTURE.md'],
      ['Performance', 'docs/performance.md'],
      ['Contributing', 'CONTRIBUTING.md'],
      ['Publishing', 'docs/publishing.md'],
      ['001 Backend for frontend', 'docs/decisions/001-backend-for-frontend.md'],
      ['002 Dependencies', 'docs/decisions/002-dependencies.md'],
      ['003 Sessions in Table Storage', 'docs/decisions/003-sessions-in-table-storage.md'],
      ['004 Strict cookies', 'docs/decisions/004-strict-cookies-and-the-hop.md'],
      ['005 One bundle', 'docs/decisions/005-one-bundle.md'],
      ['006 Guards', 'docs/decisions/006-guards.md'],
      ['007 Key ring', 'docs/decisions/007-key-ring.md'],
      ['008 Infrastructure', 'docs/decisions/008-infrastructure.md'],
      ['009 Revalidation', 'docs/decisions/009-revalidation-and-shared-refresh.md'],
      ['010 Package', 'docs/decisions/010-package-and-composition.md'],
    ],
  },
  {
    text: 'Examples',
    pages: [
      ['An app that you have', 'examples/existing-app/README.md'],
      ['Call an API', 'examples/call-an-api/README.md'],
      ['React', 'examples/react/README.md'],
      ['Plain HTML', 'examples/html/README.md'],
    ],
  },
];

const home = 'site/index.md';

export const files: readonly string[] = [
  home,
  ...groups.flatMap(({ pages }) => pages.map(([, file]) => file)),
];

/** The path of a page on the site, with `.md`: `docs/tenants.md` is `tenants.md`, `infra/README.md` is `infra.md`. */
export function sitePath(file: string): string {
  return file
    .replace(/^(?:docs|site)\//, '')
    .replace(/\/README\.md$/, '.md')
    .replace(/^SECURITY/, 'security-policy')
    .toLowerCase();
}
