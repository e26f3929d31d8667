import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { isObject } from '../../src/bodies';
import { settingDefaults } from '../../src/settings';
import { readJsonFile } from '../host/host-files';
import { createStorageAccount, type StorageAccount } from '../tables/azurite';
import { freePort, isPortFree } from '../loopback/processes';
import type { StackFacts, StackOptions, StackSecrets } from './options';

/** Tenant and client id of the stand-in. Both are made up. */
export const localTenantId = '5a7e1c7e-0000-4000-8000-00000a57e700';
export const localClientId = 'a9900000-0000-4000-8000-00000a57e700';
/** A public client: a command line. */
export const localCommandLineId = 'a9900000-0000-4000-8000-00000a57e7c1';

/** The App ID URI of the app, for which bearer tokens are made. */
export const localAppIdUri = `api://${localClientId}`;

/** What the app must know of the stack. */
export interface AppSettingsOptions {
  readonly baseUrl: string;
  /** The id of the tenant by default. */
  readonly tenant?: string;
  readonly authority: string;
  readonly issuer: string;
  readonly clientSecret: string;
  readonly tablesConnectionString: string;
  readonly tableName: string;
  readonly keyRingSecret: string;
  readonly graphBaseUrl: string;
  readonly graphScopes?: string | undefined;
  readonly policies?: StackFacts['policies'] | undefined;
}

/** The app's settings on the local stack, in the shape of `Values` in `local.settings.json`. */
export function appSettings(options: AppSettingsOptions): Readonly<Record<string, string>> {
  return {
    APP_BASE_URL: options.baseUrl,
    ENTRA_TENANT_ID: options.tenant ?? localTenantId,
    ...(isShared(options.tenant) && {
      ENTRA_ALLOWED_TENANTS: '*',
      // As in Azure: people of the app's own tenant open the console.
      ADMIN_TENANT_ID: localTenantId,
    }),
    ENTRA_CLIENT_ID: localClientId,
    ENTRA_AUTHORITY: options.authority,
    ...(options.issuer !== options.authority && { ENTRA_ISSUER: options.issuer }),
    ENTRA_CLIENT_SECRET: options.clientSecret,
    TABLES_CONNECTION_STRING: options.tablesConnectionString,
    TABLES_NAME: options.tableName,
    KEY_RING_SECRET: options.keyRingSecret,
    GRAPH_BASE_URL: options.graphBaseUrl,
    ...optionalSettings(options),
    API_AUDIENCE: localAppIdUri,
  };
}

/** Settings that only some shapes of the provider need. */
function optionalSettings({
  graphScopes,
  policies,
}: Pick<AppSettingsOptions, 'graphScopes' | 'policies'>): Readonly<Record<string, string>> {
  return {
    ...(graphScopes !== undefined && { GRAPH_SCOPES: graphScopes }),
    ...(policies !== undefined && {
      B2C_RESET_POLICY: policies.reset,
      B2C_EDIT_POLICY: policies.edit,
    }),
  };
}

function isShared(tenant: string | undefined): boolean {
  return tenant === 'common' || tenant === 'organizations';
}

/**
 * What the template in Azure sets for the Functions host itself. On the stack, `local.settings.json` and the
 * environment can change these settings.
 */
export const hostSettings = {
  AzureWebJobsDisableHomepage: 'true',
  /**
   * Bytes. The limit of the app itself is 1 MiB. So the app answers a body that is a little too long, and says why;
   * the host would answer with an empty 500.
   */
  FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '2097152',
};

/** Where the API `orders` is for an app that another host starts. */
const ordersPort = 7085;

// Settings that contradict those of the stack, wherever they come from.
const contradicting = [
  'B2C_RESET_POLICY',
  'B2C_EDIT_POLICY',
  'ENTRA_ALLOWED_TENANTS',
  'ADMIN_TENANT_ID',
  'ENTRA_ISSUER',
  'ENTRA_CLIENT_CERTIFICATE',
  'MANAGED_IDENTITY_CLIENT_ID',
  'TABLES_ENDPOINT',
  'KEY_VAULT_KEY_ID',
];

/** Settings that `local.settings.json` cannot change on the stack: the stack sets or removes them. */
const stackSettingNames: readonly string[] = [
  ...contradicting,
  ...Object.keys(
    appSettings({
      ...{ baseUrl: '', authority: '', issuer: '', clientSecret: '' },
      ...{ tablesConnectionString: '', tableName: '', keyRingSecret: '', graphBaseUrl: '' },
    }),
  ),
];

/**
 * The environment of an app process: that of this process and the settings of the stack. With `usesLocalSettings`, only
 * settings that contradict the stack are removed from it; otherwise all settings of the app are.
 */
export function appEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  usesLocalSettings: boolean,
  settings: Readonly<Record<string, string>>,
): Readonly<Record<string, string | undefined>> {
  const blanked = usesLocalSettings ? contradicting : Object.keys(settingDefaults);
  return { ...own, ...Object.fromEntries(blanked.map((name) => [name, ''])), ...settings };
}

/**
 * Settings for an app that another host starts (`func start`). The parts of the stack listen where these settings say.
 * The secrets are public and are good for nothing outside this machine. `local.settings.json.example` has the same.
 */
export const usualLocalSettings: Readonly<Record<string, string>> = {
  AzureWebJobsStorage: emulatorConnection('Blob', 7084),
  ...appSettings({
    baseUrl: 'http://localhost:7071',
    authority: `http://127.0.0.1:7081/${localTenantId}/v2.0`,
    issuer: `http://127.0.0.1:7081/${localTenantId}/v2.0`,
    clientSecret: 'local-stand-in-only-never-in-azure',
    tablesConnectionString: emulatorConnection('Table', 7083),
    tableName: 'anteroom',
    keyRingSecret: 'bG9jYWwtc3RhbmQtaW4tb25seS1uZXZlci1pbi1henU',
    graphBaseUrl: 'http://127.0.0.1:7082/v1.0',
  }),
};

/** The account is the one that every storage emulator has: https://learn.microsoft.com/azure/storage/common/storage-use-azurite */
function emulatorConnection(service: 'Blob' | 'Table', port: number): string {
  const name = 'devstoreaccount1';
  const key =
    'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
  return `DefaultEndpointsProtocol=http;AccountName=${name};AccountKey=${key};${service}Endpoint=http://127.0.0.1:${port}/${name};`;
}

/** Where the stand-ins must listen for an app that another host starts. */
export type StandInSettings = Pick<StackOptions, 'secrets' | 'blobs' | 'tableName'> & {
  readonly appPort: number;
  /** Values that `local.settings.json` lacks; undefined if it has them. */
  readonly missing: Readonly<Record<string, string>> | undefined;
};

/**
 * Ports and secrets of `local.settings.json`, or of the example it is copied from. An app whose file knows nothing of
 * Anteroom yet gets the usual ones.
 * @throws TypeError naming the setting that does not lead to this machine's stand-ins
 */
export function standInSettings(root: string): StandInSettings {
  const own = join(root, 'local.settings.json');
  const path = existsSync(own) ? own : join(root, 'local.settings.json.example');
  const found = readJsonFile(path)?.['Values'];
  const isReady = isObject(found) && found['ENTRA_TENANT_ID'] !== undefined;
  const values = isReady ? found : usualLocalSettings;
  return { ...readStandIns(values, path), missing: isReady ? undefined : usualLocalSettings };
}

function readStandIns(
  values: Readonly<Record<string, unknown>>,
  path: string,
): Omit<StandInSettings, 'missing'> {
  const read = (name: string): string => {
    const value = values[name];
    if (typeof value !== 'string' || value === '') throw new TypeError(`${path} lacks ${name}.`);
    return value;
  };
  if (read('ENTRA_TENANT_ID') !== localTenantId || read('ENTRA_CLIENT_ID') !== localClientId) {
    throw new TypeError(
      `${path} names a real tenant, not the stand-in. That tenant needs no stand-ins.`,
    );
  }
  const connection = connectionParts(read('TABLES_CONNECTION_STRING'));
  const { AzureWebJobsStorage: hostStorage } = values;
  const forHost = connectionParts(typeof hostStorage === 'string' ? hostStorage : '');
  const portOf = (name: string, url: string): number => {
    const { hostname, port } = new URL(url);
    // Of the local stack, only the app listens on ::1.
    if (hostname !== '127.0.0.1' && hostname !== 'localhost') {
      throw new TypeError(`${name} in ${path} does not lead to this machine.`);
    }
    return Number(port);
  };
  return {
    appPort: portOf('APP_BASE_URL', read('APP_BASE_URL')),
    tableName: read('TABLES_NAME'),
    ...(forHost['BlobEndpoint'] !== undefined && {
      blobs: {
        port: portOf('AzureWebJobsStorage', forHost['BlobEndpoint']),
        account: accountOf(forHost),
      },
    }),
    secrets: {
      account: accountOf(connection),
      keyRingSecret: read('KEY_RING_SECRET'),
      clientSecret: read('ENTRA_CLIENT_SECRET'),
      entraPort: portOf('ENTRA_AUTHORITY', read('ENTRA_AUTHORITY')),
      graphPort: portOf('GRAPH_BASE_URL', read('GRAPH_BASE_URL')),
      ordersPort: portOfOrders(values['ORDERS_URL']),
      tablesPort: portOf('TABLES_CONNECTION_STRING', connection['TableEndpoint'] ?? ''),
    },
  };
}

/** The API `orders` is for examples, so most files do not name it. Then it is on the port that follows the others. */
function portOfOrders(url: unknown): number {
  return typeof url === 'string' && url !== '' ? Number(new URL(url).port) : ordersPort;
}

function accountOf(connection: Readonly<Record<string, string>>): StorageAccount {
  return { name: connection['AccountName'] ?? '', key: connection['AccountKey'] ?? '' };
}

/** `Name=value;…`. A value may contain `=`. */
function connectionParts(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(';').map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

/**
 * Lines for a person: which settings the app gets from `local.settings.json`, and which come from the stack or from the
 * environment instead. They have names only, since values may be secret. Empty settings are left out.
 */
export function describeLocalSettings(
  values: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const names = Object.keys(values).filter((name) => values[name] !== '');
  const byStack = names.filter((name) => stackSettingNames.includes(name));
  const others = names.filter((name) => !byStack.includes(name));
  const byEnvironment = others.filter((name) => environment[name] !== undefined);
  const taken = others.filter((name) => !byEnvironment.includes(name));
  return [
    ...line('From local.settings.json', taken),
    ...line('In local.settings.json, but set by the stack', byStack),
    ...line('In local.settings.json, but set by the environment', byEnvironment),
  ];
}

function line(what: string, names: readonly string[]): readonly string[] {
  return names.length === 0 ? [] : [`${what}: ${names.join(', ')}`];
}

/** What to put into `local.settings.json` so that the app finds the parts of this stack; '' if nothing is missing. */
export function describeMissing(
  {
    authority,
    issuer,
    graphScopes,
    policies,
  }: Pick<StackFacts, 'authority' | 'issuer' | 'graphScopes' | 'policies'>,
  missing: StandInSettings['missing'],
): string {
  // The example is for the shape `entra`, where issuer and authority are the same.
  const ofShape = {
    ...(issuer !== authority && { ENTRA_AUTHORITY: authority, ENTRA_ISSUER: issuer }),
    ...optionalSettings({ graphScopes, policies }),
  };
  const lines = Object.entries({ ...missing, ...ofShape }).map(
    ([name, value]) => `  "${name}": "${value}"`,
  );
  return lines.length === 0
    ? ''
    : `\nSet these Values in local.settings.json:\n${lines.join(',\n')}\n`;
}

/**
 * New secrets, or those kept in `dataDir`. The first run writes them there, readable by the owner only. The folder must
 * exist. The stand-ins get the preferred ports where these are free. The provider keeps its port.
 * @throws Error when what is kept cannot be read
 */
export async function stackSecrets({
  dataDir,
  preferredPorts,
}: Pick<StackOptions, 'dataDir' | 'preferredPorts'>): Promise<StackSecrets> {
  const entraPort = await ifFree(preferredPorts?.entra);
  const ports = {
    graphPort: await ifFree(preferredPorts?.graph),
    ordersPort: await ifFree(preferredPorts?.orders),
    tablesPort: 0,
  };
  if (dataDir === undefined) {
    return createSecrets({ ...ports, entraPort });
  }
  const path = join(dataDir, 'stack.json');
  const kept = readJsonFile(path);
  if (kept !== undefined) {
    return parseSecrets(kept, path, ports);
  }
  const keptPort = entraPort === 0 ? await freePort() : entraPort;
  const secrets = createSecrets({ ...ports, entraPort: keptPort });
  writeFileSync(path, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  return secrets;
}

async function ifFree(port = 0): Promise<number> {
  return port !== 0 && (await isPortFree(port)) ? port : 0;
}

type Ports = Omit<StackSecrets, 'account' | 'keyRingSecret' | 'clientSecret'>;

function createSecrets(ports: Ports): StackSecrets {
  return {
    account: createStorageAccount(),
    keyRingSecret: randomBytes(32).toString('base64url'),
    clientSecret: randomBytes(32).toString('base64url'),
    ...ports,
  };
}

function parseSecrets(
  kept: Readonly<Record<string, unknown>>,
  path: string,
  ports: Omit<Ports, 'entraPort'>,
): StackSecrets {
  const { account, keyRingSecret, clientSecret, entraPort } = kept;
  if (
    isObject(account) &&
    typeof account['name'] === 'string' &&
    typeof account['key'] === 'string' &&
    typeof keyRingSecret === 'string' &&
    typeof clientSecret === 'string' &&
    typeof entraPort === 'number'
  ) {
    const { name, key } = account;
    return { account: { name, key }, keyRingSecret, clientSecret, entraPort, ...ports };
  }
  throw new Error(`${path} was not written by this stack. Delete the folder to begin again.`);
}
