import { describeError } from '../host/invoke';
import type { AppProcess } from './app';
import type { AppFacts, StackCommand, StackMessage } from './messages';
import type { StackOptions } from './options';
import { type Stack, startStack } from './stack';

/**
 * Runs a stack for a parent process.
 * @param json `StackOptions`, written by our own tests
 */
export async function runStackProcess(json: string): Promise<void> {
  // A Ctrl-C in the terminal reaches every process: the parent decides when this one ends.
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
