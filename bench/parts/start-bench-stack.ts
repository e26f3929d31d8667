import { fork } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../../local/loopback/processes';
import type { StackFacts, StackOptions } from '../../local/stack/options';
import type { StackCommand, StackMessage } from '../../local/stack/stack-process';
import { repository } from './server-process';

/** What stands beside the servers: tables, provider, Graph; no app. */
export interface BenchStack {
  readonly facts: StackFacts;
  /** Where an app may be served: the provider knows its redirect URI. */
  readonly origins: readonly string[];
  stop(): Promise<void>;
}

/** The registration of all servers at the provider: each signs people in by a code and a secret. */
export const benchClient = {
  id: 'be9c0000-0000-4000-8000-00000a57e700',
  secret: 'a-secret-of-no-value-but-for-the-bench',
} as const;

const callbackPaths = ['/auth/redirect', '/callback'];

/** Starts what `npm start` starts beside the app, in a process of its own, for apps on `count` origins. */
export async function startBenchStack(count: number): Promise<BenchStack> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  const origins = ports.map((port) => `http://localhost:${port}`);
  const options: StackOptions = {
    apps: 0,
    scriptRoot: repository,
    otherClients: [
      {
        ...benchClient,
        redirectUris: origins.flatMap((origin) => callbackPaths.map((path) => origin + path)),
        postLogoutRedirectUris: origins.map((origin) => `${origin}/auth/signed-out`),
      },
    ],
  };
  const child = fork(join(repository, 'local/dist/stack-process.mjs'), [JSON.stringify(options)], {
    silent: true,
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const exit = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  const message = await new Promise<StackMessage>((resolve) => {
    child.once('message', (sent) => {
      resolve(sent as StackMessage);
    });
    void exit.then(() => {
      resolve({ type: 'failed', reason: `The stack ended:\n${said}` });
    });
  });
  if (message.type !== 'ready') {
    throw new Error(message.type === 'failed' ? message.reason : 'The stack did not start.');
  }
  return {
    facts: message.facts,
    origins,
    stop: async () => {
      if (child.connected) child.send({ type: 'stop' } satisfies StackCommand);
      await exit;
    },
  };
}
