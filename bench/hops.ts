// `npm run bench:hops`: through how many files of `src` each of three requests runs, beside how many it may be. With
// `-- --files` it lists them.
import { startStack } from '../test/support/start-stack';
import { countHops, inspectable } from './parts/count-hops';
import { formatTable } from './parts/report';

const stack = await startStack({ appEnv: inspectable() });
try {
  const [app] = stack.apps;
  if (app === undefined) throw new Error('the stack has no app');
  const hops = await countHops(stack, app);
  if (process.argv.includes('--files')) {
    for (const { story, files } of hops) console.log(`${story}\n  ${files.join('\n  ')}`);
  }
  const rows = hops.map(({ story, files, max }) => [story, `${files.length}`, `at most ${max}`]);
  console.log(`\n${formatTable(['story', 'files of src', 'aim'], rows)}`);
} finally {
  await stack.stop();
}
