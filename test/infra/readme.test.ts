import { readFileSync, writeFileSync } from 'node:fs';
import { createBicepParser, type Project, readInfraSources } from './bicep-project';
import { readmeTables, withTables } from './readme-tables';

const path = 'infra/README.md';

describe('infra/README.md', () => {
  const text = readFileSync(path, 'utf8');
  let project: Project;

  beforeAll(async () => {
    project = (await createBicepParser())(readInfraSources());
  });

  // WRITE_TABLES=1 npx jest test/infra/readme.test.ts
  it('has the tables that the files give', () => {
    const wanted = withTables(text, readmeTables(project));
    if (process.env['WRITE_TABLES'] === '1') writeFileSync(path, wanted);
    else expect(text).toBe(wanted);
  });

  it('says why each rule of PSRule is left out', () => {
    const rules = readFileSync('infra/ps-rule.yaml', 'utf8').match(/Azure\.\w+(\.\w+)+$/gm) ?? [];
    const excused = [...text.matchAll(/^\| `(Azure\.\w+(?:\.\w+)+)`/gm)].map(([, rule]) => rule);
    expect(excused.sort()).toEqual([...rules].sort());
    expect(rules.length).toBeGreaterThan(10);
  });

  it('says why each line of a Bicep file is excused from a rule', () => {
    const used = [...project.values()].flatMap(({ source }) =>
      [...source.matchAll(/#disable-next-line (\S+)/g)].map(([, rule]) => rule),
    );
    const excused = [...text.matchAll(/^\| `(BCP\d+|[a-z]+(?:-[a-z]+)+)`/gm)].map(
      ([, rule]) => rule,
    );
    expect([...new Set(excused)].sort()).toEqual([...new Set(used)].sort());
    expect(used.length).toBeGreaterThan(0);
  });
});
