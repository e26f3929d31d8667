import { globSync, readFileSync } from 'node:fs';

/** Lines of a workflow, without comments. */
const read = (path: string): string =>
  readFileSync(path, 'utf8').replaceAll(/ *#(?! v\d).*$/gm, '');

describe.each(globSync('.github/workflows/*.yml').sort())('%s', (path) => {
  const text = read(path);

  it('names each action by its commit', () => {
    // A tag can be moved to other code after it was read (https://docs.github.com/actions/reference/security/secure-use).
    const used = [...text.matchAll(/uses: (.+)$/gm)].map(([, name]) => name);
    expect(used).not.toHaveLength(0);
    for (const name of used) expect(name).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('may read the code and nothing else', () => {
    const permissions = [...text.matchAll(/^( *)permissions:(.*)\n(( +[^\n]+\n)*)/gm)];
    expect(permissions.map(([all]) => all.trim())).toEqual(['permissions:\n  contents: read']);
    const checkouts = text.match(/actions\/checkout@/g) ?? [];
    expect(text.match(/^ {10}persist-credentials: false$/gm)).toHaveLength(checkouts.length);
    expect(text).not.toContain('secrets.');
  });

  it('runs for every proposal, with the rights of whoever proposes', () => {
    expect(text).toMatch(/^ {2}pull_request:/m);
    expect(text).not.toContain('pull_request_target');
  });

  it('is red when a step is', () => {
    expect(text).not.toContain('continue-on-error');
    expect(text).not.toMatch(/^ +if:/m);
    expect(text).not.toMatch(/\|\| *(true|:|exit 0)/);
  });
});

it('the workflow of infra compiles, lints and runs PSRule over the parameter files', () => {
  const text = read('.github/workflows/infra.yml');
  expect(text).toMatch(/^ {8}run: infra\/scripts\/lint\.sh$/m);
  expect(text).toContain('uses: microsoft/ps-rule@');
  expect(text).toMatch(/^ {10}option: infra\/ps-rule\.yaml$/m);
  expect(text).toMatch(/^ {10}inputPath: infra\/$/m);
  const rules = read('infra/ps-rule.yaml');
  expect(rules).toMatch(/^ {2}AZURE_BICEP_PARAMS_FILE_EXPANSION: true$/m);
  expect(rules).toMatch(
    /^ {2}pathIgnore:\n {4}- '\*\*'\n {4}- '!infra\/main\*\.bicepparam'\n(?! {4}-)/m,
  );
});
