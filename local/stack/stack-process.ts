import { bypassProxyOnLoopback } from '../../src/proxy';
import { describeError } from '../host/invoke';
import type { AppProcess } from './app';
import type { StackFacts, StackOptions, StartAppOptions } from './options';
import { type Stack, startStack } from './stack';

// A program for tests. Forked with a message channel and with `StackOptions` as JSON in its only argument, it starts
// a stack, tells what the stack consists of, and does what it is told until it is stopped or its parent is gone.
// Nothing on this machine goes through a proxy.
bypassProxyOnLoopback(process.env);

/** An instance of the app, as a test sees it. */
export interface AppFacts {
  /** Index among the apps of the stack, for `stop-app` and `output`. */
  readonly index: number;
  readonly url: string;
  readonly port: number;
  /** Of the process: a test may kill it. */
  readonly pid: number;
  /** PEM, with https: what a client must trust. */
  readonly certificate?: string;
}

/** A command to a stack process. Each one except `stop` gets a `reply` with the same `id`. */
export type StackCommand =
  | { readonly type: 'start-app'; readonly id: number; readonly options: StartAppOptions }
  | { readonly type: 'stop-app'; readonly id: number; readonly index: number }
  | { readonly type: 'output'; readonly id: number; readonly index: number }
  | { readonly type: 'stop' };

/** A message of a stack process. */
export type StackMessage =
  | { readonly type: 'ready'; readonly facts: StackFacts; readonly apps: readonly AppFacts[] }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'reply'; readonly id: number; readonly error: string }
  | {
      readonly type: 'reply';
      readonly id: number;
      readonly app?: AppFacts;
      readonly output?: string;
    };

/** @param json `StackOptions`, written by our own tests */
async function runStackProcess(json: string): Promise<void> {
  // Ctrl-C in the terminal reaches every process. The parent decides when this one ends.
  process.on('SIGINT', () => undefined);
  try {
    const stack = await startStack(JSON.parse(json) as StackOptions);
    const end = (): void => {
      void stack.stop().finally(() => process.exit(0));
    };
    process.once('disconnect', end);
    process.once('SIGTERM', end);
    process.on('message', (message) => {
      const command = message as StackCommand;
      if (command.type === 'stop') {
        end();
      } else {
        void obey(stack, command).then(tell);
      }
    });
    tell({ type: 'ready', facts: stack.facts, apps: stack.apps.map(toFacts) });
    if (!process.connected) {
      end();
    }
  } catch (error) {
    tell({ type: 'failed', reason: describeError(error) });
    process.exitCode = 1;
    if (process.connected) {
      process.disconnect();
    }
  }
}

async function obey(
  stack: Stack,
  command: Exclude<StackCommand, { type: 'stop' }>,
): Promise<StackMessage> {
  const { id } = command;
  try {
    if (command.type === 'start-app') {
      const app = await stack.startApp(command.options);
      return { type: 'reply', id, app: toFacts(app, stack.apps.indexOf(app)) };
    }
    const app = stack.apps[command.index];
    if (app === undefined) {
      throw new Error(`The stack has no app ${command.index}.`);
    }
    if (command.type === 'output') {
      return { type: 'reply', id, output: app.output() };
    }
    await app.stop();
    return { type: 'reply', id };
  } catch (error) {
    return { type: 'reply', id, error: describeError(error) };
  }
}

function toFacts({ url, port, pid, certificate }: AppProcess, index: number): AppFacts {
  return { index, url, port, pid, ...(certificate !== undefined && { certificate }) };
}

function tell(message: StackMessage): void {
  if (process.connected) {
    process.send?.(message);
  }
}

await runStackProcess(process.argv[2] ?? '{}');
