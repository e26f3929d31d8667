import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readFrontEndUrl } from '../host/beside-functions';
import type { AppRegistration, SeededUser } from '../entra/registrations';
import { type EntraShape, entraShapes, isSovereign, isWorkforce } from '../entra/tenants';
import type { StorageAccount } from '../tables/azurite';

/** How to start the local stack. Without an option, the stack takes free ports, new secrets and one app. */
export interface StackOptions {
  /** How many instances of the app to start at once: 1. With 0, `startApp` starts them later. */
  readonly apps?: number;
  /** The first app's port. */
  readonly appPort?: number;
  /** Serves the app over https with a throwaway certificate. */
  readonly https?: boolean;
  /** Settings of the app, which win over those of the stack. An empty text removes a setting. */
  readonly appEnv?: Readonly<Record<string, string>>;
  /** Where host.json, package.json and dist are; the current directory. */
  readonly scriptRoot?: string;
  /** Path of Anteroom's functions on the app: `/auth`. The provider sends people there. */
  readonly authPath?: string;
  /** Existing tables to use. Without it, the stack starts Azurite. */
  readonly tablesConnectionString?: string;
  /** `anteroom`. The stack creates it. */
  readonly tableName?: string;
  /** Secrets and ports to use instead of new ones. */
  readonly secrets?: StackSecrets;
  /**
   * Ports of the stand-ins where these are free; otherwise any free port is taken. Only for a stack that a person
   * starts: several stacks that start at the same moment would take the port from each other.
   */
  readonly preferredPorts?: {
    readonly entra: number;
    readonly graph: number;
    readonly orders?: number;
  };
  /** Which provider the stand-in plays: `entra`. */
  readonly shape?: EntraShape;
  /**
   * Where people sign in: `common`, `organizations`, `consumers` or a domain name such as `anteroom.onmicrosoft.example`. The
   * app is then registered for these accounts, and lets all of them in. The id of the tenant unless given.
   */
  readonly tenant?: string;
  /** Certificates and federated credentials by which the app may authenticate, what it was granted, and for whom it is. */
  readonly registration?: Pick<
    AppRegistration,
    | 'certificates'
    | 'federatedCredentials'
    | 'appPermissions'
    | 'signInAudience'
    | 'groupMembershipClaims'
  >;
  /** Further apps at the same provider. */
  readonly otherClients?: readonly AppRegistration[];
  /** Starts Azurite's blob service there too: `func start` wants it for timer triggers. */
  readonly blobs?: { readonly port: number; readonly account: StorageAccount };
  /** Origin of a front end's development server, which answers where no function of the app does. */
  readonly frontEndUrl?: string;
  /** Folder in which rows, secrets, ports and the provider's sessions stay over restarts. */
  readonly dataDir?: string;
  /** The app also gets the settings of `local.settings.json` and of the environment that the stack does not set. */
  readonly usesLocalSettings?: boolean;
}

/** How to start one more instance of the app on a stack. */
export interface StartAppOptions {
  /** Settings that win over `appEnv` of the stack. Two instances with the same `APP_BASE_URL` are one app. */
  readonly env?: Readonly<Record<string, string>>;
  readonly https?: boolean;
}

/** Secrets and ports. Sessions survive a restart of the stack only if these stay the same. Port 0 is any free port. */
export interface StackSecrets {
  readonly account: StorageAccount;
  /** 32 bytes, base64url: KEY_RING_SECRET. */
  readonly keyRingSecret: string;
  readonly clientSecret: string;
  /** It is part of the issuer's URL, and the user's key is made from the issuer. */
  readonly entraPort: number;
  readonly graphPort: number;
  readonly ordersPort: number;
  readonly tablesPort: number;
}

/** What a stack consists of, as plain values. */
export interface StackFacts {
  readonly tenantId: string;
  /** `ENTRA_TENANT_ID`: the same, or the `tenant` of the options. */
  readonly tenant: string;
  readonly client: { readonly id: string; readonly secret: string };
  /** An app that calls this one as itself, with the application permission `Notes.Read.All`. */
  readonly daemon: { readonly id: string; readonly secret: string };
  /** Origin of the Entra stand-in; its control page is `/control`. */
  readonly entraUrl: string;
  readonly authority: string;
  /** `iss` of the tokens. Only in the shape `entra` it is the authority. */
  readonly issuer: string;
  readonly graphUrl: string;
  /** With `/v1.0`. */
  readonly graphBaseUrl: string;
  /** Origin of the API `orders`: `ORDERS_URL` of the app. */
  readonly ordersUrl: string;
  /** The value of `GRAPH_SCOPES` if it is not the default: with Azure AD B2C, and in a sovereign cloud. */
  readonly graphScopes?: string;
  /** `B2C_RESET_POLICY` and `B2C_EDIT_POLICY`, with Azure AD B2C. */
  readonly policies?: { readonly reset: string; readonly edit: string };
  readonly tablesConnectionString: string;
  readonly tableName: string;
  readonly keyRingSecret: string;
  readonly users: readonly SeededUser[];
  /** The users whom the account picker offers to people of this app. */
  readonly offered: readonly SeededUser[];
}

/** A step of starting the stack. It is told twice: when it begins and when it is done. */
export interface StackStep {
  readonly name: string;
  /** Undefined when the step begins. */
  readonly seconds?: number;
  /** Where the part listens now. */
  readonly address?: string;
}

/** The line that is shown for a step. */
export function describeStep({ name, seconds, address }: StackStep): string {
  if (seconds === undefined) {
    return `  \u2026 ${name}`;
  }
  const line = `  \u2713 ${name.padEnd(36)} ${seconds.toFixed(1).padStart(4)} s`;
  return address === undefined ? line : `${line}   ${address}`;
}

/** Who wants to see the steps, and the apps' log. */
export interface StackListener {
  onStep?(step: StackStep): void;
  onOutput?(text: string): void;
  /** A part of the running stack has ended by itself. */
  onDeath?(part: string): void;
}

/** Does `work`, and tells the listener when it begins and when it is done. `addressOf` gives the address to show. */
export async function tellStep<T>(
  listener: StackListener,
  name: string,
  work: () => Promise<T>,
  addressOf: (done: T) => string | undefined = () => undefined,
): Promise<T> {
  const begun = performance.now();
  listener.onStep?.({ name });
  const done = await work();
  const address = addressOf(done);
  const seconds = (performance.now() - begun) / 1000;
  listener.onStep?.({ name, seconds, ...(address !== undefined && { address }) });
  return done;
}

/** What the command line asks for. */
export interface StartOptions {
  /** Undefined: nobody named one. */
  readonly port: number | undefined;
  /** Absolute. */
  readonly dataDir: string | undefined;
  readonly https: boolean;
  readonly shape: EntraShape;
  readonly tenant: string | undefined;
  /** Origin of a front end's development server. */
  readonly frontEndUrl: string | undefined;
  /** Builds and restarts the app when its sources change. */
  readonly watches: boolean;
  readonly hasApp: boolean;
  /** A shell command; false: build nothing; undefined: what is usual. */
  readonly build: string | false | undefined;
  readonly basePath: string | undefined;
}

/**
 * Reads the command line; undefined when it asks for help.
 * @throws TypeError saying what is wrong with it
 */
export function readStartOptions(args: readonly string[]): StartOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string' },
      data: { type: 'string' },
      https: { type: 'boolean', default: false },
      shape: { type: 'string', default: 'entra' },
      tenant: { type: 'string' },
      'front-end': { type: 'string' },
      watch: { type: 'boolean', default: false },
      build: { type: 'string' },
      'no-build': { type: 'boolean', default: false },
      'base-path': { type: 'string' },
      'no-app': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  if (values['no-app']) refuseForNoApp(values);
  if (values['no-build'] && values.build !== undefined) {
    throw new TypeError('--build and --no-build contradict each other. Leave one of them out.');
  }
  return {
    port: readPort(values.port),
    dataDir: values.data === undefined ? undefined : resolve(values.data),
    https: values.https,
    shape: readShape(values.shape),
    tenant: readTenant(values.tenant, readShape(values.shape)),
    frontEndUrl:
      values['front-end'] === undefined ? undefined : readFrontEndUrl(values['front-end']),
    watches: values.watch,
    hasApp: !values['no-app'],
    build: values['no-build'] ? false : values.build,
    basePath: readBasePath(values['base-path']),
  };
}

function refuseForNoApp(values: {
  readonly port?: string;
  readonly watch: boolean;
  readonly 'front-end'?: string;
}): void {
  if (values['front-end'] !== undefined) {
    throw new TypeError(
      '--front-end needs an app, and --no-app starts none. Leave one of them out.',
    );
  }
  if (values.port !== undefined) {
    throw new TypeError(
      '--port needs an app, and --no-app starts none. Leave --port out. The port of the app is in APP_BASE_URL of local.settings.json.',
    );
  }
  if (values.watch) {
    throw new TypeError('--watch needs an app, and --no-app starts none. Leave one of them out.');
  }
}

function readTenant(name: string | undefined, shape: EntraShape): string | undefined {
  if (name !== undefined && !isWorkforce(shape)) {
    throw new TypeError(`--tenant does not work with --shape ${shape}: it has one tenant.`);
  }
  if (name === 'consumers' && isSovereign(shape)) {
    throw new TypeError(`--shape ${shape} has no personal accounts. Leave --tenant consumers out.`);
  }
  if (name !== undefined && !/^[a-z0-9.-]+$/i.test(name)) {
    throw new TypeError('--tenant must be common, organizations, consumers or a domain name.');
  }
  return name;
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new TypeError('--port takes a number from 1 to 65535.');
  }
  return port;
}

function readShape(text: string): EntraShape {
  const shape = entraShapes.find((each) => each === text);
  if (shape === undefined) {
    throw new TypeError(`--shape takes one of ${entraShapes.join(', ')}.`);
  }
  return shape;
}

function readBasePath(text: string | undefined): string | undefined {
  const path = text?.replace(/^\/+|\/+$/g, '');
  if (path !== undefined && !/^[a-z0-9][a-z0-9-]*(\/[a-z0-9-]+)*$/.test(path)) {
    throw new TypeError('--base-path takes lower-case words with slashes between them: auth.');
  }
  return path;
}

/** The port is taken, and no other port was chosen. The message says what to type. */
export class PortChoiceError extends Error {}

/** How to find a port for the app. */
export interface PortChoice {
  readonly wanted: number;
  /** What a person types: `startCommand`. */
  readonly command: string;
  /** The command line's arguments, for the command that would work. */
  readonly args: readonly string[];
  isFree(port: number): Promise<boolean>;
  /** Asks the person at the terminal; left out if there is nobody to ask. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
}

const maxTries = 50;

/**
 * The port to use: the one that is wanted, or the next free one if the person says so.
 * @throws PortChoiceError
 */
export async function settlePort(choice: PortChoice): Promise<number> {
  const { wanted, command, ask } = choice;
  if (await choice.isFree(wanted)) {
    return wanted;
  }
  const next = await nextFree(choice);
  const taken = `Port ${wanted} is taken, perhaps by another \`${command.replace(' --', '')}\` or \`func start\`.`;
  if (next === undefined) {
    throw new PortChoiceError(`${taken} So are the ${maxTries} after it: choose one with --port.`);
  }
  const answer = await ask?.(`${taken}\nUse ${next} instead? [Y/n] `);
  if (answer !== undefined && /^\s*(y|yes)?\s*$/i.test(answer)) {
    return next;
  }
  throw new PortChoiceError(
    `${taken}\nEnd that, or choose another port: ${command} ${withPort(choice, next)}`,
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

/** The same arguments with another port. Those that a shell would split are quoted. */
function withPort({ args, command }: PortChoice, port: number): string {
  // `npm start` names the build itself.
  const own = command.startsWith('npm start') ? ['--port', '--build'] : ['--port'];
  const others = args.filter(
    (arg, index) => !own.includes(arg.replace(/=.*/s, '')) && !own.includes(args[index - 1] ?? ''),
  );
  const quoted = others.map((arg) =>
    /^[\w./:=@-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`,
  );
  return ['--port', String(port), ...quoted].join(' ');
}
