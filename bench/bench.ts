// `npm run bench`: CPU time, memory and start of the app beside controls that run in the same rounds.
// Nothing is asserted: the aims are beside the numbers. They go into docs/performance.md too, unless `--no-write` or
// `--quick` is given. `--quick` measures little, to see whether everything works.
import { parseArgs } from 'node:util';
import { startBenchStack } from './parts/contenders';
import { type BenchSize, measureAll } from './parts/measure-all';
import { report, writeBetweenMarkers } from './parts/report';
import { scaleReport } from './parts/report-scale';
import { createHttpClient } from './parts/sign-in';

const whole: BenchSize = {
  ...{ rounds: 7, requests: 1_500, concurrency: 32 },
  ...{ signIns: 2_000, signInRounds: 10, starts: 9 },
};
const quick: BenchSize = {
  ...{ rounds: 3, requests: 500, concurrency: 32 },
  ...{ signIns: 150, signInRounds: 3, starts: 3 },
};

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    'no-write': { type: 'boolean', default: false },
  },
});
const size = options.quick ? quick : whole;
const client = createHttpClient(size.concurrency);
const begun = performance.now();
const tell = (step: string): void => {
  console.error(`${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s  ${step}`);
};

tell('starting what stands beside the servers');
const stack = await startBenchStack(3);
try {
  const numbers = await measureAll(client.send, stack, size, tell);
  tell('the simulation of several storage accounts, and of the sweep');
  const text = `${report(numbers, size, new Date())}\n\n${await scaleReport()}`;
  console.log(`\n${text}`);
  if (!options.quick && !options['no-write']) writeBetweenMarkers('docs/performance.md', text);
} finally {
  client.close();
  await stack.stop();
}
