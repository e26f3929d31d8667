import { spawnSync } from 'node:child_process';
import { Stop } from './stop.mjs';

// The slowest command is one request to Graph; the rest is Python starting.
const deadlineMs = 120_000;

/** The Azure CLI said no, or nothing in time. */
export class AzFailure extends Error {
  /** @param {string} said what it wrote to standard error */
  constructor(said) {
    super(said);
    /** Code of the error that Graph answered, as in `Request_ResourceNotFound`; empty where there is none. */
    this.code = '';
    // `az rest` gives a refusal as the status text and the body: Forbidden({"error":{"code":...,"message":...}}),
    // see send_raw_request in azure-cli-core/azure/cli/core/util.py.
    const body = /\((\{.*\})\)\s*$/s.exec(said)?.[1];
    const error = body === undefined ? undefined : errorIn(body);
    if (error === undefined) return;
    this.code = String(error.code ?? '');
    this.message = `${said.slice(0, said.indexOf('(')).replace('ERROR: ', '')}: ${error.message ?? ''} (${this.code})`;
  }
}

/** @param {string} body */
function errorIn(body) {
  try {
    return JSON.parse(body).error;
  } catch {
    return undefined;
  }
}

/**
 * Runs the Azure CLI and gives the JSON that it printed, or undefined where it printed nothing.
 * Nothing of what it prints is shown: it may be a secret.
 * @param {readonly string[]} args visible to everybody on this machine: nothing secret
 * @param {string} [input] for its standard input
 * @returns {any}
 * @throws {AzFailure} when it fails or takes too long
 * @throws {Stop} where there is no Azure CLI
 */
export function az(args, input = '') {
  // On Windows az is a shell script for Git Bash, or a batch file that Node.js does not start.
  const [command, before] =
    process.platform === 'win32' ? ['bash', ['-c', 'exec az "$@"', 'az']] : ['az', []];
  const all = [...before, ...args, '--only-show-errors', '--output', 'json'];
  const { status, error, stdout, stderr } = spawnSync(command, all, {
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
    throw new AzFailure(stderr.trim() || `az ended with code ${status} and said nothing.`);
  return stdout.trim() === '' ? undefined : JSON.parse(stdout);
}
