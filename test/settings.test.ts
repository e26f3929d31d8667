import { readSettings, type Settings } from '../src/settings';
import { createThrowawayCertificate } from './support/throwaway-certificate';

const tenantId = '5a17d1a9-0000-4000-8000-00000000a11c';
const secret = Buffer.alloc(32, 7).toString('base64url');
const { privateKeyPem, certificatePem } = createThrowawayCertificate();
const privateKey = privateKeyPem.trim();
const certificate = certificatePem.trim();
const strangersKey = createThrowawayCertificate().privateKeyPem;
const garbage = (label: string) => `-----BEGIN ${label}-----\nAA==\n-----END ${label}-----\n`;
const accountKey = Buffer.alloc(64, 5).toString('base64');

const local = {
  APP_BASE_URL: 'http://localhost:7071',
  ENTRA_TENANT_ID: tenantId,
  ENTRA_CLIENT_ID: 'c11e0000-0000-4000-8000-0000000a99a9',
  ENTRA_CLIENT_SECRET: 'a-secret-value',
  TABLES_CONNECTION_STRING: `AccountName=abc;AccountKey=${accountKey};TableEndpoint=http://127.0.0.1:1/abc`,
  KEY_RING_SECRET: secret,
};
type Change = Record<string, string | undefined>;

function settingsOf(change: Change = {}): Settings {
  const read = readSettings({ ...local, ...change });
  if ('faults' in read) throw new Error(`faults: ${read.faults.map((f) => f.name).join()}`);
  return read.settings;
}

function faultsOf(change: Change): string[] {
  const read = readSettings({ ...local, ...change });
  return 'faults' in read ? read.faults.map(({ name }) => name) : [];
}

const personal = '9188040d-6c67-4c5b-b112-36a304b66dad';

const b2c = 'https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_sign_in/v2.0';

const tenantsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => tenantId.replace(/.{4}$/, String(1000 + i))).join(' ');

/** Scopes that make a text of exactly this length. */
const scopesOf = (length: number) => 'Mail.Read '.repeat(59).padEnd(length, 'M').slice(0, length);

describe('readSettings', () => {
  it('fills in the defaults', () => {
    expect(settingsOf()).toEqual({
      baseUrl: 'http://localhost:7071',
      isHttps: false,
      loopbackPort: 7071,
      tenantId,
      allowedTenants: undefined,
      clientId: 'c11e0000-0000-4000-8000-0000000a99a9',
      authority: `https://login.microsoftonline.com/${tenantId}/v2.0`,
      issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`,
      policies: { 'reset-password': undefined, 'edit-profile': undefined },
      credential: { kind: 'secret', secret: 'a-secret-value' },
      managedIdentityClientId: undefined,
      tables: { kind: 'connection-string', connectionString: local.TABLES_CONNECTION_STRING },
      tableName: 'anteroom',
      keyWrapping: { kind: 'secret', secret: Buffer.alloc(32, 7) },
      graphBaseUrl: 'https://graph.microsoft.com/v1.0',
      graphScopes: ['User.Read'],
      adminRole: 'admin',
      adminTenantId: undefined,
      idleSeconds: 3600,
      lifetimeSeconds: 43200,
      revalidateSeconds: 900,
      persistent: 'never',
      sessionLimit: undefined,
    });
  });

  it('reads the secretless form that Azure uses', () => {
    const settings = settingsOf({
      APP_BASE_URL: 'https://app.contoso.com/',
      ENTRA_CLIENT_SECRET: undefined,
      TABLES_CONNECTION_STRING: undefined,
      TABLES_ENDPOINT: 'https://acct.table.core.windows.net/',
      KEY_RING_SECRET: undefined,
      KEY_VAULT_KEY_ID: 'https://vault.vault.azure.net/keys/ring',
      MANAGED_IDENTITY_CLIENT_ID: 'AAAAAAAA-0000-4000-8000-000000000001',
    });
    expect(settings).toMatchObject({
      baseUrl: 'https://app.contoso.com',
      isHttps: true,
      loopbackPort: undefined,
      credential: { kind: 'managed-identity' },
      managedIdentityClientId: 'aaaaaaaa-0000-4000-8000-000000000001',
      tables: { kind: 'endpoint', endpoint: 'https://acct.table.core.windows.net' },
      keyWrapping: { kind: 'key-vault', keyId: 'https://vault.vault.azure.net/keys/ring' },
    });
  });

  it.each([
    ['http://localhost:7072', 7072],
    ['http://localhost', 80],
    ['http://127.0.0.1:8080', 8080],
    ['https://localhost', 443],
    ['https://[::1]:8443', 8443],
    ['https://app.contoso.com:8443', undefined],
    ['https://localhost.contoso.com:8443', undefined],
  ])('tells the port of %s for the names of cookies: %s', (APP_BASE_URL, port) => {
    expect(settingsOf({ APP_BASE_URL }).loopbackPort).toBe(port);
  });

  it('takes the issuer from the authority, or exactly as it is set', () => {
    const authority = 'https://contoso.ciamlogin.com/contoso/v2.0/';
    expect(settingsOf({ ENTRA_AUTHORITY: authority }).issuer).toBe(authority.slice(0, -1));
    const issuer = `https://${tenantId}.ciamlogin.com/${tenantId}/v2.0/`;
    expect(settingsOf({ ENTRA_AUTHORITY: authority, ENTRA_ISSUER: issuer }).issuer).toBe(issuer);
  });

  it.each<[string, string, string | undefined]>([
    ['contoso.onmicrosoft.com', 'contoso.onmicrosoft.com', '{tenantid}'],
    ['Contoso.COM', 'contoso.com', '{tenantid}'],
    ['consumers', 'consumers', personal],
    [tenantId.toUpperCase(), tenantId, tenantId],
  ])('knows the authority and the issuer of the tenant %s', (tenant, inAuthority, inIssuer) => {
    const settings = settingsOf({ ENTRA_TENANT_ID: tenant });
    expect(settings.authority).toBe(`https://login.microsoftonline.com/${inAuthority}/v2.0`);
    expect(settings.issuer).toBe(`https://login.microsoftonline.com/${inIssuer}/v2.0`);
    expect(settings.allowedTenants).toBeUndefined();
  });

  it('reads the tenants that may sign in, by spaces, commas and lines', () => {
    const list = `${tenantId.toUpperCase()}, ${personal}\n${tenantId}`;
    const settings = settingsOf({ ENTRA_TENANT_ID: 'common', ENTRA_ALLOWED_TENANTS: list });
    expect(settings.allowedTenants).toEqual(new Set([tenantId, personal]));
    expect(settings.issuer).toBe('https://login.microsoftonline.com/{tenantid}/v2.0');
    const any = settingsOf({ ENTRA_TENANT_ID: 'organizations', ENTRA_ALLOWED_TENANTS: '*' });
    expect(any.allowedTenants).toBe('any');
    const most = { ENTRA_TENANT_ID: 'common', ENTRA_ALLOWED_TENANTS: tenantsOf(500) };
    expect(settingsOf(most).allowedTenants).toHaveProperty('size', 500);
  });

  it('signs in without any API where the scopes are none, and takes an empty value for unset', () => {
    expect(settingsOf({ GRAPH_SCOPES: 'none' }).graphScopes).toEqual([]);
    expect(settingsOf({ GRAPH_SCOPES: 'None' }).graphScopes).toEqual([]);
    expect(settingsOf({ GRAPH_SCOPES: '' }).graphScopes).toEqual(['User.Read']);
  });

  it('reads the policies of Azure AD B2C', () => {
    const { policies } = settingsOf({
      ENTRA_AUTHORITY: b2c,
      B2C_RESET_POLICY: 'B2C_1_reset',
      B2C_EDIT_POLICY: 'b2c_1a_profile-edit',
    });
    expect(policies).toEqual({
      'reset-password': 'B2C_1_reset',
      'edit-profile': 'b2c_1a_profile-edit',
    });
  });

  it('takes the cloud of several tenants from the authority', () => {
    const settings = settingsOf({
      ENTRA_TENANT_ID: 'organizations',
      ENTRA_ALLOWED_TENANTS: '*',
      ENTRA_AUTHORITY: 'https://login.microsoftonline.us/organizations/v2.0',
    });
    expect(settings.issuer).toBe('https://login.microsoftonline.us/{tenantid}/v2.0');
  });

  it('reads a certificate, also with line ends written as \\n', () => {
    const text = `${privateKey}\n${certificate}`.replaceAll('\n', '\\n');
    const { credential } = settingsOf({
      ENTRA_CLIENT_SECRET: '',
      ENTRA_CLIENT_CERTIFICATE: text,
    });
    expect(credential).toEqual({
      kind: 'certificate',
      privateKeyPem: privateKey,
      certificatePem: certificate,
    });
  });

  it.each<[string, Change, string]>([
    ['no base URL', { APP_BASE_URL: undefined }, 'APP_BASE_URL'],
    ['an empty base URL', { APP_BASE_URL: ' ' }, 'APP_BASE_URL'],
    ['a base URL with a path', { APP_BASE_URL: 'https://app.contoso.com/a' }, 'APP_BASE_URL'],
    ['a base URL on http', { APP_BASE_URL: 'http://app.contoso.com' }, 'APP_BASE_URL'],
    ['a base URL with a query', { APP_BASE_URL: 'https://app.contoso.com/?a' }, 'APP_BASE_URL'],
    ['a base URL with a user', { APP_BASE_URL: 'https://a@app.contoso.com' }, 'APP_BASE_URL'],
    ['a tenant that is a single word', { ENTRA_TENANT_ID: 'contoso' }, 'ENTRA_TENANT_ID'],
    ['a tenant with a path', { ENTRA_TENANT_ID: 'contoso.com/v2.0' }, 'ENTRA_TENANT_ID'],
    ['any organisation, unsaid', { ENTRA_TENANT_ID: 'organizations' }, 'ENTRA_ALLOWED_TENANTS'],
    ['any account, unsaid', { ENTRA_TENANT_ID: 'common' }, 'ENTRA_ALLOWED_TENANTS'],
    [
      'an allowed tenant that is no GUID',
      { ENTRA_TENANT_ID: 'common', ENTRA_ALLOWED_TENANTS: `${tenantId} contoso.com` },
      'ENTRA_ALLOWED_TENANTS',
    ],
    [
      'any tenant and one',
      { ENTRA_TENANT_ID: 'common', ENTRA_ALLOWED_TENANTS: `* ${tenantId}` },
      'ENTRA_ALLOWED_TENANTS',
    ],
    [
      'over 500 allowed tenants',
      { ENTRA_TENANT_ID: 'common', ENTRA_ALLOWED_TENANTS: tenantsOf(501) },
      'ENTRA_ALLOWED_TENANTS',
    ],
    ['a tenant of the console for one tenant', { ADMIN_TENANT_ID: tenantId }, 'ADMIN_TENANT_ID'],
    ['a list for one tenant', { ENTRA_ALLOWED_TENANTS: tenantId }, 'ENTRA_ALLOWED_TENANTS'],
    [
      'a list for personal accounts only',
      { ENTRA_TENANT_ID: 'consumers', ENTRA_ALLOWED_TENANTS: '*' },
      'ENTRA_ALLOWED_TENANTS',
    ],
    [
      'personal accounts at the authority of organisations',
      { ENTRA_TENANT_ID: 'organizations', ENTRA_ALLOWED_TENANTS: personal.toUpperCase() },
      'ENTRA_ALLOWED_TENANTS',
    ],
    [
      'several tenants at the authority of one',
      {
        ENTRA_TENANT_ID: 'organizations',
        ENTRA_ALLOWED_TENANTS: '*',
        ENTRA_AUTHORITY: `https://login.microsoftonline.us/${tenantId}/v2.0`,
      },
      'ENTRA_AUTHORITY',
    ],
    [
      'one tenant at the authority of several',
      { ENTRA_AUTHORITY: 'https://login.microsoftonline.us/common/v2.0' },
      'ENTRA_AUTHORITY',
    ],
    [
      'one issuer for several tenants',
      {
        ENTRA_TENANT_ID: 'organizations',
        ENTRA_ALLOWED_TENANTS: '*',
        ENTRA_ISSUER: `https://login.microsoftonline.com/${tenantId}/v2.0`,
      },
      'ENTRA_ISSUER',
    ],
    [
      'the issuers of all tenants for one',
      { ENTRA_ISSUER: 'https://login.microsoftonline.com/{tenantid}/v2.0' },
      'ENTRA_ISSUER',
    ],
    ['a client id that is no GUID', { ENTRA_CLIENT_ID: 'x' }, 'ENTRA_CLIENT_ID'],
    [
      'an authority on http',
      { ENTRA_AUTHORITY: 'http://login.contoso.com/v2.0' },
      'ENTRA_AUTHORITY',
    ],
    ['an issuer that is no URL', { ENTRA_ISSUER: 'me' }, 'ENTRA_ISSUER'],
    ['a policy without B2C', { B2C_RESET_POLICY: 'B2C_1_reset' }, 'B2C_RESET_POLICY'],
    [
      'a policy that is none',
      { ENTRA_AUTHORITY: b2c, B2C_EDIT_POLICY: '../b2c_1_edit' },
      'B2C_EDIT_POLICY',
    ],
    [
      'secret and certificate',
      { ENTRA_CLIENT_CERTIFICATE: `${privateKey}${certificate}` },
      'ENTRA_CLIENT_CERTIFICATE',
    ],
    [
      'a certificate without key',
      { ENTRA_CLIENT_SECRET: '', ENTRA_CLIENT_CERTIFICATE: certificate },
      'ENTRA_CLIENT_CERTIFICATE',
    ],
    [
      'a certificate with the key of another',
      {
        ENTRA_CLIENT_SECRET: '',
        ENTRA_CLIENT_CERTIFICATE: `${strangersKey}${certificate}`,
      },
      'ENTRA_CLIENT_CERTIFICATE',
    ],
    [
      'a certificate that only looks like PEM',
      {
        ENTRA_CLIENT_SECRET: '',
        ENTRA_CLIENT_CERTIFICATE: `${privateKey}\n${garbage('CERTIFICATE')}`,
      },
      'ENTRA_CLIENT_CERTIFICATE',
    ],
    [
      'a key that only looks like PEM',
      {
        ENTRA_CLIENT_SECRET: '',
        ENTRA_CLIENT_CERTIFICATE: `${garbage('PRIVATE KEY')}${certificate}`,
      },
      'ENTRA_CLIENT_CERTIFICATE',
    ],
    ['the id of a secret', { ENTRA_CLIENT_SECRET: tenantId }, 'ENTRA_CLIENT_SECRET'],
    [
      'the authority of another version',
      { ENTRA_AUTHORITY: `https://login.microsoftonline.com/${tenantId}` },
      'ENTRA_AUTHORITY',
    ],
    [
      'the address of a table',
      {
        TABLES_ENDPOINT: 'https://account.table.core.windows.net/anteroom',
        TABLES_CONNECTION_STRING: '',
        MANAGED_IDENTITY_CLIENT_ID: tenantId,
      },
      'TABLES_ENDPOINT',
    ],
    ['a secret with a space', { ENTRA_CLIENT_SECRET: 'a secret value' }, 'ENTRA_CLIENT_SECRET'],
    [
      'no credential and no identity',
      { ENTRA_CLIENT_SECRET: undefined },
      'MANAGED_IDENTITY_CLIENT_ID',
    ],
    ['no tables', { TABLES_CONNECTION_STRING: undefined }, 'TABLES_ENDPOINT'],
    [
      'both tables',
      { TABLES_ENDPOINT: 'https://a.table.core.windows.net', MANAGED_IDENTITY_CLIENT_ID: tenantId },
      'TABLES_ENDPOINT',
    ],
    [
      'tables by token over http',
      {
        TABLES_CONNECTION_STRING: '',
        TABLES_ENDPOINT: 'http://127.0.0.1:10002/devstoreaccount1',
        MANAGED_IDENTITY_CLIENT_ID: tenantId,
      },
      'TABLES_ENDPOINT',
    ],
    [
      'a connection string without key',
      { TABLES_CONNECTION_STRING: 'hello' },
      'TABLES_CONNECTION_STRING',
    ],
    ['a table name with a dash', { TABLES_NAME: 'ante-room' }, 'TABLES_NAME'],
    ['no key wrapping', { KEY_RING_SECRET: undefined }, 'KEY_VAULT_KEY_ID'],
    [
      'both key wrappings',
      {
        KEY_VAULT_KEY_ID: 'https://v.vault.azure.net/keys/k',
        MANAGED_IDENTITY_CLIENT_ID: tenantId,
      },
      'KEY_VAULT_KEY_ID',
    ],
    [
      'a versioned key',
      {
        KEY_RING_SECRET: '',
        KEY_VAULT_KEY_ID: 'https://v.vault.azure.net/keys/k/123',
        MANAGED_IDENTITY_CLIENT_ID: tenantId,
      },
      'KEY_VAULT_KEY_ID',
    ],
    ['a short ring secret', { KEY_RING_SECRET: secret.slice(1) }, 'KEY_RING_SECRET'],
    [
      'a ring secret in plain base64',
      { KEY_RING_SECRET: Buffer.alloc(32, 255).toString('base64') },
      'KEY_RING_SECRET',
    ],
    ['Graph on http', { GRAPH_BASE_URL: 'http://graph.contoso.com' }, 'GRAPH_BASE_URL'],
    ['scopes with commas', { GRAPH_SCOPES: 'User.Read,Mail.Read' }, 'GRAPH_SCOPES'],
    ['an OpenID scope', { GRAPH_SCOPES: 'User.Read openid' }, 'GRAPH_SCOPES'],
    ['.default beside a scope', { GRAPH_SCOPES: 'Mail.Read api://a/.default' }, 'GRAPH_SCOPES'],
    ['none beside a scope', { GRAPH_SCOPES: 'User.Read none' }, 'GRAPH_SCOPES'],
    ['scopes of over 600 characters', { GRAPH_SCOPES: scopesOf(601) }, 'GRAPH_SCOPES'],
    ['a role with a space', { ADMIN_ROLE: 'the admin' }, 'ADMIN_ROLE'],
    ['idle seconds of zero', { SESSION_IDLE_SECONDS: '0' }, 'SESSION_IDLE_SECONDS'],
    ['idle seconds with a unit', { SESSION_IDLE_SECONDS: '10m' }, 'SESSION_IDLE_SECONDS'],
    ['idle beyond lifetime', { SESSION_IDLE_SECONDS: '43201' }, 'SESSION_IDLE_SECONDS'],
    [
      'a lifetime over thirty days',
      { SESSION_LIFETIME_SECONDS: '2592001' },
      'SESSION_LIFETIME_SECONDS',
    ],
    ['a negative revalidation', { SESSION_REVALIDATE_SECONDS: '-1' }, 'SESSION_REVALIDATE_SECONDS'],
    ['another word for who stays', { SESSION_PERSISTENT: 'Always' }, 'SESSION_PERSISTENT'],
    ['a limit of zero', { SESSION_LIMIT: '0' }, 'SESSION_LIMIT'],
    ['a limit over a hundred', { SESSION_LIMIT: '101' }, 'SESSION_LIMIT'],
    ['a limit with a sign', { SESSION_LIMIT: '+5' }, 'SESSION_LIMIT'],
  ])('refuses %s', (_name, change, faulty) => {
    expect(faultsOf(change)).toEqual([faulty]);
  });

  it('takes the bounds themselves', () => {
    expect(
      faultsOf({ SESSION_LIFETIME_SECONDS: '2592000', SESSION_IDLE_SECONDS: '2592000' }),
    ).toEqual([]);
    expect(settingsOf({ SESSION_LIMIT: '100', SESSION_PERSISTENT: 'link' })).toMatchObject({
      sessionLimit: 100,
      persistent: 'link',
    });
    expect(settingsOf({ SESSION_LIMIT: '1' }).sessionLimit).toBe(1);
    expect(scopesOf(600)).toHaveLength(600);
    expect(faultsOf({ GRAPH_SCOPES: scopesOf(600) })).toEqual([]);
    expect(faultsOf({ GRAPH_SCOPES: 'https://graph.microsoft.com/.default' })).toEqual([]);
  });

  it.each([
    ['AccountKey=x'],
    ['UseDevelopmentStorage=false'],
    ['SharedAccessSignature=sv'],
    ['TableEndpoint=https://abc.table.core.windows.net;SharedAccessSignature=sv'],
    [`SharedAccessSignature=sv=2024-11-04&sig=abc`],
    ['DefaultEndpointsProtocol=http;AccountName=a;AccountKey=;'],
    [`TableEndpoint=notaurl;AccountName=abc;AccountKey=${accountKey}`],
    [`TableEndpoint=http://tables.contoso.com/abc;AccountName=abc;AccountKey=${accountKey}`],
    [`TableEndpoint=ftp://127.0.0.1/abc;AccountName=abc;AccountKey=${accountKey}`],
    [`TableEndpoint=https://tables.contoso.com/;AccountName=abc;AccountKey=${accountKey}`],
    ['TableEndpoint=https://abc.table.core.windows.net.example/;SharedAccessSignature=sig=abc'],
    [`AccountName=abc;AccountKey=${accountKey};EndpointSuffix=contoso.com`],
    [`DefaultEndpointsProtocol=http;AccountName=abc;AccountKey=${accountKey}`],
    ['AccountName=a b;AccountKey=eA=='],
    [`AccountName=a b;AccountKey=${accountKey}`],
    ['AccountName=abc;AccountKey=eA=='],
    [`AccountName=abc;AccountKey=${accountKey.slice(2)} ${accountKey}`],
    [`AccountKey=${accountKey}`],
    ['AccountName=abc'],
  ])('refuses the connection string %j', (text) => {
    expect(faultsOf({ TABLES_CONNECTION_STRING: text })).toEqual(['TABLES_CONNECTION_STRING']);
  });

  it.each([
    [`DefaultEndpointsProtocol=https;AccountName=abc;AccountKey=${accountKey}`],
    [`DefaultEndpointsProtocol=https;AccountName=abc;AccountKey=${accountKey};`],
    [
      `accountname=abc;accountkey=${accountKey};tableendpoint=https://abc-secondary.table.core.windows.net/`,
    ],
    [`AccountName=abc;AccountKey=${accountKey};EndpointSuffix=core.chinacloudapi.cn`],
    ['UseDevelopmentStorage=true'],
    ['TableEndpoint=https://abc.table.core.windows.net/;SharedAccessSignature=sv=1&sig=abc%3D'],
  ])('takes the connection string %j', (text) => {
    expect(settingsOf({ TABLES_CONNECTION_STRING: text }).tables).toEqual({
      kind: 'connection-string',
      connectionString: text,
    });
  });

  const byIdentity = {
    TABLES_CONNECTION_STRING: '',
    KEY_RING_SECRET: '',
    MANAGED_IDENTITY_CLIENT_ID: tenantId,
    TABLES_ENDPOINT: 'https://abc.table.core.windows.net',
    KEY_VAULT_KEY_ID: 'https://v.vault.azure.net/keys/k',
  };

  it.each([
    ['https://abc.table.core.windows.net/'],
    ['https://abc-secondary.table.core.windows.net'],
    ['https://abc.z01.table.storage.azure.net'],
    ['https://abc.privatelink.table.core.windows.net'],
    ['https://abc.table.core.usgovcloudapi.net'],
    ['https://abc.table.core.chinacloudapi.cn'],
    ['https://abc.table.core.sovcloud-api.fr'],
    ['https://127.0.0.1:10002/devstoreaccount1'],
  ])('takes the tables at %s', (endpoint) => {
    expect(faultsOf({ ...byIdentity, TABLES_ENDPOINT: endpoint })).toEqual([]);
  });

  it.each([
    ['https://tables.contoso.com'],
    ['https://abc.table.core.windows.net.contoso.com'],
    ['https://abc.table.core.windows.com'],
    ['https://table.core.windows.net'],
    ['https://abctable.core.windows.net'],
    ['https://abc.blob.core.windows.net'],
  ])('refuses the tables at %s, which would get tokens of the identity', (endpoint) => {
    expect(faultsOf({ ...byIdentity, TABLES_ENDPOINT: endpoint })).toEqual(['TABLES_ENDPOINT']);
  });

  it.each([
    ['https://v.vault.azure.net/keys/k'],
    ['https://V.VAULT.azure.net/keys/K'],
    ['https://v.managedhsm.azure.net/keys/k'],
    ['https://v.vault.usgovcloudapi.net/keys/k'],
    ['https://v.vault.azure.cn/keys/k'],
    ['https://v.vault.sovcloud-api.de/keys/k'],
    ['http://127.0.0.1:7085/keys/k'],
  ])('takes the key %s', (keyId) => {
    expect(faultsOf({ ...byIdentity, KEY_VAULT_KEY_ID: keyId })).toEqual([]);
  });

  it.each([
    ['https://vault.contoso.com/keys/k'],
    ['https://v.vault.azure.net.contoso.com/keys/k'],
    ['https://v.vault.azure.com/keys/k'],
    ['https://vault.azure.net/keys/k'],
  ])('refuses the key %s, whose host would get tokens of the identity', (keyId) => {
    expect(faultsOf({ ...byIdentity, KEY_VAULT_KEY_ID: keyId })).toEqual(['KEY_VAULT_KEY_ID']);
  });

  it('takes the address of the metadata for the authority, as people copy it', () => {
    const authority = `https://login.microsoftonline.com/${tenantId}/v2.0`;
    const ENTRA_AUTHORITY = `${authority}/.well-known/openid-configuration`;
    expect(settingsOf({ ENTRA_AUTHORITY }).authority).toBe(authority);
  });

  it.each(['ENTRA_CLIENT_SECRET', 'KEY_RING_SECRET', 'TABLES_CONNECTION_STRING'])(
    'says of %s that Azure could not resolve its reference, and nothing else',
    (name) => {
      const reference = '@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s)';
      const read = readSettings({ ...local, [name]: reference });
      const faults = 'faults' in read ? read.faults : [];
      expect(faults.map(({ name: faulty, fault }) => `${faulty} ${fault}`)).toEqual([
        expect.stringMatching(`^${name} is a reference that Azure could not resolve`),
      ]);
    },
  );

  it('reports every fault at once, by name, and repeats no value', () => {
    const read = readSettings({
      ENTRA_CLIENT_SECRET: 'hunter2 hunter2',
      KEY_RING_SECRET: 'hunter2',
    });
    expect(read).toHaveProperty('faults');
    expect('faults' in read && read.faults.map(({ name }) => name)).toEqual([
      'APP_BASE_URL',
      'ENTRA_TENANT_ID',
      'ENTRA_CLIENT_ID',
      'ENTRA_CLIENT_SECRET',
      'TABLES_ENDPOINT',
      'KEY_RING_SECRET',
    ]);
    expect(JSON.stringify(read)).not.toContain('hunter2');
  });
});
