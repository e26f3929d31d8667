// `npm run bench:start`: how long a start takes, and what each request costs in storage. Nothing is
// asserted: the aims are beside the numbers.
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { freePort } from '../local/loopback/processes';
import { appCommand, appSignIn, type BenchStack, startBenchStack } from './parts/contenders';
import { countRoundTrips, showCounts } from './parts/count-round-trips';
import { measureBundleLoad, measureStarts } from './parts/measure';
import { formatTable, showAim, showSpread, spreadOf } from './parts/report';
import { repository, startServer } from './parts/server-process';
import { createHttpClient, meetPerson, type Send } from './parts/sign-in';

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Math.max(1, Number(options.rounds));
const client = createHttpClient(1);
const { send } = client;

const npmStarts: NpmStartTimes[] = [];
for (let round = 0; round < rounds; round += 1) npmStarts.push(await measureNpmStart(send));

const stack = await startBenchStack(1);
try {
  const account = stack.facts.users[0]?.name ?? '';
  const times = await measureAppStarts(stack, account);
  const row = (name: string, values: readonly number[], max?: number): string[] => {
    const spread = spreadOf(values);
    return [name, showSpread(spread, 0), max === undefined ? '' : showAim(spread, max, ' ms')];
  };
  const { anonymous, guarded } = times;
  const starts = [
    row(
      '`npm start`, build included: all ready',
      npmStarts.map((each) => each.readyMs),
      5_000,
    ),
    row(
      'the same until the first page',
      npmStarts.map((each) => each.answeredMs),
    ),
    row(
      'the same from Ctrl-C until its end',
      npmStarts.map((each) => each.endedMs),
      1_000,
    ),
    row('bundle loads, CPU', measureBundleLoad(rounds), 100),
    row('app alone: listens', anonymous.readyMs),
    row('app alone: first answer', anonymous.answeredMs),
    row('app alone: first guarded answer', guarded.answeredMs, 300),
  ];
  const trips = await countRoundTrips(send, stack, account);
  console.log(`
From the start of the process, in ms: median of ${rounds} (lowest to highest)
${formatTable(['start', 'ms', 'aim'], starts)}

Storage round trips, counted by a proxy before the tables
${formatTable(
  ['request', 'made', 'aim'],
  trips.map(({ request, made, aim }) => [request, showCounts(made), aim]),
)}`);
} finally {
  client.close();
  await stack.stop();
}

async function measureAppStarts({ facts, origins }: BenchStack, account: string) {
  const [baseUrl = ''] = origins;
  const command = appCommand({ facts, baseUrl });
  const plan = appSignIn(baseUrl);
  const first = await startServer(command);
  const person = await meetPerson(send, plan, account, facts.entraUrl);
  const cookie = await person.signIn(plan);
  await first.stop();
  const measured = await measureStarts(
    send,
    [
      { name: 'anonymous', command, path: '/' },
      { name: 'guarded', command, path: '/auth/session', cookie },
    ],
    rounds,
  );
  const none = { readyMs: [], answeredMs: [] };
  return {
    anonymous: measured.get('anonymous') ?? none,
    guarded: measured.get('guarded') ?? none,
  };
}

export interface NpmStartTimes {
  /** From the command until it said that all is ready, the build included. */
  readonly readyMs: number;
  /** Until the app's home page was there. */
  readonly answeredMs: number;
  /** From Ctrl-C until the command had ended. */
  readonly endedMs: number;
}

/** Runs `npm start` as a person does, on a port of its own, and ends it as Ctrl-C does. */
export async function measureNpmStart(send: Send): Promise<NpmStartTimes> {
  const port = await freePort();
  const begun = performance.now();
  // A group of its own, so that the signal reaches all of it, as Ctrl-C at a terminal does.
  const child = spawn('npm', ['start', '--', '--port', String(port)], {
    cwd: repository,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('Ready in ')) resolve();
    });
    void ended.then(() => {
      reject(new Error(`npm start ended:\n${said}`));
    });
  });
  const readyMs = performance.now() - begun;
  await send(`http://localhost:${port}/`);
  const answeredMs = performance.now() - begun;
  const asked = performance.now();
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
  await ended;
  return { readyMs, answeredMs, endedMs: performance.now() - asked };
}
