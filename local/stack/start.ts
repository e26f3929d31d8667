import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { bypassProxyOnLoopback } from '../../src/proxy';
import type { ReadyMessage } from '../../src/testing/local-stack';
import { startCommand, startUsage } from '../bin/usage.cjs';
import { FaultyFileError, readHostJson, readLocalSettings } from '../host/host-files';
import { describeError } from '../host/invoke';
import { isPortFree } from '../loopback/processes';
import { DataDirError } from '../entra/kept-state';
import { appPart, AppStartError } from './app';
import {
  type AppFolder,
  type AppWatch,
  authPathOf,
  buildApp,
  BuildError,
  createTypeCheck,
  readAppFolder,
  type TypeCheck,
  watchApp,
} from './app-folder';
import {
  describeStep,
  PortChoiceError,
  readStartOptions,
  settlePort,
  type StackListener,
  type StackOptions,
  type StartOptions,
  tellStep,
} from './options';
import { describeLocalSettings, describeMissing, standInSettings } from './settings';
import { type Stack, startStack } from './stack';

// The same as in local.settings.json.example. The dev container forwards them.
const preferredPorts = { entra: 7081, graph: 7082, orders: 7085 };

// The program of `anteroom-local`. Nothing on this machine goes through a proxy.
bypassProxyOnLoopback(process.env);

/** Starts the stack that the command line asks for, says how to use it, and ends it on Ctrl-C. */
async function runStart(args: readonly string[]): Promise<void> {
  const running: Running = { isEnding: false };
  endOnSignals(running);
  try {
    const options = readStartOptions(args);
    if (options === undefined) {
      console.log(startUsage);
    } else if (options.hasApp) {
      await startWithApp(options, args, running);
    } else {
      await startBesideApp(options, running);
    }
  } catch (error) {
    const what = error instanceof BuildError ? '\nThe app is not built.\n' : '';
    console.error(`${what}${explain(error)}`);
    process.exit(1);
  }
}

interface Running {
  isEnding: boolean;
  stack?: Stack;
  watch?: AppWatch;
  types?: TypeCheck | undefined;
}

function endOnSignals(running: Running): void {
  const end = (): void => {
    if (running.isEnding) return;
    running.isEnding = true;
    running.watch?.stop();
    running.types?.stop();
    // The stack is still starting. Its parts end when this process ends.
    if (running.stack === undefined) process.exit(0);
    void running.stack.stop().finally(() => process.exit(0));
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  // A test that has forked this program and is gone leaves nothing behind.
  process.on('disconnect', end);
}

async function startWithApp(
  options: StartOptions,
  args: readonly string[],
  running: Running,
): Promise<void> {
  const folder = readAppFolder(process.cwd(), {
    ...(options.build !== undefined && { build: options.build }),
    ...(options.basePath !== undefined && { basePath: options.basePath }),
  });
  if (options.watches) requireSources(folder);
  tellSettings(folder);
  const appPort = await freeAppPort(options.port ?? folder.port, args);
  const stack = await start(
    { ...stackOptions(options), apps: 1, appPort, authPath: folder.authPath },
    options,
    folder,
  );
  running.stack = stack;
  if (options.watches) watchStack(stack, folder, running);
  // Address and accounts at the end, where a person looks first. In one call, so that nothing comes between.
  const controls = describeControls(stack, options.watches);
  console.log(`${controls}\n${describeApp(stack, folder)}\n\n${describeAccounts(stack)}`);
  tellParent(stack, folder);
}

/** For `startLocalStack` of `anteroom/testing`, which has forked this program. Nobody else has a message channel to it. */
function tellParent({ facts, apps: [app] }: Stack, { authPath }: AppFolder): void {
  process.send?.({
    type: 'ready',
    url: app?.url ?? '',
    authPath,
    entraUrl: facts.entraUrl,
    graphUrl: facts.graphUrl,
    ordersUrl: facts.ordersUrl,
    tablesUrl: tablesUrlOf(facts),
    accounts: facts.users.map(({ name, username, objectId, roles }) => {
      return { name, username, objectId, roles };
    }),
  } satisfies ReadyMessage);
}

/** For an app that another host runs with `local.settings.json`. */
async function startBesideApp(options: StartOptions, running: Running): Promise<void> {
  const root = process.cwd();
  const { missing, ...standIns } = standInSettings(root);
  const authPath = authPathOf(root, options.basePath);
  const stack = await start({ ...stackOptions(options), apps: 0, ...standIns, authPath }, options);
  running.stack = stack;
  console.log('The app is not started. Start it with `func start` or `npm run host`.');
  console.log(describeMissing(stack.facts, missing));
  console.log(`${describeControls(stack, false)}\n${describeAccounts(stack)}`);
}

function stackOptions(options: StartOptions): StackOptions {
  const { dataDir, https, shape, tenant, frontEndUrl } = options;
  return {
    ...{ https, shape, usesLocalSettings: true },
    ...(frontEndUrl !== undefined && { frontEndUrl }),
    ...(tenant !== undefined && { tenant }),
    ...(dataDir !== undefined && { dataDir }),
  };
}

/** Builds the app, if there is one, and starts the stack. Shows each step. */
async function start(
  stackOptions: StackOptions & { readonly appPort: number },
  { watches }: StartOptions,
  folder?: AppFolder,
): Promise<Stack> {
  console.log('Starting the local stack:');
  let log = holdBack();
  const listener: StackListener = {
    onStep: (step) => {
      console.log(describeStep(step));
    },
    onOutput: (text) => {
      log(text);
    },
    onDeath: (part) => {
      if (watches && part === appPart) {
        console.error('\nThe app has ended by itself. The next change starts it again.');
        return;
      }
      console.error(
        `\n${part} has ended by itself, so the rest ends too. Start again: ${startCommand.replace(' --', '')}`,
      );
      void stack.stop().finally(() => process.exit(1));
    },
  };
  if (folder?.buildCommand !== undefined) {
    await tellStep(listener, `Build (${folder.buildCommand})`, () => buildApp(folder));
  }
  // Only at a terminal: elsewhere several stacks may start at once. The app's port comes first.
  const isUnclaimed = !Object.values(preferredPorts).includes(stackOptions.appPort);
  const preferred = process.stdout.isTTY && isUnclaimed ? { preferredPorts } : {};
  const stack = await startStack({ ...preferred, ...stackOptions }, listener);
  // Since this program began: under `npm start` the build of the stack is in it.
  const seconds = (performance.now() - askedMs) / 1000;
  console.log(`\nReady in ${seconds.toFixed(1)} s.`);
  log = log.release();
  return stack;
}

/** Only the app is restarted. The provider, its sessions and the tables stay as they are. */
function watchStack(stack: Stack, folder: AppFolder, running: Running): void {
  let [app] = stack.apps;
  const tell = (text: string): void => {
    console.log(text);
  };
  const types = createTypeCheck({ ...folder, tell });
  running.types = types;
  types?.soon();
  running.watch = watchApp({
    folder,
    check: () => {
      types?.breakOff();
      tellSettings(folder);
    },
    restart: async () => {
      if (app !== undefined) app = await stack.restartApp(app);
      types?.soon();
    },
    tell,
    explain,
  });
}

function requireSources({ root }: AppFolder): void {
  if (!existsSync(join(root, 'src'))) {
    throw new TypeError(`--watch looks at the folder src, and there is none in ${root}.`);
  }
}

/** Shows where the app's settings come from. A fault in the files is reported before anything starts. */
function tellSettings({ root }: AppFolder): void {
  readHostJson(root);
  const { values } = readLocalSettings(root);
  for (const line of describeLocalSettings(values, process.env)) {
    console.log(line);
  }
}

type Write = ((text: string) => void) & { release(): Write };

// Keeps the app's first lines back, so that they do not appear between the steps.
function holdBack(): Write {
  const held: string[] = [];
  const now: Write = Object.assign((text: string) => void process.stdout.write(text), {
    release: () => now,
  });
  return Object.assign((text: string) => void held.push(text), {
    release: () => {
      now(held.join(''));
      return now;
    },
  });
}

async function freeAppPort(wanted: number, args: readonly string[]): Promise<number> {
  const ask = process.stdin.isTTY && process.stdout.isTTY ? askAtTerminal : undefined;
  return settlePort({ wanted, args, command: startCommand, isFree: isPortFree, ask });
}

/** How long a person has thought about a question. The start did not take that time. */
let askedMs = 0;

async function askAtTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // While the question is open, Ctrl-C does not reach the process.
  terminal.on('SIGINT', () => process.exit(0));
  const began = performance.now();
  try {
    return await terminal.question(question);
  } finally {
    askedMs += performance.now() - began;
    terminal.close();
  }
}

function explain(error: unknown): string {
  const isForPeople = [
    PortChoiceError,
    AppStartError,
    BuildError,
    DataDirError,
    FaultyFileError,
  ].some((each) => error instanceof each);
  if (isForPeople && error instanceof Error) {
    return error.message;
  }
  if (isPortTaken(error)) {
    return `Port ${error.port} is taken, perhaps by another stack. With --no-app the ports are in
local.settings.json. With --data DIR they belong to the folder. End the other stack, or choose other
ports or another folder.`;
  }
  return error instanceof TypeError ? `${error.message}\n\n${startUsage}` : describeError(error);
}

function isPortTaken(error: unknown): error is Error & { readonly port: number } {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'EADDRINUSE' &&
    'port' in error &&
    typeof error.port === 'number'
  );
}

/** Where to open the app, and where to sign in. */
function describeApp({ apps: [app] }: Stack, { authPath }: AppFolder): string {
  const url = app?.url ?? '';
  const signIn = `${authPath}/login`;
  const hasSignIn = app?.routes.some((route) => `/${route}`.toLowerCase() === signIn) === true;
  return hasSignIn
    ? `Open ${url}\nSign in at ${url}${signIn}`
    : `Open ${url}\nNo function of the app answers at ${signIn}, so nobody can sign in. Register the functions of anteroom(...), or name its basePath: --base-path`;
}

function describeControls({ facts }: Stack, watches: boolean): string {
  const watching = watches
    ? '\nWatching src, host.json and local.settings.json: a change builds the app and starts it again.'
    : '';
  return `
Change accounts, demand confirmations, break things while it runs:
  ${facts.entraUrl}/control   Entra ID stand-in
  ${facts.graphUrl}/control   Graph stand-in
  ${facts.ordersUrl}/control   the API orders (ORDERS_URL)
  ${tablesUrlOf(facts)}/control   Table Storage
${watching}
Ctrl-C ends everything.
`;
}

/** The origin of the layer in front of Azurite, which has the control page. */
function tablesUrlOf({ tablesConnectionString }: Stack['facts']): string {
  return /TableEndpoint=(http:\/\/[^/;]*)/.exec(tablesConnectionString)?.[1] ?? '';
}

function describeAccounts({ facts }: Stack): string {
  const width = Math.max(...facts.offered.map(({ username }) => username.length));
  const accounts = facts.offered.map(
    ({ username, note }) => `  ${username.padEnd(width)}   ${note}`,
  );
  return `Accounts (choose one at sign-in; there is no password):\n${accounts.join('\n')}`;
}

await runStart(process.argv.slice(2));
