import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createLog,
  logCategory,
  minLevel,
  readHostJson,
  readJsonFile,
} from '../../../local/host/host-files';
import { thrownBy } from '../../support/thrown-by';

describe('createLog', () => {
  function written(colours: boolean) {
    const lines: string[] = [];
    const log = createLog({
      write: (text) => lines.push(text),
      clock: () => new Date(0),
      minLevelOf: (category) => (category === 'Host.General' ? 'information' : 'error'),
      colours,
    });
    return { log, lines };
  }

  it('writes time, level and message, and leaves out what is below the least level of its category', () => {
    const { log, lines } = written(false);
    log('information', 'Host.General', 'usual');
    log('warning', 'Host.General', 'careful');
    log('debug', 'Host.General', 'details');
    log('warning', 'Host.Results', 'of another category');
    log('none', 'Host.General', 'never');
    log.say('said');
    expect(lines).toEqual([
      '[1970-01-01T00:00:00.000Z] usual\n',
      '[1970-01-01T00:00:00.000Z] warning: careful\n',
      '[1970-01-01T00:00:00.000Z] said\n',
    ]);
  });

  it('shows errors red and warnings yellow on a terminal', () => {
    const { log, lines } = written(true);
    log('error', 'Host.General', 'bad');
    log('warning', 'Host.General', 'careful');
    log('information', 'Host.General', 'usual');
    expect(lines.map((line) => line.slice(27))).toEqual([
      '\u001b[31merror: bad\u001b[39m\n',
      '\u001b[33mwarning: careful\u001b[39m\n',
      'usual\n',
    ]);
  });

  it.each([true, false])('lets no escape sequence of a client through (colours: %s)', (colours) => {
    const { log, lines } = written(colours);
    log('information', 'Host.General', 'a\u001b[31mb\rc');
    expect(lines).toEqual(['[1970-01-01T00:00:00.000Z] a\\x1b[31mbc\n']);
  });
});

describe('minLevel', () => {
  const rules = {
    default: 'warning',
    function: 'information',
    'Function.reports': 'error',
    'Function.reports.User': 'trace',
    'Host.Results': 'none',
  } as const;

  it.each([
    ['Function.other', 'information'],
    ['Function.other.User', 'information'],
    ['Function.reports', 'error'],
    ['FUNCTION.REPORTS.user', 'trace'],
    ['Host.Results', 'none'],
    ['Host.Function.Console', 'warning'],
  ])('of %s is that of the longest name which begins it, or the default: %s', (category, level) => {
    expect(minLevel(rules, category)).toBe(level);
  });

  it('is information where host.json says nothing', () => {
    expect(minLevel({}, 'Host.Function.Console')).toBe('information');
  });
});

describe('host.json of this app', () => {
  const { logLevels } = readHostJson('.');

  it.each([
    ['the console of the worker: unreadable sessions, faults of keys', logCategory.console],
    ['the lines that a function logs: the audit', logCategory.user('auth-login')],
    ['one line a request', logCategory.results],
    ['what is wrong at the start', logCategory.startup],
  ])('keeps %s', (_, category) => {
    expect(minLevel(logLevels, category)).toBe('information');
  });

  it('keeps only warnings of the rest', () => {
    expect(minLevel(logLevels, logCategory.general)).toBe('warning');
  });
});

describe('readJsonFile', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'json-'));
    path = join(folder, 'some.json');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['nothing special', '{ "a": "//b" }'],
    ['a byte order mark', '\uFEFF{ "a": "//b" }'],
    ['comments and commas at the end', '// one\n{ "a": "//b", /* two */ }'],
  ])('reads an object with %s', (_, text) => {
    writeFileSync(path, text);
    expect(readJsonFile(path)).toEqual({ a: '//b' });
  });

  it('gives undefined where there is no such file', () => {
    expect(readJsonFile(path)).toBeUndefined();
    expect(readJsonFile(join(path, 'below'))).toBeUndefined();
  });

  it.each([
    [
      'a comma that is missing',
      '{\n  "a": "se-cret"\n  "b": 1\n}',
      "line 3, column 3: .*',' expected",
    ],
    ['a word without quotes', '\uFEFF{ "a": se-cret }', 'line 1, column 8: '],
    ['a brace that is missing', '{ "a": "se-cret"', "line 1, column 17: .*'}' expected"],
    ['single quotes', "{ 'se-cret': 1 }", 'line 1, column 3: .*double quotes'],
    ['nothing', ' \n', 'The file is empty'],
    ['a list with a comma at its end', '["se-cret",]', 'does not hold a JSON object'],
    ['a second object', '{} { "se-cret": 1 }', 'line 1, column 4: .*ended'],
    ['a text that does not end', '{ "a": "se-cret\n}', 'line 1, column 8: .*double quote'],
    ['a list', '["se-cret"]', 'does not hold a JSON object'],
  ])('names the file and the place of %s, and quotes nothing of it', (_, text, reason) => {
    writeFileSync(path, text);
    const error = thrownBy(() => readJsonFile(path)) as Error;
    expect(error.message).toMatch(new RegExp(`some\\.json\\b.*${reason}`));
    expect(error.message).not.toContain('se-cret');
  });

  it('says so when the file cannot be read, and does not take it for missing', () => {
    mkdirSync(path);
    expect(() => readJsonFile(path)).toThrow('some.json cannot be read (EISDIR)');
  });
});
