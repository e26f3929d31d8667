// `npm test`: what `npm run check` looks at, and every test, side by side. Either alone leaves a core without work.
import { spawn } from 'node:child_process';

const results = await Promise.all([
  passes('scripts/check.mjs'),
  passes('node_modules/jest/bin/jest.js', ...process.argv.slice(2)),
]);
process.exitCode = results.every(Boolean) ? 0 : 1;

function passes(...args) {
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  return new Promise((done) => child.once('exit', (code) => done(code === 0)));
}
