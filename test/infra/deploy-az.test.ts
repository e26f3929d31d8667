import { EventEmitter } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AzFailure, type AzSurroundings, createAz } from '../../local/deploy/az';
import { createClock } from '../../local/deploy/clock';
import { hideSecrets } from '../../local/deploy/hide-secrets';
import { onInterrupt } from '../../local/deploy/on-interrupt';
import { printable } from '../../local/deploy/printable';
import { quoteForCmd } from '../../local/deploy/quote-for-cmd';
import { quoteForShell } from '../../local/deploy/quote-for-shell';
import { workThatEnds } from '../support/work-that-ends';
import { type AzAnswer, createScriptedAz, type ScriptedAz } from './scripted-az';

describe('az', () => {
  const all: ScriptedAz[] = [];
  let scripted: ScriptedAz | undefined;
  const stop = new AbortController();

  afterEach(() => {
    for (const each of all.splice(0)) each.remove();
  });

  function create(answers: readonly AzAnswer[]): ScriptedAz {
    const created = createScriptedAz(answers);
    all.push(created);
    return created;
  }

  function az(answer: AzAnswer, surroundings: Partial<AzSurroundings> = {}) {
    scripted = create([answer]);
    const env = { PATH: scripted.path };
    return createAz({
      subscription: undefined,
      env,
      interrupt: stop.signal,
      platform: 'linux',
      ...surroundings,
    });
  }

  it('gives JSON parsed and anything else as text', async () => {
    expect(await az({ command: 'a', stdout: { b: 1 } })(['a'])).toEqual({ b: 1 });
    expect(await az({ command: 'a', text: 'Bicep 1' })(['a'])).toBe('Bicep 1\n');
  });

  it('is not waited for after its deadline, even where it hangs', async () => {
    const failure = az({ command: 'a', waitMs: 600_000 })(['a'], { deadlineMs: 300 });
    await expect(failure).rejects.toBeInstanceOf(AzFailure);
    await expect(failure).rejects.toMatchObject({ isLate: true });
  });

  it('ends at an interrupt, and is not started after one', async () => {
    const interrupted = new AbortController();
    const run = az({ command: 'a', waitMs: 600_000 }, { interrupt: interrupted.signal });
    const running = run(['a']);
    const ending = expect(running).rejects.toThrow('interrupted');
    while (scripted?.runs().length !== 1) await pause(20);
    interrupted.abort();
    await ending;
    await expect(run(['a'])).rejects.toThrow();
    expect(scripted.runs()).toHaveLength(1);
  });

  it('passes each argument as one through a shell', async () => {
    const run = az({ command: '', stdout: 'x' }, { platform: 'win32' });
    await run(['a & b', "c|d '<e>' ^f", '[?x==true].y']);
    expect(scripted?.commands()[0]).toContain("a & b c|d '<e>' ^f [?x==true].y --only-show-errors");
  });

  /** A program of that name that is not the scripted one. */
  function plainAz(source: string, env: NodeJS.ProcessEnv = process.env) {
    scripted = create([]);
    const [folder = ''] = scripted.path.split(delimiter);
    writeFileSync(join(folder, 'az'), `#!/bin/sh\n${source}\n`);
    const surroundings = { ...env, PATH: scripted.path };
    const interrupt = stop.signal;
    return createAz({ subscription: undefined, env: surroundings, interrupt, platform: 'linux' });
  }

  it.each([
    ['exit 3', 'az ended with code 3 and said nothing.'],
    ['kill -9 $$', 'az ended with signal SIGKILL and said nothing.'],
  ])('that says nothing says at least how it ended: %s', async (source, output) => {
    await expect(plainAz(source)(['a'])).rejects.toMatchObject({ output, isLate: false });
  });

  it('that may not be run is not called missing', async () => {
    scripted = create([]);
    const [folder = ''] = scripted.path.split(delimiter);
    chmodSync(join(folder, 'az'), 0o644);
    const env = { PATH: folder };
    const only = createAz({
      subscription: undefined,
      env,
      interrupt: stop.signal,
      platform: 'linux',
    });
    await expect(only(['a'])).rejects.toMatchObject({ output: 'spawn az EACCES' });
  });

  it('is not waited for where something in the background holds its output', async () => {
    const run = plainAz('sleep 600 & echo $!');
    const sleeper = Number(await run(['a']));
    expect(process.kill(sleeper)).toBe(true);
  });

  it('is stopped when it says too much', async () => {
    const failure = plainAz('exec yes')(['a']);
    await expect(failure).rejects.toMatchObject({
      output: 'az said more than 64 MB, and was stopped.',
    });
  });

  it('keeps nothing alive that does not heed being stopped', async () => {
    // Those of other tests may not have ended yet.
    while (held() > 0) await pause(20);
    const failure = plainAz("trap '' TERM; sleep 1; sleep 4")(['a'], { deadlineMs: 300 });
    await expect(failure).rejects.toMatchObject({ isLate: true });
    await pause(50);
    expect(held()).toBe(0);
  });

  /** Processes that node would wait for. */
  function held(): number {
    return process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length;
  }

  it('takes what is undefined out of its environment', async () => {
    const run = plainAz('echo "\\"${PACKAGE_URI-unset}\\""', { PACKAGE_URI: 'x' });
    expect(await run(['a'])).toBe('x');
    expect(await run(['a'], { env: { PACKAGE_URI: undefined } })).toBe('unset');
  });

  it.each([
    ['[1]', [1]],
    ['WARNING: a\n{"b":1}', { b: 1 }],
    ['[warning] a\n[1]', '[warning] a\n[1]\n'],
    ['', '\n'],
  ])('is read: %j', async (text, answer) => {
    expect(await az({ command: 'a', text })(['a'])).toEqual(answer);
  });

  it('that cmd.exe does not find is missing', async () => {
    const stderr = "'az' is not recognized as an internal or external command,";
    const run = az({ command: 'a', code: 1, stderr }, { platform: 'win32' });
    await expect(run(['a'])).rejects.toThrow('The Azure CLI (az) is not installed');
  });
});

describe('quoteForCmd', () => {
  it.each(['plain', 'a b', 'a&b', 'a|b<c>d^e', "[?a=='b'].c", 'C:\\dir\\file', ''])(
    'passes %s',
    (text) => {
      expect(quoteForCmd(text)).toBe(`"${text}"`);
    },
  );

  it.each(['a"b', 'a%PATH%b', 'a!b!', 'a\nb', 'a\rb', 'a\0b', 'C:\\dir\\'])(
    'refuses %j',
    (text) => {
      expect(() => quoteForCmd(`name=${text}`)).toThrow('The value of name cannot be passed');
      expect(() => quoteForCmd(text)).toThrow('The value of an argument cannot be passed');
    },
  );
});

describe('hideSecrets', () => {
  it.each([
    ['at https://a.example/b.zip?sig=x&se=y now', 'at https://a.example/b.zip?... now'],
    ['{"uri":"https://a.example/b?sig=x"}', '{"uri":"https://a.example/b?..."}'],
    ['two https://a/b?c=1 and https://d/e?f=2', 'two https://a/b?... and https://d/e?...'],
    ['https://a.example/b is it?', 'https://a.example/b is it?'],
  ])('%s', (text, hidden) => {
    expect(hideSecrets(text)).toBe(hidden);
  });

  it.each([
    [
      'PUT /b.zip?se=2026-12-01T00%3A00%3A00Z&sig=S3cretSig%3D HTTP/1.1',
      'PUT /b.zip?se=...&sig=... HTTP/1.1',
    ],
    ['{"uri":"https:\\/\\/a.example\\/b?sig=x"}', '{"uri":"https:\\/\\/a.example\\/b?..."}'],
    ['of "/b\\u003fsv=1\\u0026sig=x\\u003d"', 'of "/b\\u003fsv=..."'],
    ['a\\u003fsig=1 b%3Fsig%3D1', 'a\\u003fsig=... b%3Fsig%3D...'],
    ['b.zip%3Fsv%3D2024%26sig%3Dabc', 'b.zip%3Fsv%3D...'],
    ['https://ada:pass@a.example/b', 'https://...@a.example/b'],
    ['ftp:\\/\\/ada:pass@a.example', 'ftp:\\/\\/...@a.example'],
    ["access_token=eyJ0 and code=12'", "access_token=... and code=...'"],
    ['{"sig":"AbCdEf", "access_token": "x"}', '{"sig":"...", "access_token": "..."}'],
    ['Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln', 'Bearer ...'],
    ['AccountName=a;AccountKey=YWJjZGVm==', 'AccountName=a;AccountKey=...'],
    ['response=1 base=2, Status Code: 403', 'response=1 base=2, Status Code: 403'],
  ])('in other forms: %s', (text, hidden) => {
    expect(hideSecrets(text)).toBe(hidden);
  });

  const address = 'https://ada:P4ss%2Fword@a.example/b.zip?other=Odd%2FValue&sr=b#x';

  it.each([
    ["Invalid value 'Odd%2FValue'", "Invalid value '...'"],
    ['query: other=Odd%2FValue&sr=b.', 'query: ....'],
    ['decoded: Odd/Value', 'decoded: ...'],
    ['password P4ss%2Fword or P4ss/word', 'password ... or ...'],
    ['a word and b', 'a word and b'],
  ])('that stand in the address in use, whatever their form: %s', (text, hidden) => {
    expect(hideSecrets(text, ['', 'no address', address])).toBe(hidden);
  });
});

it('hideSecrets leaves words that happen to stand in the address, which commands need', () => {
  const address = 'https://deploy:Secret123@a.example/x.zip?file=anteroom';
  const text = 'az deployment group show --name anteroom';
  expect(hideSecrets(text, [address])).toBe(text);
  expect(hideSecrets('of deploy:Secret123', [address])).toBe('of ...');
});

it('hideSecrets shows no half of a secret where it cuts', () => {
  const address = 'https://a.example/x.zip?other=Odd%2FValue-of-a-signature';
  for (let before = 65_500; before < 65_536; before += 5) {
    const shown = hideSecrets(`${'x'.repeat(before)}Odd%2FValue-of-a-signature`, [address]);
    expect(shown).not.toContain('Odd');
  }
});

it('hideSecrets is done soon, however much az said', () => {
  const said = 'https://'.repeat(1_000_000);
  expect(workThatEnds(() => hideSecrets(said)).length).toBeLessThan(100_000);
});

describe('printable', () => {
  it('leaves text, lines and tabs, and no control characters', () => {
    const text = 'a\tb\r\n\u001b[2J\u009b1mc\u0000\u0007\u202ed\u007f é漢';
    expect(printable(text)).toBe('a\tb\n[2J1mcd é漢');
  });
});

describe('quoteForShell', () => {
  it.each([
    ['rg-1', 'rg-1'],
    ['/subscriptions/a/resourceGroups/b_c.d', '/subscriptions/a/resourceGroups/b_c.d'],
    ['rg (old)', '"rg (old)"'],
    ["it's", '"it\'s"'],
    ['$(calc)', "'$(calc)'"],
    ["$'", "'$'\\'''"],
    ['', '""'],
  ])('%s', (text, quoted) => {
    expect(quoteForShell(text)).toBe(quoted);
  });
});

describe('onInterrupt', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('hears %s once, and is done with all', (signal) => {
    const source = new EventEmitter();
    const heard = jest.fn();
    onInterrupt(heard, source, new EventEmitter());
    source.emit(signal);
    expect(heard).toHaveBeenCalledTimes(1);
    expect(source.eventNames()).toEqual([]);
  });

  it('hears that nobody reads any more, also after its end', () => {
    const [source, output] = [new EventEmitter(), new EventEmitter()];
    const heard = jest.fn();
    const ignore = onInterrupt(heard, source, output);
    output.emit('error', new Error('EPIPE'));
    ignore();
    output.emit('error', new Error('EPIPE'));
    expect(heard).toHaveBeenCalled();
    expect(source.eventNames()).toEqual([]);
  });
});

describe('createClock', () => {
  it('pauses as long as told, until it is woken, or until it is interrupted', async () => {
    const interrupt = new AbortController();
    const wake = new AbortController();
    const clock = createClock(interrupt.signal);
    const started = clock.now();
    await clock.pause(30);
    expect(clock.now() - started).toBeGreaterThanOrEqual(28);
    wake.abort();
    await clock.pause(600_000, wake.signal);
    interrupt.abort();
    await expect(clock.pause(600_000)).rejects.toThrow();
  });
});
