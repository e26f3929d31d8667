import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { AppRegistration } from '../entra/registrations';
import { type EntraShape, entraShapes } from '../entra/shape';
import type { StorageAccount } from '../tables/azurite';
import type { StackSecrets } from './data-dir';
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

/** How to start the local stack. What is left out is chosen: free ports, fresh secrets, one app. */
export interface StackOptions {
  /** How many instances of the app to start at once: 1. With 0, `startApp` starts them later. */
  readonly apps?: number;
  /** The first app's port. */
  readonly appPort?: number;
  /** Serves the app over https with a throwaway certificate. */
  readonly https?: boolean;
  /** Settings of the app over those the stack gives it; an empty text takes one away. */
  readonly appEnv?: Readonly<Record<string, string>>;
  /** Where host.json, package.json and dist are; the current directory. */
  readonly scriptRoot?: string;
  /** Tables that are already there, instead of an Azurite of its own. */
  readonly tablesConnectionString?: string;
  /** `anteroom`. The stack creates it. */
  readonly tableName?: string;
  /** Secrets and ports that are settled already, instead of fresh ones. */
  readonly secrets?: StackSecrets;
  /**
   * Where the stand-ins stand if nothing else is there yet, instead of on any free port. For people only:
   * stacks that start at the same moment would race for them.
   */
  readonly preferredPorts?: { readonly entra: number; readonly graph: number };
  /** Which provider the stand-in plays: `entra`. */
  readonly shape?: EntraShape;
  /** More about the app's registration: certificates and federated credentials it may prove itself by. */
  readonly registration?: Pick<AppRegistration, 'certificates' | 'federatedCredentials'>;
  /** Further apps at the same provider. */
  readonly otherClients?: readonly AppRegistration[];
  /** Starts Azurite's blob service there too: `func start` wants it for timer triggers. */
  readonly blobs?: { readonly port: number; readonly account: StorageAccount };
  /** Folder in which rows, secrets, ports and the provider's sessions stay over restarts. */
  readonly dataDir?: string;
  /** Lets the app heed `local.settings.json` and the environment for what the stack does not set. */
  readonly usesLocalSettings?: boolean;
}

/** How to start one more instance of the app on a stack. */
export interface StartAppOptions {
  /** Over the stack's `appEnv`. `APP_BASE_URL` of another instance makes the two one app. */
  readonly env?: Readonly<Record<string, string>>;
  readonly https?: boolean;
}
