import { globSync, readFileSync } from 'node:fs';

describe.each(globSync('.github/workflows/*.yml').sort())('%s', (path) => {
  const workflow = readFileSync(path, 'utf8').replaceAll(/ *#(?! v\d).*$/gm, '');

  it('names each action by its commit', () => {
    // A tag can be moved to other code after it was read (https://docs.github.com/actions/reference/security/secure-use).
    const used = [...workflow.matchAll(/uses: (.+)$/gm)].map(([, name]) => name);
    expect(used).not.toHaveLength(0);
    for (const name of used) expect(name).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('may read the code and nothing else', () => {
    const permissions = [...workflow.matchAll(/^( *)permissions:(.*)\n(( +[^\n]+\n)*)/gm)];
    expect(permissions.map(([all]) => all.trim())).toEqual(['permissions:\n  contents: read']);
    const checkouts = workflow.match(/actions\/checkout@/g) ?? [];
    expect(workflow.match(/^ {10}persist-credentials: false$/gm)).toHaveLength(checkouts.length);
    expect(workflow).not.toContain('secrets.');
  });

  it('runs for every proposal, with the rights of whoever proposes', () => {
    expect(workflow).toMatch(/^ {2}pull_request:/m);
    expect(workflow).not.toContain('pull_request_target');
  });

  it('is red when a step is', () => {
    expect(workflow).not.toContain('continue-on-error');
    expect(workflow).not.toMatch(/^ +if:/m);
    expect(workflow).not.toMatch(/\|\| *(true|:|exit 0)/);
  });
});
