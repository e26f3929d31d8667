import { DeployError } from './deploy-error';
import { readAzAnswer } from './read-az-answer';
import { type AzEnd, runAz } from './run-az';

/** What one command needs besides its arguments. */
export interface AzOptions {
  /** After which it is stopped; five minutes when left out. */
  readonly deadlineMs?: number;
  /**
   * Added to the environment, or taken out of it (`undefined`): secrets go here, since everybody on the machine can read
   * arguments.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Runs the Azure CLI and gives what it printed: parsed where that is JSON, else as text. */
export type Az = (args: readonly string[], options?: AzOptions) => Promise<unknown>;

/** The Azure CLI said no, or nothing in time. */
export class AzFailure extends Error {
  override readonly name = 'AzFailure';
  /** What it wrote to standard error; where that is nothing, how it ended. */
  readonly output: string;
  /** Whether it was stopped at its deadline: what it started may have worked all the same. */
  readonly isLate: boolean;

  constructor(args: readonly string[], output: string, isLate = false) {
    super(`az ${args.slice(0, 3).join(' ')} ${isLate ? 'took too long' : 'failed'}`);
    this.output = output;
    this.isLate = isLate;
  }
}

/** Where and for whom the Azure CLI runs. */
export interface AzSurroundings {
  /** Given to every command that takes one, so that a change of the default in another terminal does no harm. */
  readonly subscription: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Stops whatever runs. */
  readonly interrupt: AbortSignal;
  /** `process.platform`. */
  readonly platform: NodeJS.Platform;
}

const usualDeadlineMs = 300_000;

/** @throws DeployError where there is no Azure CLI, AzFailure when it fails and a plain Error when interrupted */
export function createAz(surroundings: AzSurroundings): Az {
  const { subscription, interrupt, platform } = surroundings;
  return async (args, options = {}) => {
    const deadlineMs = options.deadlineMs ?? usualDeadlineMs;
    const chosen =
      subscription === undefined || isOfTenant(args) ? [] : ['--subscription', subscription];
    const end = await runAz([...args, ...chosen, '--only-show-errors', '--output', 'json'], {
      env: { ...surroundings.env, ...options.env },
      isWindows: platform === 'win32',
      deadlineMs,
      interrupt,
    });
    if (end.how === 'late') {
      const minutes = Math.round(deadlineMs / 60_000);
      const text = `az did not come back within ${minutes} minutes. ${end.stderr}`;
      throw new AzFailure(args, text, true);
    }
    if (end.how === 'endless')
      throw new AzFailure(args, 'az said more than 64 MB, and was stopped.');
    if (end.how === 'missing' || isMissingOnWindows(end.stderr)) throw missingAz();
    if (end.code !== 0) throw new AzFailure(args, wordsOf(end));
    return readAzAnswer(end.stdout);
  };
}

/**
 * What belongs to the tenant and not to a subscription takes no `--subscription`: `az ad` hides the argument and
 * refuses it, and `az account list` shows all.
 * https://github.com/Azure/azure-cli/blob/dev/src/azure-cli/azure/cli/command_modules/role/_params.py
 */
function isOfTenant([group, command]: readonly string[]): boolean {
  return group === 'ad' || (group === 'account' && command === 'list');
}

/** Never empty: a person could do nothing with that. */
function wordsOf({ stderr, code, signal }: AzEnd): string {
  if (stderr.trim() !== '') return stderr.trim();
  const how = signal === null ? `code ${String(code)}` : `signal ${signal}`;
  return `az ended with ${how} and said nothing.`;
}

/** There cmd.exe starts in any case, and says so itself. */
function isMissingOnWindows(stderr: string): boolean {
  return /^'az' is not recognized/m.test(stderr);
}

function missingAz(): DeployError {
  return new DeployError('The Azure CLI (az) is not installed, or not on the PATH.', [
    'Install it: https://learn.microsoft.com/cli/azure/install-azure-cli',
    'Then sign in: az login',
  ]);
}
