import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { StackFacts, StackOptions, StartAppOptions } from '../../local/stack/options';
import type { AppFacts, StackCommand, StackMessage } from '../../local/stack/stack-process';

/** The checkout: npm starts tests and benches there. */
const repository = process.cwd();

/** A local stack in a process of its own: it ends with `stop`, and with this process. */
export interface TestStack {
  readonly facts: StackFacts;
  /** The apps started at once; those of `startApp` are not in it. */
  readonly apps: readonly AppFacts[];
  /** One more instance on the same provider, Graph and tables; ten in all at most. */
  startApp(options?: StartAppOptions): Promise<AppFacts>;
  /** Ends an instance, as when Azure takes one away. */
  stopApp(app: AppFacts): Promise<void>;
  /** What the app has logged so far. */
  output(app: AppFacts): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts the built stack (`prepareTests` has built it) on free ports. Start it once a test file, in
 * `beforeAll`. To put something between the app and Graph, the provider or the tables, start with
 * `apps: 0`, read the URLs from `facts`, then `startApp({ env: { GRAPH_BASE_URL: … } })`.
 */
export async function startStack(options: StackOptions = {}): Promise<TestStack> {
  const child = fork(
    join(repository, 'local/dist/stack-process.mjs'),
    [JSON.stringify({ scriptRoot: repository, ...options })],
    // Its clock may be fixed: see `useFixedClock`.
    { silent: true, env: process.env },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  const exit = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  const waiting = new Map<number, (reply: Reply) => void>();
  const first = new Promise<StackMessage>((resolve) => {
    child.on('message', (sent) => {
      const message = sent as StackMessage;
      if (message.type === 'reply') {
        waiting.get(message.id)?.(message);
        waiting.delete(message.id);
      } else {
        resolve(message);
      }
    });
    void exit.then(() => {
      resolve({ type: 'failed', reason: `The stack ended:\n${said}` });
    });
  });
  const message = await first;
  if (message.type !== 'ready') {
    throw new Error(message.type === 'failed' ? message.reason : 'The stack did not start.');
  }

  let lastId = 0;
  const ask = async (command: Unnumbered): Promise<Answer> => {
    lastId += 1;
    const id = lastId;
    const reply = await new Promise<Reply>((resolve) => {
      waiting.set(id, resolve);
      child.send({ ...command, id });
    });
    if ('error' in reply) {
      throw new Error(reply.error);
    }
    return reply;
  };

  return {
    facts: message.facts,
    apps: message.apps,
    startApp: async (appOptions = {}) => {
      const { app } = await ask({ type: 'start-app', options: appOptions });
      if (app === undefined) {
        throw new Error('The stack told nothing of the app it started.');
      }
      return app;
    },
    stopApp: async ({ index }) => {
      await ask({ type: 'stop-app', index });
    },
    output: async ({ index }) => (await ask({ type: 'output', index })).output ?? '',
    stop: async () => {
      if (child.connected) {
        child.send({ type: 'stop' } satisfies StackCommand);
      }
      await exit;
    },
  };
}

type Reply = Extract<StackMessage, { type: 'reply' }>;
type Answer = Exclude<Reply, { error: string }>;
type Numbered = Exclude<StackCommand, { type: 'stop' }>;
type Unnumbered = Numbered extends infer Command
  ? Command extends Numbered
    ? Omit<Command, 'id'>
    : never
  : never;
