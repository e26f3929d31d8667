import { createInterface } from 'node:readline/promises';
import { readHostJson, readLocalSettings } from '../host/host-files';
import { describeError } from '../host/invoke';
import { FaultyFileError } from '../loopback/json-file';
import { isPortFree } from '../loopback/ports';
import { appPart, AppStartError } from './app';
import {
  PortChoiceError,
  readStartOptions,
  settlePort,
  type StartOptions,
  startUsage,
} from './command-line';
import { DataDirError } from './data-dir';
import { describeStep } from './options';
import { describeLocalSettings } from './settings';
import { type Stack, startStack } from './stack';
import { type AppWatch, BuildError, watchApp } from './watch';

// Those of local.settings.json.example, which the dev container forwards.
const preferredPorts = { entra: 7081, graph: 7082 };

/** The command line of `npm start`: starts the stack, says how to use it, ends it on Ctrl-C. */
export async function runStart(args: readonly string[]): Promise<void> {
  let stack: Stack | undefined;
  let watching: AppWatch | undefined;
  let isEnding = false;
  const end = (): void => {
    if (!isEnding) {
      isEnding = true;
      watching?.stop();
      void stack?.stop().finally(() => process.exit(0));
      if (stack === undefined) {
        // Still starting: what was started ends with its parent.
        process.exit(0);
      }
    }
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  try {
    const options = readStartOptions(args);
    if (options === undefined) {
      console.log(startUsage);
      return;
    }
    checkFiles(options);
    stack = await start(await withFreePort(options, args));
    watching = options.watches ? watchStack(stack, options) : undefined;
  } catch (error) {
    console.error(explain(error));
    process.exit(1);
  }
}

async function start(options: StartOptions): Promise<Stack> {
  const started = performance.now();
  console.log('Starting the local stack:');
  let log = holdBack();
  // At a terminal only: of what runs unattended, several may start at once.
  // The app, told where to be, goes before.
  const isUnclaimed = !Object.values(preferredPorts).includes(options.appPort);
  const preferred = process.stdout.isTTY && isUnclaimed ? { preferredPorts } : {};
  const stack = await startStack(
    { ...preferred, ...options },
    {
      onStep: (step) => {
        console.log(describeStep(step));
      },
      onOutput: (text) => {
        log(text);
      },
      onDeath: (part) => {
        if (options.watches && part === appPart) {
          console.error('\nThe app has ended by itself. The next change starts it again.');
          return;
        }
        console.error(
          `\n${part} has ended by itself, so the rest ends too. Start again: npm start`,
        );
        void stack.stop().finally(() => process.exit(1));
      },
    },
  );
  console.log(describeStack(stack, (performance.now() - started) / 1000));
  log = log.release();
  return stack;
}

/** The provider, its sessions, and the tables stay as they are while the app is replaced. */
function watchStack(stack: Stack, options: StartOptions): AppWatch {
  let [app] = stack.apps;
  const watching = watchApp({
    root: process.cwd(),
    check: () => {
      checkFiles(options);
    },
    restart: async () => {
      if (app !== undefined) app = await stack.restartApp(app);
    },
    tell: (line) => {
      console.log(line);
    },
    explain,
  });
  console.log(
    'Watching src, host.json and local.settings.json: a change builds and starts the app anew.',
  );
  return watching;
}

/** What the app's process would find wrong in files of the checkout must be said before anything is started. */
function checkFiles(options: StartOptions): void {
  if (options.apps === 0) return;
  readHostJson(process.cwd());
  const { values } = readLocalSettings(process.cwd());
  for (const line of describeLocalSettings(values, process.env)) {
    console.log(line);
  }
}

type Write = ((text: string) => void) & { release(): Write };

// The app's first lines come after the steps, or they would stand between them.
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

async function withFreePort(options: StartOptions, args: readonly string[]): Promise<StartOptions> {
  if (options.apps === 0) {
    return options;
  }
  const ask = process.stdin.isTTY && process.stdout.isTTY ? askAtTerminal : undefined;
  const choice = { wanted: options.appPort, args, isFree: isPortFree, ask };
  return { ...options, appPort: await settlePort(choice) };
}

async function askAtTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Ctrl-C comes to the question, not to the process.
  terminal.on('SIGINT', () => process.exit(0));
  try {
    return await terminal.question(question);
  } finally {
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
    return `Port ${error.port} is taken, perhaps by another stack: with --no-app the ports are those of
local.settings.json, with --data DIR they belong to the folder. End the other stack, or choose other
ports there, or another folder.`;
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

/** What a person needs to know of a stack that is ready. */
function describeStack({ apps, facts }: Stack, seconds: number): string {
  const [app] = apps;
  const width = Math.max(...facts.users.map(({ username }) => username.length));
  const accounts = facts.users.map(({ username, note }) => `  ${username.padEnd(width)}   ${note}`);
  const ready = `Ready in ${seconds.toFixed(1)} s`;
  return `
${app === undefined ? `${ready}, without the app: \`func start\` or \`npm run host\` serves it beside them.` : `${ready}. Open ${app.url}`}
${app === undefined && facts.issuer !== facts.authority ? describeSettings(facts) : ''}
Accounts (choose one at sign-in; there is no password):
${accounts.join('\n')}

Change accounts, demand confirmations, break things while it runs:
  ${facts.entraUrl}/control   Entra ID stand-in
  ${facts.graphUrl}/control   Graph stand-in

Ctrl-C ends everything.
`;
}

// In this shape local.settings.json.example does not fit as it is.
function describeSettings({ authority, issuer }: Stack['facts']): string {
  return `
Set in local.settings.json, since the provider's shape differs from the example's:
  "ENTRA_AUTHORITY": "${authority}"
  "ENTRA_ISSUER": "${issuer}"
`;
}
