import { readFileSync, writeFileSync } from 'node:fs';
import { refusalRows } from '../../src/entra/refusal-table';
import { numbersOf } from '../../src/entra/refusals';

/** `UPDATE_DOCS=1 npx jest test/docs/refusal-table` writes the table into the page. */
const isUpdate = process.env['UPDATE_DOCS'] === '1';
const path = 'docs/troubleshooting.md';
const [begin, end] = ['<!-- refusals: begin -->\n', '<!-- refusals: end -->'] as const;

const actors = { you: 'the person', administrator: 'an administrator', operator: 'an operator' };

function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_cell, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return `\n${[lines[0], rule, ...lines.slice(1)].join('\n')}\n\n`;
}

function expectedTable(): string {
  const rows = refusalRows.map((row) => [
    numbersOf(row).join(', '),
    row.meaning,
    actors[row.actor],
    row.action,
  ]);
  return tableOf([['Number', 'The page says', 'Who must act', 'Do'], ...rows]);
}

describe('the table of refusals in docs/troubleshooting.md', () => {
  it('is the one in the code', () => {
    const page = readFileSync(path, 'utf8');
    const [before = '', rest = ''] = page.split(begin);
    const [table, after = ''] = rest.split(end);
    if (isUpdate) {
      writeFileSync(path, before + begin + expectedTable() + end + after);
      return;
    }
    expect(table).toBe(expectedTable());
  });
});
