import { readFileSync } from 'node:fs';
import { readSettings, type Settings } from '../../src/settings';

const page = readFileSync('docs/tenants.md', 'utf8');

/** Each example, under its heading: only what is special for it. */
const examples = [...page.matchAll(/^## (.*)$|^```ini\n([\s\S]*?)^```$/gm)].reduce<
  { heading: string; values: Record<string, string> }[]
>((found, [, heading, block]) => {
  const last = found.at(-1)?.heading ?? '';
  if (heading !== undefined) return [...found, { heading, values: {} }];
  return [...found, { heading: last, values: valuesIn(block ?? '') }];
}, []);

function valuesIn(block: string): Record<string, string> {
  return Object.fromEntries(
    block
      .trim()
      .split('\n')
      .map((line): [string, string] => {
        const at = line.indexOf('=');
        return [line.slice(0, at), line.slice(at + 1)];
      }),
  );
}

const everyApp = {
  APP_BASE_URL: 'https://app.contoso.com',
  ENTRA_CLIENT_ID: '33333333-3333-4333-8333-333333333333',
  MANAGED_IDENTITY_CLIENT_ID: '44444444-4444-4444-8444-444444444444',
  TABLES_ENDPOINT: 'https://contoso.table.core.windows.net',
  KEY_VAULT_KEY_ID: 'https://contoso.vault.azure.net/keys/ring',
};

const cases = examples.filter(({ values }) => Object.keys(values).length > 0);

function settingsOf(values: Record<string, string>): Settings {
  const read = readSettings({ ...everyApp, ...values });
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  return read.settings;
}

const tenant = '11111111-1111-4111-8111-111111111111';
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
  ['Sovereign clouds', { issuer: `https://login.microsoftonline.us/${tenant}/v2.0` }],
  ['Sovereign clouds', { issuer: `https://login.partner.microsoftonline.cn/${tenant}/v2.0` }],
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
});
