import { existsSync, globSync, readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { isObject } from '../../src/bodies';
import { eventTable } from '../../src/events';

const text = (path: string): string => readFileSync(path, 'utf8');

/** Parameters of infra/main.bicep in its order: name, type, and the default where it stands in one line. */
const parameters = [...text('infra/main.bicep').matchAll(/^param (\w+) (\S+) = (.+)$/gm)];

describe('infra/bicepconfig.json', () => {
  const configuration: unknown = JSON.parse(text('infra/bicepconfig.json'));

  it('has every rule of the linter as an error, and turns on nothing experimental', () => {
    const rules = at(configuration, 'analyzers', 'core', 'rules');
    const levels = Object.values(isObject(rules) ? rules : {}).map((rule) => at(rule, 'level'));
    expect(levels.length).toBeGreaterThanOrEqual(52);
    expect(new Set(levels)).toEqual(new Set(['error']));
    expect(at(configuration, 'analyzers', 'core', 'enabled')).toBe(true);
    expect(at(configuration, 'experimentalFeaturesEnabled')).toBeUndefined();
  });

  it('pins the Microsoft Graph extension, which two files have', () => {
    expect(at(configuration, 'extensions')).toEqual({
      microsoftGraphV1: 'br:mcr.microsoft.com/bicep/extensions/microsoftgraph/v1.0:1.0.0',
    });
    // So that people without rights in Entra ID can leave it out.
    const files = globSync('infra/**/*.bicep').filter((path) => /^extension /m.test(text(path)));
    expect(files.sort()).toEqual([
      'infra/modules/entra-api.bicep',
      'infra/modules/entra-app.bicep',
    ]);
  });

  it.each(globSync('infra/**/*.{bicep,bicepparam}').sort())('holds for the whole of %s', (path) => {
    // A single line may be excused, with the reason beside it.
    expect(text(path)).not.toMatch(/#disable-(?!next-line )/);
    const excused = [...text(path).matchAll(/^(.*\n.*\n)? *#disable-next-line .*$/gm)];
    for (const [lines] of excused) expect(lines).toContain('// ');
  });
});

describe('the parameter files', () => {
  it.each(globSync('infra/*.bicepparam').sort())('%s gives parameters of the template', (path) => {
    const given = [...text(path).matchAll(/^param (\w+) = (.+)$/gm)];
    expect(given.length).toBeGreaterThan(1);
    for (const [, name = '', value = ''] of given) {
      expect(parameters.map(([, declared]) => declared)).toContain(name);
      // What is written in a file ends up in git.
      if (name === 'packageUri') expect(value).toBe("readEnvironmentVariable('PACKAGE_URI', '')");
    }
  });

  it('the one for production decides what it is for', () => {
    const names =
      'environmentName packageUri customDomain zoneRedundant privateNetwork assignmentRequired alertEmail logRetentionDays';
    const given = text('infra/main.production.bicepparam').matchAll(/^param (\w+)/gm);
    expect([...given].map(([, name]) => name)).toEqual(names.split(' '));
  });

  it('the usual one has the name that azd gives, by which azd finds what it made', () => {
    expect(text('infra/main.bicepparam')).toContain(
      "param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'anteroom')",
    );
  });
});

describe('infra/README.md', () => {
  const readme = text('infra/README.md');

  it('lists every parameter with its default, in the order of the template', () => {
    const table = /<!-- parameters -->([^]*?)<!-- \/parameters -->/.exec(readme)?.[1] ?? '';
    const rows = [...table.matchAll(/^\| `(\w+)` +\| `([^`]+)` /gm)];
    expect(rows.map(([, name]) => name)).toEqual(parameters.map(([, name]) => name));
    for (const [index, [, name, , value = '']] of parameters.entries()) {
      if (/^[[{]$/.test(value)) continue;
      expect({ name, value: rows[index]?.[2] }).toEqual({ name, value });
    }
  });

  it('names only files that are there', () => {
    const links = [...readme.matchAll(/\]\(((?!https?:)[^)#]+)/g)].map(([, to = '']) => to);
    expect(links.length).toBeGreaterThan(0);
    for (const to of links) {
      expect({ to, isThere: existsSync(`infra/${to}`) }).toEqual({ to, isThere: true });
    }
  });

  it('can be read at once', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(251);
  });
});

describe.each([
  ['infra/entra-app.mjs', 'infra/{entra-app,entra-app/*}.mjs', 7],
  ['npm run deploy', 'scripts/{deploy.ts,deploy/*}', 8],
])('%s', (_program, form, count) => {
  it('has at most 700 lines: what az does in one command is left to az', () => {
    const files = globSync(form);
    expect(files).toHaveLength(count);
    const lines = files.flatMap((path) => text(path).trimEnd().split('\n'));
    expect(lines.length).toBeLessThanOrEqual(700);
  });
});

describe('the tests of the templates', () => {
  it('have fewer than 2,000 lines: Bicep is asked, not written again', () => {
    const files = globSync('test/infra/**/*.{ts,bicepparam}');
    const lines = files.flatMap((path) => text(path).trimEnd().split('\n'));
    expect(lines.length).toBeGreaterThan(1000);
    expect(lines.length).toBeLessThan(2000);
  });
});

describe('paths of the registration', () => {
  it.each(['redirect', 'signedOut', 'frontChannelLogout'])('%s is served by the app', (key) => {
    const paths = /^var paths = \{([^]*?)\}/m.exec(text('infra/main.bicep'))?.[1] ?? '';
    const route = new RegExp(`^ +${key}: '/auth/(.+)'$`, 'm').exec(paths)?.[1] ?? 'none';
    const sources = globSync('src/functions/*.{ts,tsx}').map(text);
    expect(sources.some((source) => source.includes(`route: '${route}'`))).toBe(true);
  });
});

describe('azure.yaml', () => {
  const yaml = text('azure.yaml');

  it('deploys the zip that npm run package makes to the app that the template tags', () => {
    const [, zip = 'none'] = /^ {4}dist: (.+)$/m.exec(yaml) ?? [];
    expect(text('scripts/package.mjs')).toContain(`writeFile('${zip}'`);
    const [, service = 'none'] = /^services:\n {2}(\w+):$/m.exec(yaml) ?? [];
    expect(text('infra/modules/function-app.bicep')).toContain(`'azd-service-name': '${service}'`);
    expect(yaml).toMatch(/^ {4}host: function$/m);
    expect(yaml).toMatch(/^ {4}language: custom$/m);
    expect(yaml).toMatch(/^ {4}remoteBuild: false$/m);
  });

  it('builds in a hook of the service: one of the project does not run in azd deploy', () => {
    expect(yaml).not.toMatch(/^hooks:/m);
    const [, hooks = ''] = /^ {4}hooks:\n {6}prepackage:\n([^]*)$/m.exec(yaml) ?? [];
    expect(hooks.match(/run: npm ci && npm run package$/gm)).toHaveLength(2);
  });

  it('uses the template for a resource group', () => {
    expect(yaml).toMatch(/^infra:\n {2}provider: bicep\n {2}path: infra\n {2}module: main$/m);
  });
});

describe('the telemetry that host.json asks for', () => {
  const telemetry = at(JSON.parse(text('host.json')), 'logging', 'applicationInsights');

  it('has no query strings, which carry authorization codes', () => {
    expect(at(telemetry, 'enableQueryStringTracing')).toBe(false);
  });

  it('keeps every request, exception and audit line, however many there are', () => {
    const excluded = String(at(telemetry, 'samplingSettings', 'excludedTypes')).split(';');
    expect(excluded.sort()).toEqual(['Exception', 'Request', 'Trace']);
  });
});

describe('PSRule', () => {
  it('runs over the parameter files, which bring the template with them', () => {
    expect(text('.github/workflows/infra.yml')).toContain('uses: microsoft/ps-rule@');
    const rules = text('infra/ps-rule.yaml');
    expect(rules).toMatch(/^ {2}AZURE_BICEP_PARAMS_FILE_EXPANSION: true$/m);
    expect(rules).toMatch(
      /^ {2}pathIgnore:\n {4}- '\*\*'\n {4}- '!infra\/main\*\.bicepparam'\n(?! {4}-)/m,
    );
  });

  it('leaves no rule out without saying why', () => {
    const [, left = ''] = /^ {2}exclude:\n([^]*)$/m.exec(text('infra/ps-rule.yaml')) ?? [];
    const lines = left.trim().split('\n');
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(line).toMatch(/^ *- Azure(\.\w+)+ # \w.{5,}/);
  });
});

/** Columns of the tables of Application Insights in a workspace: https://learn.microsoft.com/azure/azure-monitor/reference/tables/apptraces */
const columns: Readonly<Record<string, string>> = {
  AppTraces: 'TimeGenerated OperationId ItemCount Message SeverityLevel',
  AppRequests: 'TimeGenerated OperationId ItemCount Name ResultCode DurationMs Success',
  AppDependencies: 'TimeGenerated OperationId ItemCount Name Target DurationMs Success',
  AppExceptions: 'TimeGenerated OperationId ItemCount ExceptionType',
};

describe('the queries of operators', () => {
  const ofDocs = [...text('docs/operations.md').matchAll(/```kusto\n([^]*?)```/g)];
  const queries = [
    ...globSync('infra/queries/*.kql').map((path) => [path, text(path)] as const),
    ...ofDocs.map(([, query = '']) => ['docs/operations.md', query] as const),
  ];
  const [, facts = ''] = /interface EventFacts \{([^]*?)\n\}/.exec(text('src/events.ts')) ?? [];
  const members = [...facts.matchAll(/readonly (\w+)\?/g)].map(([, name]) => name);
  const known = new Set([...members, 'event', 'outcome', 'at', 'request', 'operation', 'level']);
  const outcomes = Object.values(eventTable).flatMap(({ levels }) => Object.keys(levels));

  it('are the thirteen that were read by the parser of Kusto', () => {
    expect(queries).toHaveLength(13);
    expect(known.size).toBeGreaterThan(25);
  });

  it.each(queries)(
    '%s: has only tables, columns, events and members that there are',
    (_, query) => {
      const code = query.replaceAll(/^ *\/\/.*$/gm, '');
      // Strings first: they have words with capitals too.
      const names =
        code.replaceAll(/'[^'\n]*'|"(?:[^"\\\n]|\\.)*"/g, '').match(/\b[A-Z]\w+/g) ?? [];
      const tables = names.filter((name) => name in columns);
      const has = new Set(tables.flatMap((name) => columns[name]?.split(' ') ?? []));
      expect(tables.length).toBeGreaterThan(0);
      expect(names.filter((name) => !(name in columns || has.has(name)))).toEqual([]);
      const read = [...code.matchAll(/\be(?:\.(\w+)|\["(\w+)"\])/g)].map(
        ([, dot, key]) => dot ?? key,
      );
      expect(read.filter((member) => !known.has(member))).toEqual([]);
      // These are words of the language, so they need brackets.
      expect(code).not.toMatch(/\be\.(by|of|kind|count)\b/);
      expect(eventsIn(code).filter((event) => !Object.hasOwn(eventTable, event))).toEqual([]);
      const compared = [...code.matchAll(/e\.outcome [!=]= "([^"]*)"/g)].map(
        ([, outcome]) => outcome,
      );
      expect(compared.filter((outcome) => !outcomes.includes(outcome ?? ''))).toEqual([]);
    },
  );
});

describe('the alert credential', () => {
  it.each([
    ['sign-in refused', 'The provider refuses the app itself'],
    ['refresh refused', 'The provider refuses the app itself'],
    ['app token refused', 'The provider refuses the app itself'],
    ['credential', 'The provider refuses the app itself'],
    ['keys trouble', 'the key ring is out of reach'],
    ['clock', 'the clock is wrong'],
    ['configuration fault', 'a setting has a fault'],
  ])('comes for %s, and its page says so: %s', (name, said) => {
    expect(text('infra/queries/alert-credential.kql')).toContain(`"${name}"`);
    const [, section = ''] =
      /\n### Alert: credential\n([^]*?)\n###/.exec(text('docs/operations.md')) ?? [];
    expect(section).toContain(said);
  });
});

describe('the limits of alerts', () => {
  /** The last condition of a query, which is the same in JavaScript but for `and`. */
  const fires = (alert: string, values: Readonly<Record<string, number>>): boolean => {
    const [, condition = ''] =
      /\n\| where ([\w *>=]+)\s*$/.exec(text(`infra/queries/alert-${alert}.kql`)) ?? [];
    return runInNewContext(condition.replaceAll(' and ', ' && '), { ...values }) === true;
  };

  // The table of docs/operations.md.
  it.each<[string, Record<string, number>, boolean]>([
    ['credential', { times: 0 }, false],
    ['credential', { times: 1 }, true],
    ['no-sign-in', { begun: 4, done: 0 }, false],
    ['no-sign-in', { begun: 5, done: 0 }, true],
    ['no-sign-in', { begun: 4_000, done: 1 }, false],
    ['sign-ins-refused', { failed: 3, everything: 13 }, false],
    ['sign-ins-refused', { failed: 5, everything: 14 }, true],
    ['sign-ins-refused', { failed: 120, everything: 4_120 }, false],
    ['sign-ins-refused', { failed: 800, everything: 4_120 }, false],
    ['sign-ins-refused', { failed: 1_374, everything: 4_120 }, true],
    ['server-errors', { failed: 4, everything: 20 }, false],
    ['server-errors', { failed: 5, everything: 100 }, true],
    ['server-errors', { failed: 1_000, everything: 100_000 }, false],
    ['server-errors', { failed: 2_000, everything: 100_000 }, true],
    ['slow-answers', { answers: 30, slow: 2 }, false],
    ['slow-answers', { answers: 30, slow: 3 }, true],
    ['slow-answers', { answers: 100_000, slow: 4_000 }, false],
    ['slow-answers', { answers: 100_000, slow: 5_000 }, true],
    ['no-sweep', { answers: 4, sweeps: 0 }, false],
    ['no-sweep', { answers: 5, sweeps: 0 }, true],
    ['no-sweep', { answers: 100_000, sweeps: 1 }, false],
  ])('%s at %j: %s', (alert, values, expected) => {
    expect(fires(alert, values)).toBe(expected);
  });
});

/** After `event in (` and `event ==`, and at the beginning of a line of the log. */
function eventsIn(query: string): readonly string[] {
  const lists = [...query.matchAll(/event\)? in \(([^)]*)\)/g)].map(([, list = '']) => list);
  const single = [...query.matchAll(/event(?: [!=]= |":)("[^"]*")/g)].map(([, name = '']) => name);
  return [...lists, ...single].flatMap((found) =>
    [...found.matchAll(/"([^"]*)"/g)].map(([, name = '']) => name),
  );
}

function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((found, key) => (isObject(found) ? found[key] : undefined), value);
}
