import { spawnSync } from 'node:child_process';
import { AzFailure } from './az-failure.mjs';
import { readAnswer } from './read-answer.mjs';
import { Stop } from './stop.mjs';

// The slowest command is one request to Graph; the rest is Python starting.
const deadlineMs = 120_000;

/**
 * Runs the Azure CLI and gives the object that it printed, or undefined where it printed nothing.
 * Nothing of what it prints is shown: it may be a secret.
 * @param {readonly string[]} args visible to everybody on this machine: nothing secret
 * @param {string} [input] for its standard input
 * @returns {any}
 * @throws {AzFailure} when it fails, takes too long or prints no object
 * @throws {Stop} where there is no Azure CLI
 */
export function az(args, input = '') {
  // On Windows az is a shell script for Git Bash, or a batch file that Node.js does not start.
  const [command, before] =
    process.platform === 'win32' ? ['bash', ['-c', 'exec az "$@"', 'az']] : ['az', []];
  const all = [...before, ...args, '--only-show-errors', '--output', 'json'];
  const { status, signal, error, stdout, stderr } = spawnSync(command, all, {
    encoding: 'utf8',
    input,
    timeout: deadlineMs,
    maxBuffer: 2 ** 26,
  });
  const code = error === undefined ? '' : Reflect.get(error, 'code');
  if (code === 'ENOENT') {
    throw new Stop(
      'the Azure CLI (az) is not installed: https://learn.microsoft.com/cli/azure/install-azure-cli',
    );
  }
  if (code === 'ETIMEDOUT')
    throw new AzFailure(`az did not come back within ${deadlineMs / 1000} seconds.`);
  if (error !== undefined) throw new AzFailure(`az could not be run: ${error.message}`);
  if (status !== 0)
    throw new AzFailure(
      stderr.trim() || `az ended with ${signal ?? `code ${status}`} and said nothing.`,
    );
  return readAnswer(stdout);
}
