import { readHostJson } from '../../../local/host/host-files';
import { createLog, minLevel, logCategory } from '../../../local/host/log';

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
