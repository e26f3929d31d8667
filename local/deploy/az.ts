import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { DeployError } from './deploy-error';
import { quoteForCmd } from './quote-for-cmd';

/** What one command needs besides its arguments. */
export interface AzOptions {
  /** After which it is stopped; five minutes when left out. */
  readonly deadlineMs?: number;
  /** Added to the environment: secrets go here, since everybody on the machine can read arguments. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the Azure CLI and gives what it printed: parsed where that is JSON, else as text. */
export type Az = (args: readonly string[], options?: AzOptions) => Promise<unknown>;

/** The Azure CLI said no, or nothing in time. */
export class AzFailure extends Error {
  override readonly name = 'AzFailure';
  /** What it wrote to standard error. */
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
  /** Given to every command, so that a change of the default in another terminal does no harm. */
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
  const { subscription } = surroundings;
  const common = subscription === undefined ? [] : ['--subscription', subscription];
  return async (args, options = {}) => {
    const all = [...args, ...common, '--only-show-errors', '--output', 'json'];
    const { code, stdout, stderr } = await runAz(all, surroundings, options);
    if (code === 'late') {
      const minutes = Math.round((options.deadlineMs ?? usualDeadlineMs) / 60_000);
      throw new AzFailure(args, `az did not come back within ${minutes} minutes. ${stderr}`, true);
    }
    if (isMissingOnWindows(stderr)) throw missingAz();
    if (code !== 0) throw new AzFailure(args, stderr.trim());
    return parsed(stdout);
  };
}

/** Some commands talk to people although JSON was asked for. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

interface Run {
  readonly code: number | null | 'late';
  readonly stdout: string;
  readonly stderr: string;
}

async function runAz(
  args: readonly string[],
  { env, interrupt, platform }: AzSurroundings,
  options: AzOptions,
): Promise<Run> {
  interrupt.throwIfAborted();
  const child = start(args, platform === 'win32', { ...env, ...options.env });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const end = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Run>((resolve, reject) => {
      // Without waiting for `close`: az is a script around Python, which may outlive it and hold the pipes.
      timer = setTimeout(() => {
        resolve({ code: 'late', stdout, stderr });
      }, options.deadlineMs ?? usualDeadlineMs);
      const onInterrupt = (): void => {
        reject(new Error('interrupted'));
      };
      interrupt.addEventListener('abort', onInterrupt, { signal: end.signal });
      child.on('error', () => {
        reject(missingAz());
      });
      child.on('close', (code) => {
        resolve({ code, stdout, stderr });
      });
    });
  } finally {
    clearTimeout(timer);
    end.abort();
    child.kill();
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

/** On Windows the Azure CLI is a batch file, which only a shell can start. */
function start(
  args: readonly string[],
  isWindows: boolean,
  env: NodeJS.ProcessEnv,
): ChildProcessByStdio<null, Readable, Readable> {
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  if (!isWindows) return spawn('az', args, { env, stdio });
  return spawn(['az', ...args.map(quoteForCmd)].join(' '), { env, stdio, shell: true });
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
