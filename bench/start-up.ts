// `npm run bench:start`: how long a start takes, and what each request costs in storage. Nothing is
// asserted: the aims stand beside the numbers.
import { parseArgs } from 'node:util';
import { appCommand, appSignIn } from './parts/app-command';
import { countRoundTrips } from './parts/count-round-trips';
import { formatTable } from './parts/format-table';
import { createHttpClient } from './parts/http-client';
import { measureBundleLoad } from './parts/measure-bundle-load';
import { measureNpmStart, type NpmStartTimes } from './parts/measure-npm-start';
import { measureStarts } from './parts/measure-starts';
import { startServer } from './parts/server-process';
import { showCounts } from './parts/show-counts';
import { meetPerson } from './parts/sign-in';
import { type BenchStack, startBenchStack } from './parts/start-bench-stack';
import { showAim, showSpread, spreadOf } from './parts/statistics';

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
    row('bundle loads', measureBundleLoad(rounds), 100),
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
