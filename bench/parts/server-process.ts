import { fork } from 'node:child_process';
import { join } from 'node:path';
import { endProcess } from '../../local/loopback/processes';

/** The checkout: the benches are started from there, by npm. */
export const repository = process.cwd();

export interface ServerCommand {
  /** Path under the repository. */
  readonly script: string;
  readonly args?: readonly string[];
  /** Over this process's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** False: nothing is loaded into the process, which then cannot tell its usage. */
  readonly isMeasured?: boolean;
}

interface Usage {
  /** CPU time since the process began, user and system, in milliseconds. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** A server in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  /** Milliseconds from just before the process was made until it listened. */
  readonly readyMs: number;
  /** `performance.now()` from just before the process was made. */
  readonly startedAt: number;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

/**
 * Starts a server that tells by IPC when it listens, and where.
 * @throws Error with what it wrote when it ends before that
 */
export async function startServer(command: ServerCommand): Promise<ServerProcess> {
  const { script, args = [], env, isMeasured = true } = command;
  const preload = join(repository, 'bench/processes/report-usage.mjs');
  const startedAt = performance.now();
  const child = fork(join(repository, script), args, {
    silent: true,
    env: { ...process.env, ...env },
    execArgv: isMeasured ? ['--import', preload] : [],
  });
  let said = '';
  const listen = (chunk: Buffer): void => {
    said = (said + chunk.toString()).slice(-2_000);
  };
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);
  const nextMessage = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const onExit = (): void => {
        reject(new Error(`${script} ended:\n${said}`));
      };
      child.once('exit', onExit);
      child.once('message', (message) => {
        child.off('exit', onExit);
        resolve(message);
      });
    });
  const url = urlIn(await nextMessage());
  const readyMs = performance.now() - startedAt;
  if (url === undefined) {
    await endProcess(child);
    throw new Error(`${script} did not start:\n${said}`);
  }
  return {
    url,
    readyMs,
    startedAt,
    usage: async () => {
      const answer = nextMessage();
      child.send('usage');
      return usageIn(await answer);
    },
    stop: () => endProcess(child),
  };
}

function urlIn(message: unknown): string | undefined {
  const url = member(message, 'url');
  return member(message, 'type') === 'ready' && typeof url === 'string' ? url : undefined;
}

function usageIn(message: unknown): Usage {
  const cpuMs = member(message, 'cpuMs');
  const rssBytes = member(message, 'rssBytes');
  if (typeof cpuMs !== 'number' || typeof rssBytes !== 'number') {
    throw new Error('a server told something else than its usage');
  }
  return { cpuMs, rssBytes };
}

function member(message: unknown, name: string): unknown {
  return typeof message === 'object' && message !== null ? Reflect.get(message, name) : undefined;
}
