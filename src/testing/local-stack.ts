import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import * as v from 'valibot';
import { type SignedInFetch, signInAt } from './signed-in-fetch';

export type { SignedInFetch } from './signed-in-fetch';

/** Which app to start, and how. */
export interface LocalStackOptions {
  /** The app's folder, with `host.json` and `package.json`: the current one unless given. */
  readonly folder?: string;
  /** A shell command that builds the app; false: no build. `npm run build` unless given. */
  readonly build?: string | false;
  /** The `basePath` that the app gives to `anteroom()`. `auth` unless given. */
  readonly basePath?: string;
  /** Settings of the app beside those of the stack. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Somebody who can sign in on the stack. */
export interface LocalAccount {
  readonly name: string;
  readonly username: string;
  /** The user's object id, claim `oid`. */
  readonly objectId: string;
  readonly roles: readonly string[];
}

/** A running app, with what stands in for Entra ID, Microsoft Graph and Table Storage. */
export interface LocalStack {
  /** The app's origin, `http://localhost:49152` for instance. */
  readonly url: string;
  /** Where Anteroom's functions stand: `/api/auth`. */
  readonly authPath: string;
  /** Origin of the stand-in for Entra ID. `/control` below it changes accounts and causes faults. */
  readonly entraUrl: string;
  /** Origin of the stand-in for Microsoft Graph, with a `/control` of its own. */
  readonly graphUrl: string;
  readonly accounts: readonly LocalAccount[];
  /**
   * Signs somebody in, in a browser of their own.
   * @param account a name or user name out of `accounts`
   * @returns a `fetch` for the app, with the cookies of that browser
   * @throws Error when there is no such account, or when the sign-in ends on a page that says what is wrong
   */
  signIn(account: string): Promise<SignedInFetch>;
  /** What the stack and the app have written. */
  output(): string;
  /** Ends everything. Call it at the end of the tests. */
  stop(): Promise<void>;
}

/** What `anteroom-local` tells the process that has started it, once everything answers. */
const readyMessage = v.object({
  type: v.literal('ready'),
  url: v.string(),
  authPath: v.string(),
  entraUrl: v.string(),
  graphUrl: v.string(),
  accounts: v.array(
    v.object({
      name: v.string(),
      username: v.string(),
      objectId: v.string(),
      roles: v.pipe(v.array(v.string()), v.readonly()),
    }),
  ),
});

export type ReadyMessage = v.InferOutput<typeof readyMessage>;

/**
 * Builds the app and runs it on free ports, beside what it needs, with the package `anteroom-local`. Everything is in
 * memory and on this machine. It ends with the process that started it.
 * @throws Error when `anteroom-local` is not installed beside the app; when the app cannot be built or started, with
 *   what it said
 * @example
 * ```ts
 * import { startLocalStack } from 'anteroom/testing';
 *
 * const stack = await startLocalStack();
 * const fetchAsInes = await stack.signIn('ines@anteroom.example');
 * const answer = await fetchAsInes('/api/reports');
 * console.log(answer.status);
 * await stack.stop();
 * ```
 */
export async function startLocalStack(options: LocalStackOptions = {}): Promise<LocalStack> {
  const folder = resolve(options.folder ?? '.');
  const child = fork(findProgram(folder), await argumentsFor(options), {
    cwd: folder,
    // eslint-disable-next-line no-restricted-properties -- the stack needs PATH and the like, no setting of ours
    env: { ...process.env, npm_lifecycle_event: '', ...options.settings },
    silent: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const ready = await untilReady(child, () => output);
  const { url, authPath, entraUrl, graphUrl, accounts } = ready;
  return {
    url,
    authPath,
    entraUrl,
    graphUrl,
    accounts,
    signIn: async (account) => {
      const found = accounts.find(({ name, username }) => name === account || username === account);
      if (found === undefined) {
        const names = accounts.map(({ name }) => name).join(', ');
        throw new Error(`There is no account ${account}. There are ${names}.`);
      }
      return signInAt(url, authPath, found.objectId);
    },
    output: () => output,
    stop: () => end(child),
  };
}

/** The program of `anteroom-local`, as the app has it. */
function findProgram(folder: string): string {
  let path: string;
  try {
    path = createRequire(join(folder, 'package.json')).resolve('anteroom-local/package.json');
  } catch (cause) {
    const advice = 'npm install --save-dev anteroom-local';
    throw new Error(`anteroom-local is not installed in ${folder}: ${advice}`, { cause });
  }
  const { bin } = v.parse(
    v.object({ bin: v.object({ 'anteroom-local': v.string() }) }),
    JSON.parse(readFileSync(path, 'utf8')),
  );
  return join(dirname(path), bin['anteroom-local']);
}

async function argumentsFor({ build, basePath }: LocalStackOptions): Promise<string[]> {
  return [
    ...['--port', String(await freePort())],
    ...(build === false ? ['--no-build'] : []),
    ...(typeof build === 'string' ? ['--build', build] : []),
    ...(basePath === undefined ? [] : ['--base-path', basePath]),
  ];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port is free.');
  return address.port;
}

function untilReady(child: ChildProcess, output: () => string): Promise<ReadyMessage> {
  return new Promise((done, fail) => {
    child.on('message', (message) => {
      const parsed = v.safeParse(readyMessage, message);
      if (parsed.success) done(parsed.output);
    });
    child.once('exit', () => {
      fail(new Error(`The local stack did not start:\n${output()}`));
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.disconnect();
  await ended;
}
