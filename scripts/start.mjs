// What `npm start` runs: it builds the local stack, which then builds the app and starts it. `--help` builds nothing.
import { spawnSync } from 'node:child_process';

const [, , ...args] = process.argv;
if (!args.includes('--help') && !args.includes('-h')) {
  const build = ['scripts/build.mjs', 'local'];
  const { status } = spawnSync(process.execPath, build, { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
process.argv.splice(2, 0, '--build', 'node scripts/build.mjs app');
await import('../local/bin/anteroom-local.mjs');
