import { createLog } from '../../../local/functions-host/log';

describe('createLog', () => {
  function written(colours: boolean) {
    const lines: string[] = [];
    const log = createLog({
      write: (text) => lines.push(text),
      clock: () => new Date(0),
      atLeast: 'information',
      colours,
    });
    return { log, lines };
  }

  it('writes time, level and message, and leaves out what is below the least level', () => {
    const { log, lines } = written(false);
    log('information', 'usual');
    log('warning', 'careful');
    log('debug', 'details');
    expect(lines).toEqual([
      '[1970-01-01T00:00:00.000Z] usual\n',
      '[1970-01-01T00:00:00.000Z] warning: careful\n',
    ]);
  });

  it('shows errors red and warnings yellow on a terminal', () => {
    const { log, lines } = written(true);
    log('error', 'bad');
    log('warning', 'careful');
    log('information', 'usual');
    expect(lines.map((line) => line.slice(27))).toEqual([
      '\u001b[31merror: bad\u001b[39m\n',
      '\u001b[33mwarning: careful\u001b[39m\n',
      'usual\n',
    ]);
  });

  it.each([true, false])('lets no escape sequence of a client through (colours: %s)', (colours) => {
    const { log, lines } = written(colours);
    log('information', 'a\u001b[31mb\rc');
    expect(lines).toEqual(['[1970-01-01T00:00:00.000Z] a\\x1b[31mbc\n']);
  });
});
