import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { quoteForCmd } from './quote-for-cmd';

/** How one run of az ended; both outputs as far as they were seen. */
export interface AzEnd {
  /** `missing`: there is no such program. `late`: stopped at its deadline. `endless`: stopped because it said too much. */
  readonly how: 'ended' | 'missing' | 'late' | 'endless';
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where and how it runs. */
export interface AzStart {
  readonly env: NodeJS.ProcessEnv;
  readonly isWindows: boolean;
  readonly deadlineMs: number;
  readonly interrupt: AbortSignal;
}

/** Characters of either output: what a gone-wrong az says must not fill the memory. */
const mostCharacters = 64 * 1024 * 1024;
/** How long output is waited for after the end: something that az left in the background may hold the pipes for good. */
const graceMs = 1_000;
/** After which one that does not heed the request to end is ended. */
const killMs = 2_000;

/** @throws Error when interrupted; what the system says where it cannot start it stands in `stderr` */
export async function runAz(args: readonly string[], options: AzStart): Promise<AzEnd> {
  options.interrupt.throwIfAborted();
  const child = start(args, options);
  const ended = new AbortController();
  try {
    return await outcomeOf(child, options, ended.signal);
  } finally {
    ended.abort();
    stop(child);
  }
}

function outcomeOf(
  child: AzProcess,
  { deadlineMs, interrupt }: AzStart,
  ended: AbortSignal,
): Promise<AzEnd> {
  const said = { stdout: '', stderr: '' };
  return new Promise((resolve, reject) => {
    const end = (how: AzEnd['how']): void => {
      resolve({ how, code: child.exitCode, signal: child.signalCode, ...said });
    };
    const after = (milliseconds: number, how: AzEnd['how']): void => {
      const timer = setTimeout(end, milliseconds, how);
      ended.addEventListener('abort', () => {
        clearTimeout(timer);
      });
    };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        said[name] += text;
        if (said[name].length > mostCharacters) end('endless');
      });
    }
    // Without waiting for `close`: az is a script around Python, which may outlive it and hold the pipes.
    after(deadlineMs, 'late');
    const onInterrupt = (): void => {
      reject(new Error('interrupted'));
    };
    interrupt.addEventListener('abort', onInterrupt, { signal: ended });
    child.on('error', (error: NodeJS.ErrnoException) => {
      said.stderr += error.message;
      end(error.code === 'ENOENT' ? 'missing' : 'ended');
    });
    child.on('exit', () => {
      after(graceMs, 'ended');
    });
    child.on('close', () => {
      end('ended');
    });
  });
}

type AzProcess = ChildProcessByStdio<null, Readable, Readable>;

/** On Windows the Azure CLI is a batch file, which only a shell can start. */
function start(args: readonly string[], { env, isWindows }: AzStart): AzProcess {
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  if (!isWindows) return spawn('az', args, { env, stdio });
  return spawn(['az', ...args.map(quoteForCmd)].join(' '), { env, stdio, shell: true });
}

/** One that does not end may not keep this process alive either. */
function stop(child: AzProcess): void {
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
  if (!child.kill()) return;
  setTimeout(() => child.kill('SIGKILL'), killMs).unref();
}
