import type { StackFacts } from '../../local/stack/options';
import { appCommand, appSignIn } from './app-command';
import type { ServerCommand } from './server-process';
import type { SignInPlan } from './sign-in';
import { benchClient } from './start-bench-stack';

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
      },
    },
    baseUrl,
    signIn: { start: `${baseUrl}/login`, landing: `${baseUrl}/` },
  };
}

/** The control: one point read a request, of a row of ours. */
export function pointReadCommand(
  facts: StackFacts,
  row: { readonly partitionKey: string; readonly rowKey: string },
): ServerCommand {
  return {
    script: 'bench/processes/point-read-server.mjs',
    env: {
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
