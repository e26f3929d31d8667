import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { HostMessage } from '../../../../local/host/run-host';

const repository = join(__dirname, '../../../..');

/** A built host (`npm run build` comes first) in a process of its own, with one of the apps beside this. */
export interface HostProcess {
  readonly message: HostMessage;
  readonly port: number;
  /** Everything it has written so far, to both streams. */
  output(): string;
  /** Resolves once the output holds `text`. */
  saw(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Its exit code, once it has ended. */
  readonly exit: Promise<number | null>;
  stop(): Promise<void>;
}

const { PATH, NODE_COMPILE_CACHE } = process.env;
const running = new Map<ChildProcess, Promise<unknown>>();

// A test that fails before it stops its host would leave it, and jest would wait for it.
afterAll(async () => {
  for (const child of running.keys()) child.kill('SIGKILL');
  await Promise.all(running.values());
});

export async function startHost(
  app: string,
  options: { readonly args?: readonly string[]; readonly env?: Record<string, string> } = {},
): Promise<HostProcess> {
  const child = fork(
    join(repository, 'local/dist/host.mjs'),
    ['--port', '0', '--script-root', join(__dirname, '../apps', app), ...(options.args ?? [])],
    { silent: true, env: { PATH, NODE_COMPILE_CACHE, ...options.env } },
  );
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      for (const listener of listeners) {
        listener();
      }
    });
  }
  const exit = new Promise<number | null>((resolve) => {
    child.once('exit', resolve);
  });
  running.set(
    child,
    exit.finally(() => running.delete(child)),
  );
  const message = await new Promise<HostMessage>((resolve, reject) => {
    child.once('message', (sent) => {
      resolve(sent as HostMessage);
    });
    void exit.then(() => {
      reject(new Error(`The host ended before it was ready:\n${output}`));
    });
  });
  return {
    message,
    port: message.type === 'ready' ? message.port : 0,
    output: () => output,
    saw: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (output.includes(text)) {
            listeners.delete(look);
            resolve();
          }
        };
        listeners.add(look);
        look();
      }),
    kill: (signal) => child.kill(signal),
    exit,
    stop: async () => {
      child.kill('SIGTERM');
      await exit;
    },
  };
}
