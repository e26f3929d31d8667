import { join } from 'node:path';
import { type EntraStandIn, startEntraStandIn } from '../entra/entra-stand-in';
import type { SeededUser } from '../entra/users';
import { type GraphStandIn, startGraphStandIn } from '../graph/graph-stand-in';
import { startStorage } from '../tables/azurite';
import { type AppProcess, launchApps } from './app';
import { prepareDataDir, stackSecrets, type StackSecrets } from './data-dir';
import { type StackListener, tellStep } from './messages';
import type { StackOptions, StartAppOptions } from './options';
import { freePort } from './ports';
import { localClientId, localTenantId } from './settings';

/** What a stack consists of, as plain values. */
export interface StackFacts {
  readonly tenantId: string;
  readonly client: { readonly id: string; readonly secret: string };
  /** Origin of the Entra stand-in; its control page is `/control`. */
  readonly entraUrl: string;
  readonly authority: string;
  /** `iss` of the tokens: unlike the authority in the shapes of External ID and B2C. */
  readonly issuer: string;
  readonly graphUrl: string;
  /** With `/v1.0`. */
  readonly graphBaseUrl: string;
  /** The value of `GRAPH_SCOPES` where scopes of Microsoft Graph do not work. */
  readonly graphScopes?: string;
  readonly tablesConnectionString: string;
  readonly tableName: string;
  readonly keyRingSecret: string;
  readonly users: readonly SeededUser[];
}

/** A running stack. */
export interface Stack {
  readonly facts: StackFacts;
  readonly apps: readonly AppProcess[];
  /** One more instance; at most `mostApps` in all, since the stand-in knows their URLs beforehand. */
  startApp(options?: StartAppOptions): Promise<AppProcess>;
  /** Ends an app and starts what is built now in its place; if that fails, again with the same `app`. */
  restartApp(app: AppProcess): Promise<AppProcess>;
  /** Ends everything that was started, by its process id. */
  stop(): Promise<void>;
}

export const maxApps = 10;

/**
 * Starts Azurite, the Entra stand-in, the Graph stand-in and the app, as much at once as they allow.
 * When one fails, the others are ended.
 * @throws AppStartError, DataDirError, or what another part threw
 */
export async function startStack(
  options: StackOptions = {},
  listener: StackListener = {},
): Promise<Stack> {
  const running: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    await Promise.allSettled(running.splice(0).map((part) => part.stop()));
  };
  try {
    if (options.dataDir !== undefined) prepareDataDir(options.dataDir);
    const secrets = options.secrets ?? (await stackSecrets(options));
    const ports = await choosePorts(options.appPort);
    const shared = { options, secrets, running, listener };
    const tables = startStorage(shared);
    const standIns = startStandIns({ ...shared, appPorts: ports });
    const [tablesFacts, standInFacts] = await settleBoth(tables, standIns);
    const facts: StackFacts = {
      tenantId: localTenantId,
      client: { id: localClientId, secret: secrets.clientSecret },
      keyRingSecret: secrets.keyRingSecret,
      ...tablesFacts,
      ...standInFacts,
    };
    const launched = launchApps({ ports, facts, options, listener, running });
    const { apps, start: startApp, restart: restartApp } = launched;
    await Promise.all(Array.from({ length: options.apps ?? 1 }, () => startApp()));
    return { facts, apps, startApp, restartApp, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function choosePorts(first: number | undefined): Promise<number[]> {
  const ports = new Set<number>(first === undefined ? [] : [first]);
  while (ports.size < maxApps) {
    ports.add(await freePort());
  }
  return [...ports];
}

// Both are waited for, so that nothing is still starting when the first failure ends the rest.
async function settleBoth<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

const graphAudience = 'https://graph.microsoft.com';

/**
 * Azure AD B2C gives no tokens for Microsoft Graph. There the stand-in for Graph plays another API, which is exposed
 * in the B2C tenant and answers about people in Graph's form.
 */
const peopleApi = {
  uri: 'https://anteroom.onmicrosoft.example/people',
  clientId: 'a9900000-0000-4000-8000-00000a57e7ab',
  tokenVersion: 2,
  scope: 'People.Read',
} as const;

type StandInFacts = Pick<
  StackFacts,
  'entraUrl' | 'authority' | 'issuer' | 'graphUrl' | 'graphBaseUrl' | 'graphScopes' | 'users'
>;

/** Starts the Entra stand-in, which must know where the app will stand, and the Graph stand-in. */
export async function startStandIns(parts: {
  readonly options: StackOptions;
  readonly secrets: StackSecrets;
  readonly appPorts: readonly number[];
  /** Gets what was started, to be ended. */
  readonly running: { stop(): Promise<void> }[];
  readonly listener: StackListener;
}): Promise<StandInFacts> {
  const { options, secrets, appPorts, running, listener } = parts;
  const { dataDir, shape, otherClients } = options;
  const entra = await tellStep(
    listener,
    'Entra ID stand-in',
    () =>
      startEntraStandIn({
        port: secrets.entraPort,
        tenantId: localTenantId,
        client: registration(options, secrets, appPorts),
        graphAudience,
        apis: [peopleApi],
        ...(otherClients !== undefined && { otherClients }),
        ...(shape !== undefined && { shape }),
        ...(dataDir !== undefined && { stateFile: join(dataDir, 'entra.json') }),
      }),
    ({ url }) => url,
  );
  running.push(entra);
  const isB2c = shape === 'b2c';
  const graph = await tellStep(
    listener,
    'Graph stand-in',
    () => startGraph(entra, secrets.graphPort, isB2c),
    ({ url }) => url,
  );
  running.push(graph);
  return {
    entraUrl: entra.url,
    authority: entra.authority,
    issuer: entra.issuer,
    graphUrl: graph.url,
    graphBaseUrl: graph.baseUrl,
    ...(isB2c && { graphScopes: `${peopleApi.uri}/${peopleApi.scope}` }),
    users: entra.users,
  };
}

function startGraph(entra: EntraStandIn, port: number, isB2c: boolean): Promise<GraphStandIn> {
  return startGraphStandIn({
    port,
    keysUrl: entra.keysUrl,
    issuer: entra.accessTokenIssuer,
    audience: isB2c ? peopleApi.clientId : graphAudience,
    ...(isB2c && { scope: peopleApi.scope }),
    listUsers: () => entra.listUsers(),
  });
}

function registration(
  { https, registration: own }: StackOptions,
  { clientSecret }: StackSecrets,
  appPorts: readonly number[],
) {
  const origins = appPorts.flatMap((port) => [
    `http://localhost:${port}`,
    `https://localhost:${port}`,
  ]);
  const scheme = https === true ? 'https' : 'http';
  return {
    id: localClientId,
    secret: clientSecret,
    redirectUris: origins.map((origin) => `${origin}/auth/redirect`),
    postLogoutRedirectUris: origins.map((origin) => `${origin}/auth/signed-out`),
    // As the deployment registers them.
    optionalClaims: ['login_hint', 'sid'] as const,
    frontChannelLogoutUri: `${scheme}://localhost:${appPorts[0] ?? 0}/auth/front-channel-logout`,
    ...own,
  };
}

/** What a person needs to know of a stack that is ready. */
export function describeStack({ apps, facts }: Stack, seconds: number): string {
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
