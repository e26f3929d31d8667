import { readFileSync, writeFileSync } from 'node:fs';
import { numbersOf, refusalRows } from '../../src/entra/refusal-table';
import { factsOf, isErrorCode } from '../../src/error-facts';

/** `UPDATE_DOCS=1 npx jest test/docs/generated-tables` writes the tables into the pages. */
const isUpdate = process.env['UPDATE_DOCS'] === '1';

const actors = { you: 'the person', administrator: 'an administrator', operator: 'an operator' };

type Row = readonly string[];

function tableOf(rows: readonly Row[]): string {
  const widths = (rows[0] ?? []).map((_cell, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return `\n${[lines[0], rule, ...lines.slice(1)].join('\n')}\n\n`;
}

function refusals(): readonly Row[] {
  const rows = refusalRows.map((row) => [
    numbersOf(row).join(', '),
    row.meaning,
    actors[row.actor],
    row.action,
  ]);
  return [['Number', 'The page says', 'Who must act', 'Do'], ...rows];
}

function codes(): readonly Row[] {
  const named = readFileSync('docs/api.md', 'utf8').matchAll(/'(ERR_\w+)'/g);
  const rows = [...new Set([...named].map(([, code = '']) => code))]
    .filter((code) => isErrorCode(code))
    .map((code) => {
      const { status, title } = factsOf(code);
      return [`\`${code}\``, String(status), title];
    });
  return [['Code', 'Status', 'Title'], ...rows];
}

describe.each([
  { path: 'docs/troubleshooting.md', name: 'refusals', rows: refusals() },
  { path: 'docs/errors.md', name: 'codes', rows: codes() },
])('the table of $name in $path', ({ path, name, rows }) => {
  it('is the one in the code', () => {
    const [begin, end] = [`<!-- ${name}: begin -->\n`, `<!-- ${name}: end -->`] as const;
    const page = readFileSync(path, 'utf8');
    const [before = '', rest = ''] = page.split(begin);
    const [table, after = ''] = rest.split(end);
    expect(rows.length).toBeGreaterThan(40);
    if (isUpdate) {
      writeFileSync(path, before + begin + tableOf(rows) + end + after);
      return;
    }
    expect(table).toBe(tableOf(rows));
  });
});

describe('the list of remedies in infra/queries/refusals.kql', () => {
  it('is the one in the code', () => {
    const path = 'infra/queries/refusals.kql';
    const [begin, end] = ['// remedies: begin\n', '// remedies: end'] as const;
    const [before = '', rest = ''] = readFileSync(path, 'utf8').split(begin);
    const [list, after = ''] = rest.split(end);
    const lines = refusalRows.map((row) => {
      // Another test holds that the template has no name of a secret.
      const action = row.action.replaceAll('ENTRA_CLIENT_SECRET', 'the app setting for the secret');
      const cells = [`dynamic(${JSON.stringify(numbersOf(row))})`];
      for (const cell of [actors[row.actor], action]) cells.push(JSON.stringify(cell));
      return `    ${cells.join(', ')},\n`;
    });
    // Kusto allows no comma after the last.
    const wanted = lines.join('').replace(/,\n$/, '\n');
    expect(lines.length).toBeGreaterThan(40);
    if (isUpdate) writeFileSync(path, before + begin + wanted + end + after);
    else expect(list).toBe(wanted);
  });
});
