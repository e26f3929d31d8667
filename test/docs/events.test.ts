import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { minLevel } from '../../local/host/host-files';
import { type EventName, eventTable, isKept } from '../../src/events';

/** `UPDATE_DOCS=1 npx jest test/docs/events` writes the table into the page. */
const isUpdate = process.env['UPDATE_DOCS'] === '1';
const path = 'docs/events.md';
const [begin, end] = ['<!-- events: begin -->\n', '<!-- events: end -->'] as const;

const source = readFileSync('src/events.ts', 'utf8');
const elsewhere = globSync('src/**/*.{ts,tsx}')
  .filter((file) => !file.endsWith('events.ts'))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

function expectedTable(): string {
  const rows = Object.entries(eventTable).map(([name, { when, levels }]) => [
    `\`${name}\``,
    Object.entries(levels)
      .map(([outcome, level]) => `\`${outcome}\` (${level})`)
      .join(', '),
    when,
  ]);
  const all = [['Event', 'Outcomes', 'What happened'], ...rows];
  const widths = [0, 1, 2].map((at) => Math.max(...all.map((row) => row[at]?.length ?? 0)));
  const lines = all.map(
    (row) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`,
  );
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return `\n${[lines[0], rule, ...lines.slice(1)].join('\n')}\n\n`;
}

describe('docs/events.md', () => {
  it('has the table of the code', () => {
    const page = readFileSync(path, 'utf8');
    const [before = '', rest = ''] = page.split(begin);
    const [table, after = ''] = rest.split(end);
    if (isUpdate) {
      writeFileSync(path, before + begin + expectedTable() + end + after);
      return;
    }
    expect(table).toBe(expectedTable());
  });

  it('names every member', () => {
    const page = readFileSync(path, 'utf8');
    const [, facts = ''] = /interface EventFacts \{([^]*?)\n\}/.exec(source) ?? [];
    const members = [...facts.matchAll(/readonly (\w+)\?/g)].map(([, name]) => name ?? '');
    expect(members.length).toBeGreaterThan(15);
    for (const name of [...members, 'at', 'request', 'operation']) {
      expect(page).toContain(`\`${name}\``);
    }
  });

  it('names what the console leaves out', () => {
    const [, sentence = ''] = /It leaves out ([^.]*)\./.exec(readFileSync(path, 'utf8')) ?? [];
    const named = [...sentence.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
    const names = Object.keys(eventTable) as EventName[];
    expect(named).toEqual(names.filter((name) => !isKept(name)));
  });

  it('names each way in which sessions end', () => {
    const page = readFileSync(path, 'utf8');
    const [, action = ''] =
      /readonly why:([^]*?);/.exec(readFileSync('src/sign-in/ending.ts', 'utf8')) ?? [];
    const ways = [...action.matchAll(/'([^']+)'/g)].map(([, way]) => way ?? '');
    expect(ways.length).toBeGreaterThan(10);
    for (const way of ways) expect(page).toContain(`\`${way}\``);
  });
});

describe('the table of events', () => {
  it.each(Object.keys(eventTable))('has %s, which some code tells', (name) => {
    const isTold = [elsewhere, source].some((text) => text.includes(`event: '${name}'`));
    const isNamed = elsewhere.includes(`event = '${name}'`);
    expect(isTold || isNamed).toBe(true);
  });

  it('has only levels that the host keeps', () => {
    const host = JSON.parse(readFileSync('host.json', 'utf8')) as {
      readonly logging: {
        readonly logLevel: Parameters<typeof minLevel>[0];
        readonly applicationInsights: { readonly samplingSettings: { excludedTypes: string } };
      };
    };
    const page = readFileSync(path, 'utf8');
    // What a function writes, what events outside of requests are written to, and the requests.
    for (const category of ['Function.auth-login.User', 'Host.Function.Console', 'Host.Results']) {
      expect(minLevel(host.logging.logLevel, category)).toBe('Information');
      expect(page).toContain(`- \`${category.replace(/^Function\..*/, 'Function')}\`:`);
    }
    const { excludedTypes } = host.logging.applicationInsights.samplingSettings;
    expect(excludedTypes.split(';')).toEqual(expect.arrayContaining(['Trace', 'Request']));
    const levels = Object.values(eventTable).flatMap((row) => Object.values(row.levels));
    expect(new Set(levels)).toEqual(new Set(['info', 'warn', 'error']));
  });
});
