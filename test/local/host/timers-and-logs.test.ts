import { send } from './support/send';
import { type HostProcess, startHost } from './support/start-host';

const json = [['Content-Type', 'application/json']] as const;

describe('timers', () => {
  let host: HostProcess;

  beforeAll(async () => {
    host = await startHost('usual');
  });

  afterAll(async () => {
    await host.stop();
  });

  async function ticks(): Promise<{ tick: unknown[]; second: unknown[] }> {
    return (await send(host.port, '/ticks')).json() as { tick: unknown[]; second: unknown[] };
  }

  it('run on their schedule, which may come from a setting', async () => {
    await host.saw('(second ');
    const { second, tick } = await ticks();
    // The real host keeps no status of a timer that runs more often than once a minute.
    expect(second[0]).toEqual({
      schedule: { adjustForDST: true },
      scheduleStatus: null,
      isPastDue: false,
    });
    expect(tick).toEqual([]);
  });

  it('run on demand and get what the real host gives them', async () => {
    const answer = await send(host.port, '/admin/functions/TICK', {
      method: 'POST',
      headers: json,
      body: '{}',
    });
    expect(answer.status).toBe(202);
    await host.saw('timer succeeded');
    await host.saw(': ticked');
    const year = new Date().getUTCFullYear() + 1;
    expect((await ticks()).tick).toEqual([
      {
        schedule: { adjustForDST: true },
        scheduleStatus: {
          last: expect.any(String) as string,
          next: `${year}-01-01T00:00:00.000Z`,
          lastUpdated: expect.any(String) as string,
        },
        isPastDue: false,
      },
    ]);
  });

  it.each([
    ['an unknown name', 404, 'nobody', json, '{}'],
    ['an HTTP function', 404, 'echo', json, '{}'],
    [
      'another type, which any page could send',
      415,
      'tick',
      [['Content-Type', 'text/plain']],
      '{}',
    ],
    ['no JSON', 400, 'tick', json, 'x'],
    ['no body', 400, 'tick', json, ''],
  ] as const)('are not started on demand with %s: %i', async (_, status, name, headers, body) => {
    const answer = await send(host.port, `/admin/functions/${name}`, {
      method: 'POST',
      headers: [...headers, ['Content-Length', String(body.length)]],
      body,
    });
    expect(answer.status).toBe(status);
  });

  it('need the key that the host prints, with --enableAuth', async () => {
    const keyed = await startHost('usual', { args: ['--enableAuth'] });
    await keyed.saw('x-functions-key: ');
    const [, key = ''] = /x-functions-key: ([\w-]{43})\n/.exec(keyed.output()) ?? [];
    const start = (headers: readonly (readonly [string, string])[], query = '') =>
      send(keyed.port, `/admin/functions/tick${query}`, {
        method: 'POST',
        headers: [...json, ['Content-Length', '2'], ...headers],
        body: '{}',
      });
    const answers = [
      await start([]),
      await start([['x-functions-key', 'another']]),
      await start([['x-functions-key', key]]),
      await start([], `?code=${key}`),
    ];
    await keyed.stop();
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 202, 202]);
  });

  it('with a schedule that cannot be read are not loaded', () => {
    expect(host.output()).toContain(`The 'brokenTimer' function is in error`);
  });
});

describe('the log', () => {
  let host: HostProcess;

  beforeAll(async () => {
    host = await startHost('usual');
  });

  afterAll(async () => {
    await host.stop();
  });

  it('lists the functions with their URLs at the start', async () => {
    const url = `http://localhost:${host.port}`;
    await host.saw(`The app is ready at ${url}`);
    expect(host.output()).toContain(`\tpostOnly: [POST] ${url}/post-only\n`);
    expect(host.output()).toContain('\ttick: timerTrigger\n');
  });

  it('has what a function logs, with its level and the function', async () => {
    await send(host.port, '/logs');
    await host.saw('GET /logs 200');
    expect(host.output()).toMatch(/Z\] {3}logs [0-9a-f]{8}: said by log \{ a: 1 \}\n/);
    expect(host.output()).toMatch(/Z\] warning: {3}logs [0-9a-f]{8}: said by warn\n/);
    expect(host.output()).toMatch(/Z\] error: {3}logs [0-9a-f]{8}: said by error\n/);
    expect(host.output()).not.toContain('said by debug');
  });

  it('has console.error at the level information', async () => {
    await send(host.port, '/logs');
    await host.saw('said by console.error');
    expect(host.output()).toMatch(/Z\] said by console\.error\n/);
  });

  it('has one line a request, without query, cookies and anything that breaks lines', async () => {
    await send(host.port, '/echo/a%0Ab%1B[31m?code=very-secret', {
      headers: [['Cookie', 'session=very-secret']],
    });
    await host.saw('(echo ');
    expect(host.output()).toMatch(
      /Z\] GET \/echo\/a%0Ab%1B%5B31m 200 \d+ms \(echo [0-9a-f]{8}\)\n/,
    );
    expect(host.output()).not.toContain('very-secret');
  });

  it('obeys logging.logLevel of host.json: the longest name that begins a category decides', async () => {
    const levels = await startHost('levels');
    for (const path of ['/loud', '/quiet']) {
      expect((await send(levels.port, path)).status).toBe(500);
    }
    await levels.saw('thrown by quiet');
    await levels.stop();
    const output = levels.output();
    for (const line of [
      'debug of loud',
      'information of loud',
      'thrown by loud',
      'error of quiet',
    ]) {
      expect(output).toContain(line);
    }
    for (const line of ['debug of quiet', 'information of quiet', 'console of', 'GET /loud']) {
      expect(output).not.toContain(line);
    }
    // What `func` prints beside the log is there whatever the levels.
    expect(output).toContain('\tloud: [GET,POST]');
    expect(output).toContain('The app is ready at');
  });

  it('has everything with --verbose, whatever host.json says', async () => {
    const verbose = await startHost('levels', { args: ['--verbose'] });
    await send(verbose.port, '/quiet');
    await verbose.saw('GET /quiet 500');
    await verbose.stop();
    expect(verbose.output()).toContain('debug of quiet');
    expect(verbose.output()).toContain('console of quiet');
  });

  it('has debug lines with --verbose', async () => {
    const verbose = await startHost('usual', { args: ['--verbose'] });
    await send(verbose.port, '/logs');
    await verbose.saw('said by debug');
    await verbose.stop();
  });
});
