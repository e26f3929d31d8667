import type { StackFacts, StackOptions } from '../../local/stack/options';
import { freePort } from '../../local/loopback/processes';
import { appEnvironment, appSettings } from '../../local/stack/settings';
import { startStack } from '../../test/support/start-stack';
import { repository, type ServerCommand } from './server-process';
import type { SignInPlan } from './sign-in';

/** A server that people sign in at. */
export interface Contender {
  readonly name: string;
  readonly command: ServerCommand;
  readonly baseUrl: string;
  readonly signIn: SignInPlan;
}

/** Secret of cookies that nobody keeps. */
const cookieSecret = 'a-secret-of-no-value-for-cookies-of-the-bench';

/** Anteroom, and express-openid-connect in its two forms, at the same provider and table. */
export function contenders(
  facts: StackFacts,
  [ours = '', withCookie = '', withStore = '']: readonly string[],
) {
  return {
    anteroom: {
      name: 'Anteroom',
      command: appCommand({ facts, baseUrl: ours }),
      baseUrl: ours,
      signIn: appSignIn(ours),
    },
    cookie: expressContender(facts, withCookie, 'cookie'),
    store: expressContender(facts, withStore, 'table'),
  } satisfies Record<string, Contender>;
}

function expressContender(
  facts: StackFacts,
  baseUrl: string,
  store: 'cookie' | 'table',
): Contender {
  return {
    name: `express-openid-connect, ${store === 'cookie' ? 'cookie session' : 'store in the table'}`,
    command: {
      script: 'bench/processes/express-openid-connect-server.mjs',
      env: {
        NODE_ENV: 'production',
        APP_BASE_URL: baseUrl,
        ENTRA_AUTHORITY: facts.authority,
        ENTRA_CLIENT_ID: benchClient.id,
        ENTRA_CLIENT_SECRET: benchClient.secret,
        COOKIE_SECRET: cookieSecret,
        STORE: store,
        TABLES_CONNECTION_STRING: facts.tablesConnectionString,
        TABLES_NAME: facts.tableName,
        GRAPH_BASE_URL: facts.graphBaseUrl,
      },
    },
    baseUrl,
    signIn: { start: `${baseUrl}/login`, landing: `${baseUrl}/` },
  };
}

/**
 * The control: one point read a request, of a row of ours.
 * @param client the library's as it is, or ours
 * @param more of `SecureTables`, for a way over TLS
 */
export function pointReadCommand(
  facts: StackFacts,
  row: { readonly partitionKey: string; readonly rowKey: string },
  client: 'stock' | 'lean',
  more: Readonly<Record<string, string>> = {},
): ServerCommand {
  return {
    script: 'dist/bench/point-read-server.mjs',
    env: {
      ...more,
      CLIENT: client,
      NODE_ENV: 'production',
      TABLES_CONNECTION_STRING: facts.tablesConnectionString,
      TABLES_NAME: facts.tableName,
      PARTITION_KEY: row.partitionKey,
      ROW_KEY: row.rowKey,
    },
  };
}

/** The control: our local Functions host with a function that does nothing. */
export function doNothingCommand(): ServerCommand {
  return {
    script: 'local/dist/host.mjs',
    args: ['--port', '0', '--script-root', 'bench/processes/do-nothing-app'],
    env: {},
  };
}

export interface AppPlace {
  readonly facts: StackFacts;
  /** Where the app is served; one of the stack's origins. */
  readonly baseUrl: string;
  /** Settings over the usual ones. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The built app on the local Functions host, as `npm start` runs it. */
export function appCommand({ facts, baseUrl, env = {} }: AppPlace): ServerCommand {
  const settings = appSettings({ ...facts, baseUrl, clientSecret: benchClient.secret });
  const ours = { ...settings, ENTRA_CLIENT_ID: benchClient.id, ...env };
  const whole = appEnvironment(process.env, false, ours);
  return {
    script: 'local/dist/host.mjs',
    args: ['--port', new URL(baseUrl).port, '--script-root', '.'],
    env: Object.fromEntries(Object.entries(whole).map(([name, value]) => [name, value ?? ''])),
  };
}

/** A sign-in at the app that ends at its home page's address. */
export function appSignIn(baseUrl: string) {
  return { start: `${baseUrl}/auth/login?return_to=/`, landing: `${baseUrl}/` };
}

/** What stands beside the servers: tables, provider, Graph; no app. */
export interface BenchStack {
  readonly facts: StackFacts;
  /** Where an app may be served: the provider knows its redirect URI. */
  readonly origins: readonly string[];
  stop(): Promise<void>;
}

/** The registration of all servers at the provider: each signs people in by a code and a secret. */
const benchClient = {
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
  const stack = await startStack(options);
  return { facts: stack.facts, origins, stop: () => stack.stop() };
}
