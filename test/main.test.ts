import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const load = `
  const { getHeapSpaceStatistics } = require('node:v8');
  const { setImmediate: pause } = require('node:timers/promises');
  const Module = require('node:module');
  const original = Module.prototype.require;
  const core = { registerFunction() {}, registerHook() {}, setProgrammingModel() {}, Disposable: class {} };
  Module.prototype.require = function (name) {
    return name === '@azure/functions-core' ? core : original.call(this, name);
  };
  const [, isLoaded] = process.argv;
  if (isLoaded === 'true') require('./dist/main.js');
  (async () => {
    const kept = [];
    for (let count = 0; count < 400; count += 1) {
      for (let each = 0; each < 2_000; each += 1) {
        kept[(count * 2_000 + each) % 60_000] = { each, more: [count, each, 'x' + each] };
      }
      await pause();
    }
    console.log(getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size);
    process.exit();
  })();`;

async function youngBytes(isLoaded: boolean): Promise<number> {
  const args = ['-e', load, '--', String(isLoaded)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}

it('The space for new objects stays small under load, which is half of what the process takes', async () => {
  const [ours, usual] = await Promise.all([youngBytes(true), youngBytes(false)]);
  expect(usual).toBeGreaterThan(60_000_000);
  // Some garbage collections pass before the observer runs.
  expect(ours).toBeLessThan(40_000_000);
});
