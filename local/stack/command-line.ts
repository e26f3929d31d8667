import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { entraShapes } from '../entra/shape';
import type { StackOptions } from './options';
import { standInSettings } from './settings';

/** How `npm start` is used. */
export const startUsage = `Usage: npm start -- [--port P] [--data DIR] [--https] [--shape S] [--watch | --no-app]

  --port P     the app's port (7071)
  --data DIR   keep sessions and accounts in DIR over restarts; without it everything is in memory
  --https      serve the app over https with a throwaway certificate
  --shape S    play entra (Microsoft Entra ID), external-id or b2c
  --watch      build and start the app anew when a file in src or a settings file changes
  --no-app     start only what stands beside the app, where local.settings.json looks for it`;

/** What the command line of `npm start` asks for. */
export type StartOptions = StackOptions & {
  readonly apps: number;
  readonly appPort: number;
  /** Builds and starts the app anew when its sources change. */
  readonly watches: boolean;
};

/**
 * Reads the command line; undefined when it asks for help.
 * @throws TypeError saying what is wrong with it, or with local.settings.json
 */
export function readStartOptions(args: readonly string[]): StartOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string' },
      data: { type: 'string' },
      https: { type: 'boolean', default: false },
      shape: { type: 'string', default: 'entra' },
      watch: { type: 'boolean', default: false },
      'no-app': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    return undefined;
  }
  if (values['no-app'] && values.port !== undefined) {
    throw new TypeError(
      '--port goes with an app, and --no-app starts none: its port is that of APP_BASE_URL in local.settings.json. Leave --port out, and change it there.',
    );
  }
  if (values['no-app'] && values.watch) {
    throw new TypeError(
      '--watch goes with an app, and --no-app starts none. Leave one of them out.',
    );
  }
  const appPort = Number(values.port ?? '7071');
  if (!Number.isInteger(appPort) || appPort < 1 || appPort > 65_535) {
    throw new TypeError('--port takes a number from 1 to 65535.');
  }
  const shape = entraShapes.find((each) => each === values.shape);
  if (shape === undefined) {
    throw new TypeError(`--shape takes one of ${entraShapes.join(', ')}.`);
  }
  const common = {
    https: values.https,
    shape,
    usesLocalSettings: true,
    watches: values.watch,
    ...(values.data !== undefined && { dataDir: resolve(values.data) }),
  };
  return values['no-app']
    ? { ...common, apps: 0, ...standInSettings(process.cwd()) }
    : { ...common, apps: 1, appPort };
}

/** The port is taken, and nobody chose another one. The message says what to type. */
export class PortChoiceError extends Error {}

/** How to find a port for the app. */
export interface PortChoice {
  readonly wanted: number;
  /** The command line's arguments, for the command that would work. */
  readonly args: readonly string[];
  isFree(port: number): Promise<boolean>;
  /** Asks the person at the terminal; left out where there is nobody to ask. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
}

const maxTries = 50;

/**
 * The port to use: the one that is wanted, or the next free one if the person says so.
 * @throws PortChoiceError
 */
export async function settlePort(choice: PortChoice): Promise<number> {
  const { wanted, args, ask } = choice;
  if (await choice.isFree(wanted)) {
    return wanted;
  }
  const next = await nextFree(choice);
  const taken = `Port ${wanted} is taken, perhaps by another \`npm start\` or \`func start\`.`;
  if (next === undefined) {
    throw new PortChoiceError(`${taken} So are the ${maxTries} after it: choose one with --port.`);
  }
  const answer = await ask?.(`${taken}\nUse ${next} instead? [Y/n] `);
  if (answer !== undefined && /^\s*(y|yes)?\s*$/i.test(answer)) {
    return next;
  }
  throw new PortChoiceError(
    `${taken}\nEnd that, or choose another port: npm start -- ${withPort(args, next)}`,
  );
}

async function nextFree(choice: PortChoice): Promise<number | undefined> {
  const { wanted } = choice;
  for (let port = wanted + 1; port <= Math.min(wanted + maxTries, 65_535); port += 1) {
    if (await choice.isFree(port)) {
      return port;
    }
  }
  return undefined;
}

/** The arguments with another port, quoted where a shell would take them apart. */
function withPort(args: readonly string[], port: number): string {
  const others = args.filter(
    (arg, index) => !arg.startsWith('--port') && args[index - 1] !== '--port',
  );
  const quoted = others.map((arg) =>
    /^[\w./:=@-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`,
  );
  return ['--port', String(port), ...quoted].join(' ');
}
