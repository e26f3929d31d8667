import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type EntraStandIn, startEntraStandIn } from '../entra/entra-stand-in';
import type { AppRegistration, ExposedApi, SignInAudience } from '../entra/registrations';
import { cloudOf, type EntraShape, isSovereign, userFlows } from '../entra/tenants';
import { type GraphStandIn, startGraphStandIn } from '../graph/graph-stand-in';
import { freePort } from '../loopback/processes';
import { type OrdersStandIn, startOrdersStandIn } from '../orders/orders-stand-in';
import { createTable, startAzurite } from '../tables/azurite';
import { prepareDataDir } from '../entra/kept-state';
import { type AppProcess, launchApps } from './app';
import {
  localAppIdUri,
  localClientId,
  localCommandLineId,
  localTenantId,
  stackSecrets,
} from './settings';
import {
  type StackFacts,
  type StackListener,
  type StackOptions,
  type StackSecrets,
  type StartAppOptions,
  tellStep,
} from './options';

/** A running stack. */
export interface Stack {
  readonly facts: StackFacts;
  readonly apps: readonly AppProcess[];
  /** Starts one more instance, `maxApps` at most: their redirect URIs are registered from the start. */
  startApp(options?: StartAppOptions): Promise<AppProcess>;
  /** Ends an app and starts the current build on its port. If that fails, call it again with the same `app`. */
  restartApp(app: AppProcess): Promise<AppProcess>;
  /** Ends everything that was started, by its process id. */
  stop(): Promise<void>;
}

const maxApps = 10;

/**
 * Starts Azurite, the stand-ins for Entra ID and Microsoft Graph, the API `orders` and the app. When one fails, the others are ended.
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
      tenant: options.tenant ?? localTenantId,
      client: { id: localClientId, secret: secrets.clientSecret },
      daemon: daemonOf(secrets),
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

// Waits for both. Otherwise one could still be starting when the failure of the other ends everything.
async function settleBoth<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

/** Starts Azurite's tables, unless `options` name existing ones, and its blobs if needed. Makes the app's table. */
async function startStorage(context: {
  readonly options: StackOptions;
  readonly secrets: StackSecrets;
  /** Gets what was started, to be ended. */
  readonly running: { stop(): Promise<void> }[];
  readonly listener: StackListener;
}): Promise<Pick<StackFacts, 'tablesConnectionString' | 'tableName'>> {
  const { options, secrets, running, listener } = context;
  const { blobs, dataDir, tableName = 'anteroom' } = options;
  const kept = dataDir === undefined ? {} : { dataDir };
  const product = dataDir === undefined ? 'Azurite, in memory' : 'Azurite';

  const startTables = async (): Promise<string> => {
    let connectionString = options.tablesConnectionString;
    if (connectionString === undefined) {
      const { account, tablesPort } = secrets;
      const port = tablesPort === 0 ? {} : { port: tablesPort };
      const azurite = await startAzurite('table', {
        account,
        ...port,
        ...kept,
        onDeath: () => listener.onDeath?.('Table Storage'),
      });
      running.push(azurite);
      ({ connectionString } = azurite);
    }
    await createTable(connectionString, tableName);
    return connectionString;
  };
  const startBlobs = async (): Promise<void> => {
    if (blobs !== undefined) {
      await tellStep(listener, `Blob storage for func (${product})`, async () => {
        running.push(await startAzurite('blob', { ...blobs, ...kept }));
      });
    }
  };
  const both = [
    tellStep(listener, `Table Storage (${product})`, startTables),
    startBlobs(),
  ] as const;
  await Promise.allSettled(both);
  const [tablesConnectionString] = await Promise.all(both);
  return { tablesConnectionString, tableName };
}

type StandInFacts = Pick<
  StackFacts,
  | 'offered'
  | 'policies'
  | 'entraUrl'
  | 'authority'
  | 'issuer'
  | 'graphUrl'
  | 'graphBaseUrl'
  | 'ordersUrl'
  | 'graphScopes'
  | 'users'
>;

interface StandInContext {
  readonly options: StackOptions;
  readonly secrets: StackSecrets;
  readonly appPorts: readonly number[];
  /** Gets what was started, to be ended. */
  readonly running: { stop(): Promise<void> }[];
  readonly listener: StackListener;
}

/** Starts the Entra stand-in, which must know the app's ports, and the two APIs. */
async function startStandIns(context: StandInContext): Promise<StandInFacts> {
  const { options, secrets, appPorts, running, listener } = context;
  const { dataDir, shape = 'entra', tenant, otherClients = [] } = options;
  const entra = await tellStep(
    listener,
    'Entra ID stand-in',
    () =>
      startEntraStandIn({
        port: secrets.entraPort,
        tenantId: localTenantId,
        client: registration(options, secrets, appPorts),
        graphAudience: cloudOf(shape).graph,
        apis: [ownApi, ordersApi, peopleApi],
        otherClients: [...callersOf(secrets), ...otherClients],
        shape,
        ...(dataDir !== undefined && { stateFile: join(dataDir, 'entra.json') }),
      }),
    ({ url }) => url,
  );
  running.push(entra);
  const apis = await startApis(context, entra);
  return {
    entraUrl: entra.url,
    // At another name of the tenant, or at one for several, the app learns the issuer from the metadata.
    ...(tenant === undefined
      ? { authority: entra.authority, issuer: entra.issuer }
      : {
          authority: `${entra.url}/${tenant}/v2.0`,
          issuer: isSovereign(shape) ? entra.issuerAt(tenant) : `${entra.url}/${tenant}/v2.0`,
        }),
    ...apis,
    ...(shape === 'b2c' && { policies: { reset: userFlows.reset, edit: userFlows.edit } }),
    users: entra.users,
    offered: entra.offeredAt(tenant ?? localTenantId),
  };
}

/** Starts the two APIs, which take the tokens of the Entra stand-in. */
async function startApis(
  { options: { shape = 'entra' }, secrets, running, listener }: StandInContext,
  entra: EntraStandIn,
): Promise<Pick<StandInFacts, 'graphUrl' | 'graphBaseUrl' | 'graphScopes' | 'ordersUrl'>> {
  const graph = await tellStep(
    listener,
    'Graph stand-in',
    () => startGraph(entra, secrets.graphPort, shape),
    ({ url }) => url,
  );
  running.push(graph);
  const orders = await tellStep(
    listener,
    'API orders',
    () => startOrders(entra, secrets.ordersPort),
    ({ url }) => url,
  );
  running.push(orders);
  return {
    graphUrl: graph.url,
    graphBaseUrl: graph.baseUrl,
    ...graphScopesOf(shape),
    ordersUrl: orders.url,
  };
}

/** For the shapes in which the default, `User.Read`, does not work, or is not what the documentation shows. */
function graphScopesOf(shape: EntraShape): Pick<StandInFacts, 'graphScopes'> {
  if (shape === 'b2c') return { graphScopes: `${peopleApi.uri}/${peopleApi.scope}` };
  return isSovereign(shape) ? { graphScopes: `${cloudOf(shape).graph}/User.Read` } : {};
}

function startGraph(entra: EntraStandIn, port: number, shape: EntraShape): Promise<GraphStandIn> {
  const isB2c = shape === 'b2c';
  return startGraphStandIn({
    port,
    keysUrl: entra.keysUrl,
    consumersKeysUrl: entra.consumersKeysUrl,
    issuers: entra.accessTokenIssuers,
    audience: isB2c ? peopleApi.clientId : cloudOf(shape).graph,
    shape,
    ...(isB2c && { scope: peopleApi.scope }),
    listUsers: () => entra.listUsers(),
  });
}

function startOrders(entra: EntraStandIn, port: number): Promise<OrdersStandIn> {
  const { uri, clientId } = ordersApi;
  return startOrdersStandIn({
    port,
    keysUrl: entra.keysUrl,
    consumersKeysUrl: entra.consumersKeysUrl,
    issuers: [...entra.issuers, ...entra.accessTokenIssuers],
    audiences: [uri, `${uri}/`, clientId],
  });
}

/** The app as an API: its own scopes and its application permission. */
const ownApi = {
  uri: localAppIdUri,
  clientId: localClientId,
  tokenVersion: 2,
  scopes: ['Notes.Read', 'Notes.Write'],
  appRoles: ['Notes.Read.All'],
  // The deployment registers the same claims.
  optionalClaims: ['idtyp', 'auth_time'],
} as const satisfies ExposedApi;

/** A second API of the team's own. It has the version of tokens that new registrations have, which is 1. */
const ordersApi = {
  uri: 'api://orders',
  clientId: 'a9900000-0000-4000-8000-00000a57e70d',
  tokenVersion: null,
  scopes: ['Orders.Read', 'Orders.Write', 'Orders.Approve'],
  adminScopes: ['Orders.Approve'],
  appRoles: ['Orders.Read.All'],
  optionalClaims: ['idtyp'],
} as const satisfies ExposedApi;

/**
 * Azure AD B2C gives no tokens for Microsoft Graph. With that shape the Graph stand-in is another API, which is exposed in
 * the B2C tenant and answers in Graph's form.
 */
const peopleApi = {
  uri: 'https://anteroom.onmicrosoft.example/people',
  clientId: 'a9900000-0000-4000-8000-00000a57e7ab',
  tokenVersion: 2,
  scope: 'People.Read',
} as const;

const localDaemonId = 'a9900000-0000-4000-8000-00000a57e7da';

/** An app that calls this one as itself. Its secret is derived, so that there is no further one to keep. */
function daemonOf({ clientSecret }: StackSecrets): { id: string; secret: string } {
  const secret = createHash('sha256').update(`daemon|${clientSecret}`).digest('base64url');
  return { id: localDaemonId, secret };
}

/** The apps that call this one without a browser: a daemon, and a command line, which acts for a person. */
function callersOf(secrets: StackSecrets): readonly AppRegistration[] {
  return [
    {
      ...daemonOf(secrets),
      redirectUris: [],
      postLogoutRedirectUris: [],
      appPermissions: { [ownApi.uri]: ownApi.appRoles },
    },
    {
      id: localCommandLineId,
      isPublic: true,
      redirectUris: ['http://localhost'],
      postLogoutRedirectUris: [],
    },
  ];
}

const audiences: Readonly<Record<string, SignInAudience | undefined>> = {
  common: 'AzureADandPersonalMicrosoftAccount',
  organizations: 'AzureADMultipleOrgs',
  consumers: 'PersonalMicrosoftAccount',
};

/** The app itself. `appPorts`: where an instance of it may listen. */
function registration(
  { https, authPath = '/auth', tenant = '', registration: own }: StackOptions,
  { clientSecret }: StackSecrets,
  appPorts: readonly number[],
): AppRegistration {
  const origins = appPorts.flatMap((port) => [
    `http://localhost:${port}`,
    `https://localhost:${port}`,
  ]);
  const scheme = https === true ? 'https' : 'http';
  return {
    id: localClientId,
    secret: clientSecret,
    redirectUris: origins.map((origin) => `${origin}${authPath}/redirect`),
    postLogoutRedirectUris: origins.map((origin) => `${origin}${authPath}/signed-out`),
    // The deployment registers the same claims.
    optionalClaims: ['auth_time', 'login_hint', 'sid'],
    signInAudience: audiences[tenant] ?? 'AzureADMyOrg',
    appPermissions: { [ordersApi.uri]: ordersApi.appRoles },
    frontChannelLogoutUri: `${scheme}://localhost:${appPorts[0] ?? 0}${authPath}/front-channel-logout`,
    ...own,
  };
}
