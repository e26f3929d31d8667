import { bicepChecks, type CheckName } from './bicep-checks';
import { generalMutations } from './bicep-mutations';
import { mainMutations } from './bicep-mutations-main';
import { moduleMutations } from './bicep-mutations-modules';
import { createBicepParser, type Project, readInfraSources, type Sources } from './bicep-project';
import { findSyntaxFaults } from './checks/structure';

const mutations = [...generalMutations, ...mainMutations, ...moduleMutations];

describe('the Bicep files', () => {
  const sources = readInfraSources();
  let parse: (changed: Sources) => Project;
  let project: Project;

  beforeAll(async () => {
    parse = await createBicepParser();
    project = parse(sources);
  });

  it.each(Object.entries(bicepChecks))('%s', (_name, find) => {
    expect(sources.size).toBeGreaterThan(15);
    expect(find(project)).toEqual([]);
  });

  describe.each(Object.keys(bicepChecks) as CheckName[])('the check "%s"', (name) => {
    const layouts = mutations.filter(([check]) => check === name);

    it('has ways to fail', () => {
      expect(layouts.length).toBeGreaterThan(0);
    });

    it.each(layouts)('%s: fails when in %s %s becomes %s', (_check, path, from, to) => {
      const source = sources.get(path) ?? '';
      const broken = source.replace(from, () => to);
      expect(broken).not.toBe(source);
      const changed = new Map([...project, ...parse(new Map([[path, broken]]))]);
      // Only what can be read shows anything about the other checks.
      const isReadable = findSyntaxFaults(changed).length === 0;
      expect(isReadable).toBe(name !== 'reads every file');
      expect(bicepChecks[name](changed)).not.toEqual([]);
    });
  });
});
