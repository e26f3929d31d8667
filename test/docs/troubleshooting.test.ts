import { readFileSync } from 'node:fs';
import { type ErrorCode, factsOf } from '../../src/error-facts';
import { accounts, signIn, startJourney } from '../support/journey';
import type { TestStack } from '../support/start-stack';

const page = readFileSync('docs/troubleshooting.md', 'utf8');
const source = readFileSync('src/error-facts.ts', 'utf8');
const codes = [...source.matchAll(/^ {2}(ERR_\w+): \{/gm)].map(([, code]) => code as ErrorCode);

/** The first cell of every row. */
const firstCells = page
  .split('\n')
  .flatMap((line) => (line.startsWith('|') ? [line.split('|')[1]?.trim() ?? ''] : []));

describe('docs/troubleshooting.md', () => {
  it('knows the codes of the app', () => {
    expect(codes).toEqual(expect.arrayContaining(['ERR_SETTINGS', 'ERR_INTERNAL']));
  });

  it.each(codes)('has a row for %s, with the title that one sees', (code) => {
    expect(firstCells.join('\n')).toContain(`"${factsOf(code).title}" (\`${code}\`)`);
  });

  it('names no code that the app does not have', () => {
    const named = [...page.matchAll(/ERR_\w+/g)].map(([code]) => code);
    expect(named.filter((code) => !codes.some((known) => known === code))).toEqual([]);
  });

  const tables = readFileSync('local/tables/live-tables.ts', 'utf8');
  const answers = [...tables.matchAll(/^ {4}code: '(\w+)'/gm)].map(([, code]) => code ?? '');

  it.each(answers.map((code) => code.replace('TableNotFound', 'there is no table')))(
    'says what to do when the table answered %s',
    (code) => {
      expect(firstCells.find((cell) => cell.startsWith('`') && cell.includes(code))).toBeDefined();
    },
  );

  describe('on 127.0.0.1', () => {
    let stack: TestStack;
    beforeAll(async () => {
      stack = await startJourney();
    });
    afterAll(() => stack.stop());

    it('is right that one signs in, and lands on the name in APP_BASE_URL', async () => {
      const app = stack.apps[0]?.url ?? '';
      const elsewhere = app.replace('localhost', '127.0.0.1');
      const { administrator } = accounts(stack);
      const { page: landed } = await signIn(elsewhere, administrator, '/auth/me');
      expect(landed.url.href).toBe(`${app}/auth/me`);
      expect(landed.text).toContain(administrator);
    });
  });
});
