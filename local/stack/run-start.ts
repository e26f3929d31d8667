import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeError } from '../functions-host/run-function';
import { AppStartError } from './app-process';
import { isPortFree } from './free-port';
import { standInSettings } from './stand-in-settings';
import { startStack, type Stack } from './start-stack';

const usage = `Usage: npm start -- [--port P] [--data DIR] [--https] [--no-app]

  --port P     the app's port (7071)
  --data DIR   keep sessions in DIR over restarts; without it everything is in memory
  --https      serve the app over https with a throwaway certificate
  --no-app     start only what stands beside the app`;

/** The command line of `npm start`: starts the stack, says how to use it, ends it on Ctrl-C. */
export async function runStart(args: readonly string[]): Promise<void> {
  const started = performance.now();
  let stack: Stack | undefined;
  let isEnding = false;
  const end = (): void => {
    if (!isEnding) {
      isEnding = true;
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
    const options = readOptions(args);
    if (options === undefined) {
      console.log(usage);
      return;
    }
    if (options.apps > 0 && !(await isPortFree(options.appPort))) {
      throw new AppStartError('', true);
    }
    console.log('Starting the local stack:');
    let log = holdBack();
    stack = await startStack(options, {
      onStep: (step) => {
        console.log(`  \u2713 ${step}`);
      },
      onOutput: (text) => {
        log(text);
      },
    });
    console.log(describeStack(stack, (performance.now() - started) / 1000));
    log = log.release();
  } catch (error) {
    console.error(explain(error, args));
    process.exit(1);
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

function readOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: '7071' },
      data: { type: 'string' },
      https: { type: 'boolean', default: false },
      'no-app': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const appPort = Number(values.port);
  if (!Number.isInteger(appPort) || appPort < 1 || appPort > 65_535) {
    throw new TypeError('--port takes a number from 1 to 65535.');
  }
  if (values.help) {
    return undefined;
  }
  const common = {
    https: values.https,
    usesLocalSettings: true,
    ...(values.data !== undefined && { dataDir: resolve(values.data) }),
  };
  return values['no-app']
    ? { ...common, apps: 0, ...standInSettings(process.cwd()) }
    : { ...common, apps: 1, appPort };
}

function describeStack({ apps, facts }: Stack, seconds: number): string {
  const width = Math.max(...facts.users.map(({ username }) => username.length));
  const accounts = facts.users.map(({ username, note }) => `  ${username.padEnd(width)}   ${note}`);
  const [app] = apps;
  const open =
    app === undefined
      ? `Ready in ${seconds.toFixed(1)} s, without the app: \`func start\` or \`npm run host\` serves it beside them.`
      : `Ready in ${seconds.toFixed(1)} s. Open ${app.url}`;
  return `\n${open}\n\nAccounts (choose one at sign-in; there is no password):\n${accounts.join('\n')}\n\nCtrl-C ends everything.\n`;
}

function explain(error: unknown, args: readonly string[]): string {
  if (error instanceof AppStartError && error.isPortTaken) {
    const index = args.indexOf('--port');
    const port = index === -1 ? 7071 : Number(args[index + 1]);
    return `Port ${port} is taken, perhaps by another \`npm start\` or \`func start\`.
End that, or choose another port: npm start -- --port ${port + 1}`;
  }
  if (error instanceof AppStartError) {
    return error.message;
  }
  return error instanceof TypeError ? `${error.message}\n\n${usage}` : describeError(error);
}
