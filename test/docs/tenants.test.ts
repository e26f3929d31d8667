import {
  keyVaultAccess,
  type ManagedIdentity,
  tokenExchangeResource,
} from '../../src/entra/managed-identity';
import { readSettings, type Settings } from '../../src/settings';
import { longEnough } from '../support/auth-fixture';
import { exampleTenantId as tenant, readTenantExamples } from '../support/tenant-examples';

const everyApp = {
  APP_BASE_URL: 'https://app.contoso.com',
  ENTRA_CLIENT_ID: '33333333-3333-4333-8333-333333333333',
  MANAGED_IDENTITY_CLIENT_ID: '44444444-4444-4444-8444-444444444444',
  TABLES_ENDPOINT: 'https://contoso.table.core.windows.net',
  KEY_VAULT_KEY_ID: 'https://contoso.vault.azure.net/keys/ring',
};

const cases = readTenantExamples();

function settingsOf(values: Readonly<Record<string, string>>): Settings {
  const read = readSettings({ ...everyApp, ...values });
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  return read.settings;
}

const second = '22222222-2222-4222-8222-222222222222';
const personal = '9188040d-6c67-4c5b-b112-36a304b66dad';
const ciam = `https://${tenant}.ciamlogin.com/${tenant}/v2.0`;
const login = 'https://login.microsoftonline.com';

/** What the app makes of each example, in the order of the page. */
const expected: readonly (readonly [heading: string, settings: Partial<Settings>])[] = [
  ['One tenant', { issuer: `${login}/${tenant}/v2.0`, allowedTenants: undefined }],
  ['One tenant', { issuer: `${login}/{tenantid}/v2.0`, allowedTenants: undefined }],
  [
    'Certain tenants',
    {
      authority: `${login}/organizations/v2.0`,
      allowedTenants: new Set([tenant, second]),
      adminTenantId: tenant,
    },
  ],
  ['Any organisation', { issuer: `${login}/{tenantid}/v2.0`, allowedTenants: 'any' }],
  [
    'Organisations and personal accounts',
    { authority: `${login}/common/v2.0`, allowedTenants: new Set([tenant, personal]) },
  ],
  ['Organisations and personal accounts', { allowedTenants: 'any' }],
  ['Personal accounts only', { issuer: `${login}/${personal}/v2.0` }],
  ['External ID', { issuer: ciam }],
  ['External ID', { authority: `https://login.contoso.com/${tenant}/v2.0`, issuer: ciam }],
  ['Azure AD B2C', { policies: { 'reset-password': 'B2C_1_reset', 'edit-profile': 'B2C_1_edit' } }],
  ['Sign-in without any API', { graphScopes: [] }],
  [
    'Sovereign clouds',
    {
      issuer: `https://login.microsoftonline.us/${tenant}/v2.0`,
      tables: { kind: 'endpoint', endpoint: 'https://contoso.table.core.usgovcloudapi.net' },
    },
  ],
  [
    'Sovereign clouds',
    {
      issuer: `https://login.partner.microsoftonline.cn/${tenant}/v2.0`,
      tables: { kind: 'endpoint', endpoint: 'https://contoso.table.core.chinacloudapi.cn' },
    },
  ],
];

describe('docs/tenants.md', () => {
  it('has just these examples', () => {
    expect(cases.map(({ heading }) => heading)).toEqual(expected.map(([heading]) => heading));
  });

  it.each(expected.map(([heading, settings], index) => ({ heading, settings, index })))(
    'example $index, $heading, means what the app makes of it',
    ({ settings, index }) => {
      expect(settingsOf(cases[index]?.values ?? {})).toMatchObject(settings);
    },
  );

  it('is right that the managed identity uses the audiences of a sovereign cloud', async () => {
    const asked: string[] = [];
    const identity: ManagedIdentity = {
      token: (resource) => {
        asked.push(resource);
        return Promise.resolve({ token: '', expiresAt: 0 });
      },
    };
    for (const { values } of cases.filter(({ heading }) => heading === 'Sovereign clouds')) {
      const { keyWrapping, authority } = settingsOf(values);
      const keyId = keyWrapping.kind === 'key-vault' ? keyWrapping.keyId : '';
      await keyVaultAccess(identity, keyId).token(longEnough());
      asked.push(tokenExchangeResource(authority));
    }
    expect(asked).toEqual([
      ...['https://vault.usgovcloudapi.net', 'api://AzureADTokenExchangeUSGov'],
      ...['https://vault.azure.cn', 'api://AzureADTokenExchangeChina'],
    ]);
  });
});
