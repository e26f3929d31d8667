import { globSync, readFileSync } from 'node:fs';

const read = (path: string): string =>
  readFileSync(path, 'utf8').replaceAll(/ *#(?! v\d).*\n/g, '\n');

/** What a job may do more than read the code, and why it must. */
const rights: Readonly<Record<string, readonly string[]>> = {
  // Findings go to the Security tab.
  '.github/workflows/codeql.yml': ['contents: read security-events: write'],
  // npm and the attestations ask who signs; the last job makes the release and adds its files.
  '.github/workflows/release.yml': [
    'contents: read id-token: write attestations: write',
    'contents: write',
  ],
};

const paths = globSync('.github/workflows/*.yml')
  .map((path) => path.replaceAll('\\', '/'))
  .sort();

describe.each(paths)('%s', (path) => {
  const workflow = read(path);

  it('names each action by its commit', () => {
    // A tag can be moved to other code after it was read (https://docs.github.com/actions/reference/security/secure-use).
    const used = [...workflow.matchAll(/uses: (.+)$/gm)].map(([, name]) => name);
    expect(used).not.toHaveLength(0);
    for (const name of used) {
      expect(name).toMatch(/^[\w-]+\/[\w-]+(?:\/[\w-]+)?@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  it('may read the code, and each job no more than what is listed here', () => {
    const permissions = [...workflow.matchAll(/^( *)permissions:(.*)\n((?:\1 +[^\n]*\n|\n)*)/gm)];
    const [ofAll, ...ofJobs] = permissions.map(([, indent, same, lines = '']) => ({
      isOfAll: indent === '',
      text: `${same ?? ''}${lines}`.trim().replaceAll(/\s+/g, ' '),
    }));
    expect(ofAll).toEqual({ isOfAll: true, text: 'contents: read' });
    expect(ofJobs.map(({ text }) => text)).toEqual(rights[path] ?? []);
    const checkouts = workflow.match(/actions\/checkout@/g) ?? [];
    expect(workflow.match(/^ {10}persist-credentials: false$/gm) ?? []).toHaveLength(
      checkouts.length,
    );
    expect(workflow).not.toContain('secrets.');
  });

  it('runs for every proposal, with the rights of whoever proposes; a release for its tag alone', () => {
    const isRelease = path.endsWith('/release.yml');
    const trigger = isRelease ? /^on:\n {2}push:\n {4}tags: \['v\*'\]\n\n/m : /^ {2}pull_request:/m;
    expect(workflow).toMatch(trigger);
    expect(workflow).not.toContain('pull_request_target');
  });

  it('is red when a step is', () => {
    expect(workflow).not.toContain('continue-on-error');
    expect(workflow).not.toMatch(/^ +if:/m);
    expect(workflow).not.toMatch(/\|\| *(true|:|exit 0)/);
  });
});

describe('a release', () => {
  const [, ...jobs] = read('.github/workflows/release.yml').split(/^ {2}(?=[a-z]+:\n {4}\w)/m);
  const job = (name: string): string => jobs.find((text) => text.startsWith(`${name}:`)) ?? '';

  it('is built and tested by a job without rights, of a tag that is the version', () => {
    const build = job('build');
    expect(build).not.toContain('permissions:');
    const steps = ['npm ci', '= "$GITHUB_REF_NAME"', 'npm test', 'npm run package', 'npm pack'];
    const places = steps.map((step) => build.indexOf(step));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    // A cache is written by other runs.
    expect(build).not.toMatch(/^ +cache:/m);
  });

  it('is signed and published by jobs that run nothing of ours, and nothing that npm installs', () => {
    const withRights = jobs.filter((text) => text.includes(': write'));
    expect(withRights.map((text) => text.split(':')[0])).toEqual(['publish', 'release']);
    for (const text of withRights) {
      expect(text).not.toMatch(/actions\/checkout|npm (?:ci|run|test|exec)|npx|node scripts/);
      for (const [line] of text.matchAll(/npm (?:install|publish).*/g)) {
        expect(line).toMatch(/^npm install --global npm@[\d.]+$|--ignore-scripts$/);
      }
    }
  });

  it('has provenance: both packages for npm, and the zip with the list of what is in it', () => {
    const publish = job('publish');
    expect(publish.match(/npm publish .* --provenance --access public/g)).toHaveLength(2);
    expect(publish.match(/subject-path: release\/anteroom\.zip\n/g)).toHaveLength(2);
    expect(publish).toContain('sbom-path: release/main.sbom.json\n');
    expect(publish).toContain('environment: release\n');
    expect(job('release')).toMatch(/^ {4}needs: publish$/m);
  });
});

describe('.github/dependabot.yml', () => {
  const config = read('.github/dependabot.yml');

  it('looks at the actions and at each folder that has a lock file', () => {
    const locks = globSync('{package-lock.json,*/package-lock.json}');
    const folders = locks.map((path) => `'/${path.replace(/\/?package-lock\.json$/, '')}'`);
    expect(config).toContain(`directories: [${folders.sort().join(', ')}]\n`);
    expect(config).toContain('package-ecosystem: github-actions\n');
  });

  it('waits a week before it proposes a new version', () => {
    const ecosystems = config.match(/package-ecosystem:/g) ?? [];
    expect(config.match(/cooldown:\n {6}default-days: 7\n/g)).toHaveLength(ecosystems.length);
  });
});
