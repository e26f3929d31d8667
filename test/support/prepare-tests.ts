import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { settleProxy } from '../../src/proxy';
import { makeRunFolder, removeRunFolder } from './run-folder';
import startAzurite from './start-azurite';

const root = join(__dirname, '../..');
const buildMs = 300_000;

/**
 * jest's globalSetup, once before all workers: makes the run's temporary folder, builds `dist`, from which
 * tests start the app and the stack, and starts Azurite. Without the build, a test of a single file would run what was built last.
 * @throws Error with what the build said when it fails: no test runs then
 */
export default async function prepareTests(): Promise<void> {
  settleProxy(process.env);
  makeRunFolder();
  // Nothing but the sources decides whether there is a build: a check of times would miss a deleted file.
  try {
    await build();
    await startAzurite();
  } catch (error) {
    // There will be no teardown.
    removeRunFolder();
    throw error;
  }
}

async function build(): Promise<void> {
  await promisify(execFile)(process.execPath, ['scripts/build.mjs'], {
    cwd: root,
    timeout: buildMs,
  });
}
