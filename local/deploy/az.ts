import { spawn } from 'node:child_process';
import { DeployError } from './deploy-error';

/** Runs the Azure CLI and gives what it printed as JSON, `undefined` where it printed something else. */
export type Az = (args: readonly string[]) => Promise<unknown>;

/** The Azure CLI said no. */
export class AzFailure extends Error {
  override readonly name = 'AzFailure';
  /** What it wrote to standard error. */
  readonly output: string;

  constructor(args: readonly string[], output: string) {
    super(`az ${args.slice(0, 3).join(' ')} failed`);
    this.output = output;
  }
}

/**
 * @param subscription given to every command, so that a change of the default in another terminal does no harm
 * @throws DeployError where there is no Azure CLI
 */
export function createAz(subscription: string | undefined): Az {
  const common = subscription === undefined ? [] : ['--subscription', subscription];
  return async (args) => {
    const all = [...args, ...common, '--only-show-errors', '--output', 'json'];
    const { code, stdout, stderr } = await runAz(all);
    if (code !== 0) throw new AzFailure(args, stderr.trim());
    return parseJson(stdout);
  };
}

/** Some commands talk to people although JSON was asked for. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function runAz(args: readonly string[]): Promise<Run> {
  // On Windows the Azure CLI is a batch file, which only a shell can start.
  const isWindows = process.platform === 'win32';
  const child = spawn('az', isWindows ? args.map(quoted) : [...args], {
    env: process.env,
    shell: isWindows,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', () => {
      reject(
        new DeployError('The Azure CLI (az) is not installed, or not on the PATH.', [
          'Install it: https://learn.microsoft.com/cli/azure/install-azure-cli',
          'Then sign in: az login',
        ]),
      );
    });
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '\\"')}"`;
}
