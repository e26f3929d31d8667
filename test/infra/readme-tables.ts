import type { BicepFile, Project } from './bicep-project';
import { apiVersions } from './checks/api-versions';
import { roleTable } from './checks/roles';

/** The tables of infra/README.md that are made from the files, by the name of their marks. */
export function readmeTables(project: Project): ReadonlyMap<string, string> {
  const main = project.get('infra/main.bicep');
  if (main === undefined) throw new Error('there is no infra/main.bicep');
  return new Map([
    ['parameters', parameterTable(main)],
    ['outputs', outputTable(main)],
    ['roles', roleRows()],
    ['types', typeTable()],
  ]);
}

/** The text with each table put between its marks, `<!-- name -->` and `<!-- /name -->`. */
export function withTables(text: string, tables: ReadonlyMap<string, string>): string {
  let result = text;
  for (const [name, table] of tables) {
    const between = new RegExp(`(<!-- ${name} -->\n)[^]*?(\n<!-- /${name} -->)`);
    if (!between.test(result)) throw new Error(`infra/README.md has no marks for ${name}`);
    result = result.replace(
      between,
      (_all, open: string, close: string) => `${open}\n${table}\n${close}`,
    );
  }
  return result;
}

function parameterTable({ parameters }: BicepFile): string {
  const rows = parameters.map(({ name, type, fallback, description = '', decorators }) => [
    `\`${name}\``,
    allowedValues(decorators) ?? type,
    fallback === undefined ? 'required' : `\`${fallback.replaceAll(/\s+/g, ' ')}\``,
    description.replace(/^(Optional|Conditional|Required)\. /, ''),
  ]);
  return table(['parameter', 'values', 'default', 'meaning'], rows);
}

function allowedValues(decorators: readonly string[]): string | undefined {
  const list = decorators.map((text) => /^@allowed\(\[(.*)\]\)$/.exec(text)?.[1]).find(Boolean);
  if (list !== undefined) return list.replaceAll("'", '').replaceAll(', ', ' or ');
  const bound = (name: string): string | undefined =>
    decorators.map((text) => new RegExp(`^@${name}\\((-?\\d+)\\)$`).exec(text)?.[1]).find(Boolean);
  const [low, high] = [bound('minValue'), bound('maxValue')];
  return low === undefined || high === undefined ? undefined : `${low} to ${high}`;
}

function outputTable({ outputs }: BicepFile): string {
  const rows = outputs.map(({ name, description = '' }) => [`\`${name}\``, description]);
  return table(['output', 'what it is'], rows);
}

function roleRows(): string {
  const rows = Object.values(roleTable).map(({ title, id, on }) => [title, `\`${id}\``, on]);
  return table(['role', 'id', 'on'], rows);
}

function typeTable(): string {
  const rows = Object.entries(apiVersions).map(([type, [version, folder]]) => {
    const graph = type.startsWith('Microsoft.Graph/');
    const path = graph ? `${folder}/types.json` : `${folder}/${version}/types.json`;
    return [`\`${type}@${version}\``, graph ? 'msgraph-bicep-types' : 'azapi', `\`${path}\``];
  });
  return table(['type', 'looked up in', 'file'], rows);
}

/** As prettier writes tables. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const escaped = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_title, column) =>
    Math.max(3, ...[head, ...escaped].map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...escaped.map(line)].join(
    '\n',
  );
}
