import { globSync, readFileSync } from 'node:fs';
import { numbersOf, refusalRows } from '../../src/entra/refusal-table';

const read = (file: string): string => readFileSync(file, 'utf8');

/** Names in the first column of the table that stands between `<!-- name -->` and `<!-- /name -->`. */
function rowsOf(page: string, name: string): readonly string[] {
  const [, table = ''] = new RegExp(`<!-- ${name} -->([^]*?)<!-- /${name} -->`).exec(page) ?? [];
  return [...table.matchAll(/^\| `(\w+)`/gm)].map(([, row = '']) => row);
}

describe('docs/options.md', () => {
  it.each(['AnteroomOptions', 'GuardOptions'])('has a row for each member of %s', (name) => {
    const declaration = new RegExp(`^export interface ${name}\\b.*\\{\\n([^]*?)^\\}`, 'm');
    const [, body = ''] = declaration.exec(read('docs/api.md')) ?? [];
    const members = [...body.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, member]) => member);
    expect(members.length).toBeGreaterThan(3);
    expect(rowsOf(read('docs/options.md'), name)).toEqual(members);
  });
});

describe('docs/routes.md', () => {
  it('has a row for each function that answers an address', () => {
    const sources = globSync('src/functions/*.{ts,tsx}').map(read).join('\n');
    const routes = [...sources.matchAll(/\broute: '\/?([^']+)'/g)]
      .map(([, route = '']) => route)
      // Neither the home page's route nor that of everything else is below `auth`.
      .filter((route) => route !== '/' && route !== '{*path}');
    const page = read('docs/routes.md');
    expect(routes.length).toBeGreaterThan(15);
    expect(
      routes.filter(
        (route) => !page.includes(`\`/auth/${route}\``) && !page.includes(`\`/${route}\``),
      ),
    ).toEqual([]);
  });
});

describe('docs/register.md', () => {
  const page = read('docs/register.md');
  const template = read('infra/modules/entra-app.bicep');

  it('names the addresses that the template registers', () => {
    const paths = /^var paths = \{([^]*?)\}/m.exec(read('infra/main.bicep'))?.[1] ?? '';
    const found = [...paths.matchAll(/'(\/auth\/[\w-]+)'/g)].map(([, path = '']) => path);
    expect(found).toHaveLength(3);
    expect(found.filter((path) => !page.includes(`\`https://app.contoso.com${path}\``))).toEqual(
      [],
    );
  });

  it('names the optional claims that the template adds to ID tokens', () => {
    const [, claims = ''] = /idToken: map\(\[([^\]]*)\]/.exec(template) ?? [];
    const found = [...claims.matchAll(/'(\w+)'/g)].map(([, name = '']) => name);
    expect(found.length).toBeGreaterThan(2);
    expect(found.filter((name) => !page.includes(`| \`${name}\``))).toEqual([]);
  });

  it('names numbers that the app explains', () => {
    const known = refusalRows.flatMap(numbersOf);
    const named = page.match(/AADSTS\d+/g) ?? [];
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((number) => !known.includes(number))).toEqual([]);
  });
});
