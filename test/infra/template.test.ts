import { readFileSync } from 'node:fs';
import { hostSettings as localHostSettings } from '../../local/stack/settings';
import { isObject } from '../../src/json';
import type { SettingName } from '../../src/settings';
import { readSettings, settingDefaults } from '../../src/settings';
import { armGuid } from './arm-guid';
import type { Resource, Snapshot } from './bicep-cli';
import { takeSnapshot } from './bicep-cli';

const files = {
  first: 'infra/main.bicepparam',
  all: 'test/infra/parameters/every-option.bicepparam',
  domain: 'test/infra/parameters/own-domain.bicepparam',
};
let first: Snapshot;
let all: Snapshot;
let domain: Snapshot;

// Each takes some seconds, and no test changes anything: one run of the CLI for each.
beforeAll(async () => {
  [first, all, domain] = await Promise.all([
    takeSnapshot(files.first),
    takeSnapshot(files.all),
    takeSnapshot(files.domain),
  ]);
});

/** Resources of one type; a part of the id tells those of one type apart. */
function of({ resources }: Snapshot, type: string, part = ''): readonly Resource[] {
  return resources.filter(
    (one) => String(one['type']).split('@')[0] === type && idOf(one).includes(part),
  );
}

function idOf({ id }: Resource): string {
  return typeof id === 'string' ? id : '';
}

function one(snapshot: Snapshot, type: string, part = ''): Resource {
  const [found, ...more] = of(snapshot, type, part);
  if (found === undefined || more.length > 0) throw new Error(`not exactly one ${type} ${part}`);
  return found;
}

function propertiesOf(snapshot: Snapshot, type: string, part = ''): Resource {
  const { properties } = one(snapshot, type, part);
  return isObject(properties) ? properties : {};
}

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

/** The expression that only Azure can evaluate. */
const inAzure = (pattern: string): unknown => matching(new RegExp(`^\\[.*${pattern}`));

/** What every resource of a type must say, with or without options. */
const hardened: readonly (readonly [type: string, wanted: Resource])[] = [
  [
    'Microsoft.Storage/storageAccounts',
    {
      kind: 'StorageV2',
      properties: {
        allowBlobPublicAccess: false,
        allowCrossTenantReplication: false,
        allowSharedKeyAccess: false,
        defaultToOAuthAuthentication: true,
        encryption: { requireInfrastructureEncryption: true },
        isLocalUserEnabled: false,
        isSftpEnabled: false,
        minimumTlsVersion: 'TLS1_2',
        supportsHttpsTrafficOnly: true,
      },
    },
  ],
  [
    'Microsoft.Storage/storageAccounts/blobServices',
    {
      properties: {
        containerDeleteRetentionPolicy: { enabled: true, days: 7 },
        deleteRetentionPolicy: { enabled: true, days: 7 },
      },
    },
  ],
  [
    'Microsoft.Storage/storageAccounts/blobServices/containers',
    { properties: { publicAccess: 'None' } },
  ],
  [
    'Microsoft.KeyVault/vaults',
    {
      properties: {
        enabledForDeployment: false,
        enabledForDiskEncryption: false,
        enabledForTemplateDeployment: false,
        enablePurgeProtection: true,
        enableRbacAuthorization: true,
        enableSoftDelete: true,
      },
    },
  ],
  [
    'Microsoft.KeyVault/vaults/keys',
    {
      // Under another name there would be another key, which cannot unwrap what this one wrapped.
      name: matching(/\/key-ring$/),
      properties: {
        // No date of expiry: the rotation gives one to each version.
        attributes: { enabled: true, exportable: false },
        kty: 'RSA',
        keySize: 3072,
        keyOps: ['wrapKey', 'unwrapKey'],
        rotationPolicy: {
          attributes: { expiryTime: 'P2Y' },
          lifetimeActions: [
            { trigger: { timeAfterCreate: 'P1Y' }, action: { type: 'rotate' } },
            { trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'notify' } },
          ],
        },
      },
    },
  ],
  // No sampling here, which would drop lines of the audit log.
  [
    'Microsoft.Insights/components',
    {
      properties: {
        Application_Type: 'web',
        DisableLocalAuth: true,
        IngestionMode: 'LogAnalytics',
        WorkspaceResourceId: matching(/\/workspaces\/log-/),
      },
    },
  ],
  [
    'Microsoft.OperationalInsights/workspaces',
    { properties: { features: { disableLocalAuth: true }, retentionInDays: 30 } },
  ],
  ['Microsoft.Web/serverfarms', { sku: { name: 'FC1' }, properties: { reserved: true } }],
  [
    'Microsoft.Web/sites',
    {
      kind: 'functionapp,linux',
      identity: { type: 'UserAssigned' },
      tags: { 'azd-service-name': 'web' },
      properties: {
        clientAffinityEnabled: false,
        functionAppConfig: {
          deployment: { storage: { authentication: { type: 'UserAssignedIdentity' } } },
          runtime: { name: 'node', version: '24' },
        },
        httpsOnly: true,
        siteConfig: {
          ftpsState: 'Disabled',
          http20Enabled: true,
          minTlsVersion: '1.2',
          remoteDebuggingEnabled: false,
          scmMinTlsVersion: '1.2',
        },
        siteScopedCertificatesEnabled: true,
        sshEnabled: false,
      },
    },
  ],
  // With a location: the service has refused policies without one.
  [
    'Microsoft.Web/sites/basicPublishingCredentialsPolicies',
    { location: 'westeurope', properties: { allow: false } },
  ],
];

describe.each(['first', 'all', 'domain'] as const)('the template, with %s', (name) => {
  const snapshot = (): Snapshot => ({ first, all, domain })[name];

  it.each(hardened)('hardens every %s', (type, wanted) => {
    const found = of(snapshot(), type);
    expect(found.length).toBeGreaterThan(0);
    for (const resource of found) expect(resource).toMatchObject(wanted);
  });

  it('gives the identity its roles, each on the one thing that it is for, and no others', () => {
    const roles = of(snapshot(), 'Microsoft.Authorization/roleAssignments').map((assignment) => {
      const { principalId, roleDefinitionId } = assignment['properties'] as Resource;
      expect(principalId).toEqual(inAzure('userAssignedIdentities/id-.*principalId\\]$'));
      const on = /resourceGroups\/rg-1\/providers\/(.+)\/providers\/Microsoft.Auth/.exec(
        idOf(assignment),
      )?.[1];
      return `${String(roleDefinitionId).split('/').at(-1) ?? ''} on ${on?.replaceAll(/-?[a-z0-9-]*[a-z0-9]{13}\b/g, '') ?? ''}`;
    });
    expect(roles.sort()).toEqual([
      '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3 on Microsoft.Storage/storageAccounts//tableServices/default/tables/anteroom',
      '3913510d-42f4-4e42-8a64-420c390055eb on Microsoft.Insights/components/',
      // Not on its containers: the health check of the host lists them, and is refused without a right on the account.
      'b7e6dc6d-f1e8-4753-8033-0f276bb0955b on Microsoft.Storage/storageAccounts/',
      'e147488a-f6f5-4113-8e2d-b22465e65bf6 on Microsoft.KeyVault/vaults//keys/key-ring',
    ]);
  });

  it('tags what it makes', () => {
    const untagged = snapshot().resources.filter(
      (resource) => 'location' in resource && !('tags' in resource),
    );
    expect([...new Set(untagged.map(({ type }) => type))].sort()).toEqual(
      [
        'Microsoft.Web/sites/basicPublishingCredentialsPolicies',
        ...(name === 'domain' ? ['Microsoft.Web/sites/certificates'] : []),
      ].sort(),
    );
  });

  it('holds, reads and shows no secret', () => {
    expect(snapshot().text).not.toMatch(
      /\blist[A-Z]\w*\(|AccountKey|SharedAccess|StorageAccountConnectionString|passwordCredentials|keyCredentials|vaults\/secrets|ENTRA_CLIENT_SECRET|KEY_RING_SECRET|not-told/,
    );
  });

  it('names no host of one cloud', () => {
    const without = snapshot().text.replaceAll('privatelink.vaultcore.azure.net', '');
    expect(without).not.toMatch(
      /core\.windows\.net|login\.microsoftonline\.com|vault\.azure\.net|azurewebsites\.net/,
    );
  });

  it('sets nothing that Flex Consumption ignores or refuses', () => {
    // https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan, and error 51021 of the service.
    const forbidden =
      /"(ENABLE_ORYX_BUILD|FUNCTIONS_EXTENSION_VERSION|FUNCTIONS_WORKER_\w+|FUNCTIONS_MAX_HTTP_CONCURRENCY|SCM_DO_BUILD_DURING_DEPLOYMENT|TZ|WEBSITE_\w+|alwaysOn|appSettings|clientCertEnabled|containerSize|cors|endToEndEncryptionEnabled|functionAppScaleLimit|healthCheckPath|hyperV|isReserved|isXenon|\w+FxVersion|javaVersion|netFrameworkVersion|powerShellVersion|preWarmedInstanceCount|siteUpdateStrategy|use32BitWorkerProcess)"/;
    const web = snapshot().resources.filter(({ type }) => String(type).startsWith('Microsoft.Web'));
    expect(web.length).toBeGreaterThan(4);
    expect(JSON.stringify(web)).not.toMatch(forbidden);
  });

  it('keeps an audit log of the vault', () => {
    expect(propertiesOf(snapshot(), 'Microsoft.Insights/diagnosticSettings', '/vaults/')).toEqual({
      logs: [{ categoryGroup: 'audit', enabled: true }],
      workspaceId: matching(/\/workspaces\/log-/),
    });
  });
});

describe('a first deployment', () => {
  it('makes nothing that costs before somebody decided for it', () => {
    const types = new Set(first.resources.map(({ type }) => String(type).split('/')[0]));
    expect([...types].sort()).toEqual([
      'Microsoft.Authorization',
      'Microsoft.Graph',
      'Microsoft.Insights',
      'Microsoft.KeyVault',
      'Microsoft.ManagedIdentity',
      'Microsoft.OperationalInsights',
      'Microsoft.Storage',
      'Microsoft.Web',
    ]);
    expect(of(first, 'Microsoft.Insights/scheduledQueryRules')).toEqual([]);
    expect(propertiesOf(first, 'Microsoft.Web/serverfarms')['zoneRedundant']).toBe(false);
    expect(propertiesOf(first, 'Microsoft.Web/sites')['functionAppConfig']).toMatchObject({
      scaleAndConcurrency: { alwaysReady: [], maximumInstanceCount: 40 },
    });
    for (const account of of(first, 'Microsoft.Storage/storageAccounts')) {
      expect(account).toMatchObject({ sku: { name: 'Standard_LRS' } });
    }
  });

  it('registers the application, for people of one tenant and without a secret', () => {
    const url = inAzure('defaultHostName');
    expect(propertiesOf(first, 'Microsoft.Graph/applications')).toEqual({
      uniqueName: matching(/^anteroom-anteroom-[a-z0-9]{13}$/),
      displayName: 'Anteroom',
      signInAudience: 'AzureADMyOrg',
      appRoles: [expect.objectContaining({ value: 'admin', allowedMemberTypes: ['User'] })],
      // Without them, signing out asks which account, and a session ended elsewhere is not found.
      optionalClaims: {
        idToken: [
          { name: 'login_hint', essential: false },
          { name: 'sid', essential: false },
        ],
      },
      requiredResourceAccess: [
        {
          resourceAppId: '00000003-0000-0000-c000-000000000000',
          // With Role the app identity would have the permission too, without a person.
          resourceAccess: [{ id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d', type: 'Scope' }],
        },
      ],
      web: {
        homePageUrl: url,
        implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false },
        logoutUrl: inAzure('front-channel-logout'),
        redirectUris: expect.anything() as unknown,
      },
    });
    expect(of(first, 'Microsoft.Graph/oauth2PermissionGrants')).toEqual([]);
  });

  it('trusts the identity of the app in place of a secret, and nobody else', () => {
    expect(
      propertiesOf(first, 'Microsoft.Graph/applications/federatedIdentityCredentials'),
    ).toEqual({
      // The slash is required: credentials are told apart by the name of the application and theirs.
      name: matching(/^anteroom-anteroom-[a-z0-9]{13}\/appIdentity$/),
      description: 'The managed identity of the app.',
      audiences: ['api://AzureADTokenExchange'],
      issuer: inAzure('loginEndpoint.*22222222'),
      // The object id; the client id is what people take by mistake.
      subject: inAzure('userAssignedIdentities.*principalId\\]$'),
    });
  });

  it('says what the DNS needs for a domain of your own', () => {
    expect(String(first.outputs['dnsRecords'])).toMatch(
      /CNAME \{0\} = \{1\}', 'YOUR_DOMAIN'.*defaultHostName.*TXT asuid.*customDomainVerificationId/,
    );
  });
});

describe('every option', () => {
  it('zoneRedundant: app and storage', () => {
    expect(propertiesOf(all, 'Microsoft.Web/serverfarms')['zoneRedundant']).toBe(true);
    for (const account of of(all, 'Microsoft.Storage/storageAccounts')) {
      expect(account).toMatchObject({ sku: { name: 'Standard_ZRS' } });
    }
  });

  it('privateNetwork: storage and vault are reached through their endpoints only', () => {
    for (const type of ['Microsoft.Storage/storageAccounts', 'Microsoft.KeyVault/vaults']) {
      for (const { properties } of of(all, type)) {
        expect(properties).toMatchObject({
          networkAcls: { defaultAction: 'Deny' },
          publicNetworkAccess: 'Disabled',
        });
      }
    }
    const groups = of(all, 'Microsoft.Network/privateEndpoints').map(({ properties }) =>
      /"groupIds":\["(\w+)"\]/.exec(JSON.stringify(properties))?.at(1),
    );
    expect(groups.sort()).toEqual(['blob', 'table', 'vault']);
    expect(of(all, 'Microsoft.Network/privateDnsZones')).toHaveLength(3);
    expect(propertiesOf(all, 'Microsoft.Web/sites')['virtualNetworkSubnetId']).toMatch(
      /\/subnets\/snet-app$/,
    );
    expect(propertiesOf(first, 'Microsoft.Web/sites')['virtualNetworkSubnetId']).toBeNull();
    expect(propertiesOf(all, 'Microsoft.Network/virtualNetworks')['subnets']).toMatchObject([
      {
        properties: {
          delegations: [{ properties: { serviceName: 'Microsoft.App/environments' } }],
        },
      },
      { properties: { defaultOutboundAccess: false } },
    ]);
    // Only the subnet of the app gets in, and only by https.
    expect(
      propertiesOf(all, 'Microsoft.Network/networkSecurityGroups', '-endpoints')['securityRules'],
    ).toMatchObject([
      {
        properties: {
          access: 'Allow',
          sourceAddressPrefix: '10.71.0.0/26',
          destinationPortRange: '443',
        },
      },
      { properties: { access: 'Deny', sourceAddressPrefix: 'VirtualNetwork', protocol: '*' } },
      { name: 'deny-lateral' },
    ]);
  });

  it('frontDoorSku: a firewall before the one name that is served, and no way past it', () => {
    expect(propertiesOf(all, 'Microsoft.Cdn/profiles')['logScrubbing']).toMatchObject({
      state: 'Enabled',
      scrubbingRules: [{ matchVariable: 'QueryStringArgNames', state: 'Enabled' }],
    });
    expect(
      propertiesOf(all, 'Microsoft.Network/FrontDoorWebApplicationFirewallPolicies'),
    ).toMatchObject({
      policySettings: {
        enabledState: 'Enabled',
        mode: 'Prevention',
        logScrubbing: { state: 'Enabled' },
      },
      managedRules: { managedRuleSets: [{ ruleSetAction: 'Block' }, {}] },
    });
    expect(propertiesOf(all, 'Microsoft.Cdn/profiles/securityPolicies')).toMatchObject({
      parameters: {
        wafPolicy: { id: matching(/FirewallPolicies\/waf/) },
        associations: [{ domains: [{ id: matching(/customDomains\/app-contoso-com$/) }] }],
      },
    });
    expect(propertiesOf(all, 'Microsoft.Cdn/profiles/afdEndpoints/routes')).toMatchObject({
      customDomains: [{ id: matching(/customDomains\/app-contoso-com$/) }],
      forwardingProtocol: 'HttpsOnly',
      linkToDefaultDomain: 'Disabled',
    });
    // Front Door gives its id when it is made, and only its requests get in then.
    expect(propertiesOf(all, 'Microsoft.Web/sites')['siteConfig']).toMatchObject({
      ipSecurityRestrictionsDefaultAction: inAzure("frontDoorId\\), 'Allow', 'Deny'\\)\\]$"),
      ipSecurityRestrictions: inAzure(
        "frontDoorId\\), createArray\\(\\), .*'Allow'.*'AzureFrontDoor.Backend', .*'x-azure-fdid'",
      ),
    });
    expect(propertiesOf(first, 'Microsoft.Web/sites')['siteConfig']).toMatchObject({
      ipSecurityRestrictionsDefaultAction: 'Allow',
      ipSecurityRestrictions: [],
    });
  });

  it('customDomain with Front Door: its certificate is there, and none on the app', () => {
    expect(propertiesOf(all, 'Microsoft.Cdn/profiles/customDomains')).toMatchObject({
      hostName: 'app.contoso.com',
      tlsSettings: { certificateType: 'ManagedCertificate', minimumTlsVersion: 'TLS12' },
    });
    expect(of(all, 'Microsoft.Web/sites/certificates')).toEqual([]);
    expect(all.outputs['url']).toBe('https://app.contoso.com');
  });

  it('customDomain without it: a certificate on the app, which a second deployment keeps', () => {
    expect(propertiesOf(domain, 'Microsoft.Web/sites/certificates')).toEqual({
      canonicalName: 'app.contoso.com',
    });
    const bindings = of(domain, 'Microsoft.Web/sites/hostNameBindings');
    expect(bindings).toMatchObject([
      { properties: { customHostNameDnsRecordType: 'CName', hostNameType: 'Verified' } },
      {
        properties: {
          sslState: 'SniEnabled',
          thumbprint: inAzure('certificates/app-contoso-com.*thumbprint\\]$'),
        },
      },
    ]);
    // The first would take the certificate away if it were made again.
    expect(readFileSync('infra/modules/custom-domain.bicep', 'utf8')).toMatch(
      /@onlyIfNotExists\(\)\nresource name /,
    );
    expect(domain.outputs['redirectUri']).toBe('https://app.contoso.com/auth/redirect');
    expect(String(domain.outputs['dnsRecords'])).toContain("'app.contoso.com'");
  });

  it('alertEmail: two alerts on logs and one on slowness, for codes that the app logs', () => {
    const facts = readFileSync('src/errors.ts', 'utf8');
    const rules = of(all, 'Microsoft.Insights/scheduledQueryRules');
    const codes = JSON.stringify(rules).match(/ERR_\w+/g) ?? [];
    expect(codes).toHaveLength(4);
    for (const code of codes) expect(facts).toContain(`  ${code}:`);
    for (const rule of rules) {
      expect(rule).toMatchObject({
        kind: 'LogAlert',
        properties: {
          // A window shorter than the pause between checks misses what happened between.
          evaluationFrequency: 'PT15M',
          windowSize: 'PT15M',
          // Otherwise the first deployment fails: a new workspace has no telemetry table yet.
          skipQueryValidation: true,
        },
      });
    }
    expect(rules.map(({ properties }) => JSON.stringify(properties))).toEqual([
      matching(/"query":"AppTraces .*"threshold":20/),
      matching(/"query":"AppRequests .*"threshold":10/),
    ]);
    expect(propertiesOf(all, 'Microsoft.Insights/metricAlerts')).toMatchObject({
      criteria: { allOf: [{ metricName: 'requests/duration', threshold: 2000 }] },
    });
    expect(propertiesOf(all, 'Microsoft.Insights/actionGroups')['emailReceivers']).toMatchObject([
      { emailAddress: 'ops@contoso.com' },
    ]);
  });

  it('alwaysReadyInstances, instanceMemoryMB', () => {
    expect(propertiesOf(all, 'Microsoft.Web/sites')['functionAppConfig']).toMatchObject({
      scaleAndConcurrency: {
        alwaysReady: [{ name: 'http', instanceCount: 3 }],
        instanceMemoryMB: 512,
      },
    });
  });

  it('packageUri: the package is deployed last, from an address that no history shows', () => {
    expect(one(all, 'Microsoft.Web/sites/extensions')).toMatchObject({
      condition: "[not(empty(parameters('packageUri')))]",
      properties: { packageUri: "[parameters('packageUri')]", remoteBuild: false },
    });
  });

  it('appRoles and keptRedirectUris: what a team has on the registration, under stable ids', () => {
    const { uniqueName, appRoles, web } = propertiesOf(all, 'Microsoft.Graph/applications');
    expect(appRoles).toMatchObject(
      [
        { value: 'admin', isEnabled: true },
        { value: 'reader', isEnabled: true },
        { value: 'writer', isEnabled: false },
      ].map((role) => ({ ...role, id: armGuid(String(uniqueName), role.value) })),
    );
    expect(web).toMatchObject({
      redirectUris: [
        'https://app.contoso.com/auth/redirect',
        'https://app.contoso.com/auth/signed-out',
        'https://old.contoso.com/callback',
      ],
    });
  });

  it('graphScopes, apiPermissions, grantAdminConsent: consent to what the registration lists', () => {
    expect(settingsOf(all)['GRAPH_SCOPES']).toBe('User.Read api://orders/Orders.Read');
    const grants = of(all, 'Microsoft.Graph/oauth2PermissionGrants');
    expect(grants.map(({ properties }) => properties)).toMatchObject([
      { consentType: 'AllPrincipals', scope: 'openid profile offline_access User.Read' },
      { consentType: 'AllPrincipals', scope: 'Orders.Read' },
    ]);
    expect(
      propertiesOf(all, 'Microsoft.Graph/servicePrincipals')['appRoleAssignmentRequired'],
    ).toBe(true);
  });

  it('deployEntraApp=false: nothing is made in Entra ID, and the app has no client id yet', () => {
    expect(domain.resources.filter(({ type }) => String(type).includes('Graph'))).toEqual([]);
    expect(settingsOf(domain)).toMatchObject({
      ENTRA_CLIENT_ID: '',
      ENTRA_AUTHORITY: 'https://login.microsoftonline.us/contoso/v2.0',
    });
    expect(domain.outputs['entraClientId']).toBe('');
  });
});

/** Settings that the template leaves alone, each with its reason. Every other setting of the app must be set. */
const leftOut: Readonly<Partial<Record<SettingName, string>>> = {
  ENTRA_ISSUER: 'equals the authority',
  ENTRA_CLIENT_SECRET: 'never: the managed identity vouches for the app',
  ENTRA_CLIENT_CERTIFICATE: 'never: the managed identity vouches for the app',
  TABLES_CONNECTION_STRING: 'never: TABLES_ENDPOINT is set',
  KEY_RING_SECRET: 'never: KEY_VAULT_KEY_ID is set',
};

function settingsOf(snapshot: Snapshot): Resource {
  return propertiesOf(snapshot, 'Microsoft.Web/sites/config');
}

describe('the app settings', () => {
  it('are those that the app reads, but for the ones left out with a reason', () => {
    const set = Object.keys(settingsOf(first)).filter((name) => /^[A-Z]+_/.test(name));
    const own = set.filter((name) => !/^(APPLICATIONINSIGHTS|FUNCTIONS)_/.test(name));
    const wanted = Object.keys(settingDefaults).filter((name) => !(name in leftOut));
    expect(own.sort()).toEqual(wanted.sort());
  });

  it('are those that the Functions host needs, with an identity in place of keys', () => {
    expect(settingsOf(first)).toMatchObject({
      ...localHostSettings,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: inAzure('ClientId=\\{0\\};Authorization=AAD'),
      AzureWebJobsFeatureFlags: 'DisableDiagnosticEventLogging',
      // With the address alone the host has failed to start (Azure/azure-functions-host#11787).
      AzureWebJobsStorage__accountName: matching(/^sthost/),
      AzureWebJobsStorage__blobServiceUri: inAzure('primaryEndpoints.blob'),
      AzureWebJobsStorage__credential: 'managedidentity',
      FUNCTIONS_NODE_BLOCK_ON_ENTRY_POINT_ERROR: 'true',
    });
    expect(settingsOf(all)['FUNCTIONS_REQUEST_BODY_SIZE_LIMIT']).toBe('1048576');
  });

  it('have the defaults that the app has', () => {
    for (const name of [
      ...(['ADMIN_ROLE', 'TABLES_NAME', 'GRAPH_SCOPES'] as const),
      ...(['SESSION_IDLE_SECONDS', 'SESSION_LIFETIME_SECONDS'] as const),
      ...(['SESSION_REVALIDATE_SECONDS'] as const),
    ]) {
      expect({ [name]: settingsOf(first)[name] }).toEqual({ [name]: settingDefaults[name] });
    }
    expect(settingsOf(all)['SESSION_IDLE_SECONDS']).toBe('600');
  });

  it('are accepted by the app, which then needs no secret', () => {
    const guid = '5a17d1a9-0000-4000-8000-00000000a11c';
    // What Azure gives for each expression.
    const known: readonly (readonly [RegExp, string])[] = [
      [/defaultHostName/, 'https://func-anteroom-abc-d1e2f3.westeurope-01.azurewebsites.net'],
      [/keyUri\)?\]$/, 'https://kv-abcdefghijklm.vault.azure.net:443/keys/key-ring'],
      [/primaryEndpoints.table/, 'https://stsessabcdefghijklm.table.core.windows.net/'],
      [/clientId\]$|appId\]$/, guid],
    ];
    const environment = Object.entries(settingsOf(first)).map(([name, value]) => {
      const text = String(value);
      return [
        name,
        text.startsWith('[') ? (known.find(([form]) => form.test(text))?.[1] ?? '') : text,
      ];
    });
    const read = readSettings(Object.fromEntries(environment) as Record<string, string>);
    if ('faults' in read) throw new Error(JSON.stringify(read.faults));
    expect(read.settings.credential).toEqual({ kind: 'managed-identity' });
    expect(read.settings.tables.kind).toBe('endpoint');
    expect(read.settings.keyWrapping.kind).toBe('key-vault');
    expect(read.settings.managedIdentityClientId).toBe(guid);
  });
});

describe('parameters that contradict each other', () => {
  it('are refused before anything is made, each with its sentence, all at once', async () => {
    const said = await takeSnapshot('test/infra/parameters/contradictions.bicepparam').then(
      () => 'nothing',
      (error: unknown) => String(error),
    );
    const source = readFileSync('infra/main.bicep', 'utf8');
    const [, faults = ''] = /^var faults = filter\(\[\n([^]*?)\n\], fault/m.exec(source) ?? [];
    const sentences = [...faults.matchAll(/^ {4}\? '(.+)'$/gm)].map(([, text = '']) => text);
    expect(sentences).toHaveLength(13);
    for (const sentence of sentences) expect(said).toContain(sentence);
    // Every name is made with this, so nothing is made before it is known.
    expect(source).toContain(
      'var token = uniqueString(resourceGroup().id, checkedEnvironmentName)',
    );
  });

  it('are not seen where there are none', () => {
    expect(domain.outputs['functionAppName']).toMatch(/^func-orders-2-/);
  });
});
