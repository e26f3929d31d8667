import { globSync, readFileSync } from 'node:fs';
import type { Node } from 'web-tree-sitter';
import { hostSettings as localHostSettings } from '../../local/stack/settings';
import { readSettings, settingDefaults, type SettingName } from '../../src/settings';
import {
  type BicepFile,
  createBicepParser,
  entriesOf,
  readInfraSources,
  textOf,
  valueAt,
} from './bicep-project';

/** Settings that the template leaves alone, each with its reason. Every other setting of the app must be set. */
const leftOut: Readonly<Partial<Record<SettingName, string>>> = {
  ENTRA_ISSUER: 'equals the authority',
  ENTRA_CLIENT_SECRET: 'never: the managed identity vouches for the app',
  ENTRA_CLIENT_CERTIFICATE: 'never: the managed identity vouches for the app',
  TABLES_CONNECTION_STRING: 'never: TABLES_ENDPOINT is set',
  KEY_RING_SECRET: 'never: KEY_VAULT_KEY_ID is set',
};

/** What the Functions host reads. */
const hostSettings = [
  'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
  'APPLICATIONINSIGHTS_CONNECTION_STRING',
  'AzureWebJobsDisableHomepage',
  'AzureWebJobsFeatureFlags',
  'AzureWebJobsStorage__accountName',
  'AzureWebJobsStorage__blobServiceUri',
  'AzureWebJobsStorage__clientId',
  'AzureWebJobsStorage__credential',
  'FUNCTIONS_NODE_BLOCK_ON_ENTRY_POINT_ERROR',
  'FUNCTIONS_REQUEST_BODY_SIZE_LIMIT',
];

const guid = '5a17d1a9-0000-4000-8000-00000000a11c';

/** A value such as Azure gives for each expression of the settings. */
const sampleValues: Readonly<Record<string, string>> = {
  adminRole: 'admin',
  baseUrl: 'https://func-anteroom-abc-d1e2f3.westeurope-01.azurewebsites.net',
  entraAuthority: '',
  graphBaseUrl: '',
  "join(graphScopes, ' ')": 'User.Read',
  entraClientId: guid,
  'tenant().tenantId': guid,
  keyUri: 'https://kv-abcdefghijklm.vault.azure.net:443/keys/key-ring',
  identityClientId: guid,
  'string(sessionIdleSeconds)': '3600',
  'string(sessionLifetimeSeconds)': '43200',
  'string(sessionRevalidateSeconds)': '900',
  tablesEndpoint: 'https://stsessabcdefghijklm.table.core.windows.net/',
  tableName: 'anteroom',
};

describe('the app settings of the template', () => {
  let main: BicepFile;
  let settings: ReadonlyMap<string, Node>;

  beforeAll(async () => {
    const project = (await createBicepParser())(readInfraSources());
    main = present(project.get('infra/main.bicep'));
    const file = present(project.get('infra/modules/app-settings.bicep'));
    const resource = present(file.resources.find(({ name }) => name === 'settings'));
    settings = entriesOf(present(valueAt(resource.body, 'properties')));
  });

  it('are those that the app reads, but for the ones left out with a reason', () => {
    const set = [...settings.keys()].filter((name) => !hostSettings.includes(name));
    const wanted = Object.keys(settingDefaults).filter((name) => !(name in leftOut));
    expect(set.sort()).toEqual(wanted.sort());
  });

  it('are those that the Functions host needs, with an identity in place of keys', () => {
    const set = [...settings.keys()].filter((name) => !(name in settingDefaults));
    expect(set.sort()).toEqual([...hostSettings].sort());
    expect(settings.get('AzureWebJobsStorage__credential')?.text).toBe("'managedidentity'");
    expect(settings.get('APPLICATIONINSIGHTS_AUTHENTICATION_STRING')?.text).toBe(
      "'ClientId=${identityClientId};Authorization=AAD'",
    );
  });

  it('give the Functions host the same limits as the local stack does', () => {
    const limit = main.parameters.find(({ name }) => name === 'bodySizeLimit');
    expect(settings.get('FUNCTIONS_REQUEST_BODY_SIZE_LIMIT')?.text).toBe('string(bodySizeLimit)');
    expect({
      AzureWebJobsDisableHomepage: textOf(present(settings.get('AzureWebJobsDisableHomepage'))),
      FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: limit?.fallback,
    }).toEqual(localHostSettings);
  });

  it('are accepted by the app, which then needs no secret', () => {
    const own = [...settings].filter(([name]) => name in settingDefaults);
    const environment = Object.fromEntries(own.map(([name, value]) => [name, sample(value)]));
    const read = readSettings(environment);
    if ('faults' in read) throw new Error(JSON.stringify(read.faults));
    expect(read.settings.credential).toEqual({ kind: 'managed-identity' });
    expect(read.settings.tables.kind).toBe('endpoint');
    expect(read.settings.keyWrapping).toEqual({
      kind: 'key-vault',
      keyId: 'https://kv-abcdefghijklm.vault.azure.net/keys/key-ring',
    });
    expect(read.settings.managedIdentityClientId).toBe(guid);
  });

  it.each([
    ['SESSION_IDLE_SECONDS', 'sessionIdleSeconds'],
    ['SESSION_LIFETIME_SECONDS', 'sessionLifetimeSeconds'],
    ['SESSION_REVALIDATE_SECONDS', 'sessionRevalidateSeconds'],
  ] as const)('%s has the default that the app has', (setting, parameter) => {
    const declared = main.parameters.find(({ name }) => name === parameter);
    expect(declared?.fallback).toBe(settingDefaults[setting]);
  });

  it.each([
    ['ADMIN_ROLE', 'adminRole'],
    ['TABLES_NAME', 'tableName'],
  ] as const)('%s is what the app expects by itself', (setting, variable) => {
    const declared = present(main.variables.find(({ name }) => name === variable));
    expect(textOf(declared.value)).toBe(settingDefaults[setting]);
  });

  it('asks for the Graph scopes that the app asks for by itself, and the registration lists them', () => {
    const fallback = (name: string) => main.parameters.find((one) => one.name === name)?.fallback;
    expect(fallback('graphScopes')).toBe(`['${settingDefaults.GRAPH_SCOPES}']`);
    expect(fallback('apiPermissions')).toContain(`value: '${settingDefaults.GRAPH_SCOPES}'`);
  });

  it.each(['redirect', 'signedOut', 'frontChannelLogout'])(
    'registers a path that the app serves: %s',
    (key) => {
      const paths = present(main.variables.find(({ name }) => name === 'paths')).value;
      const route = textOf(present(entriesOf(paths).get(key))).slice(1);
      const functions = globSync('src/functions/*.{ts,tsx}').map((path) =>
        readFileSync(path, 'utf8'),
      );
      expect(functions.some((source) => source.includes(`route: '${route}'`))).toBe(true);
    },
  );
});

function sample(value: Node): string {
  const known = sampleValues[value.text];
  if (known !== undefined) return known;
  if (value.type === 'string' && !value.text.includes('${')) return textOf(value);
  throw new Error(`no sample value for ${value.text}`);
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not found in the Bicep files');
  return value;
}
