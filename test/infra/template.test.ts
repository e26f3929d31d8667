import { readFileSync } from 'node:fs';
import { hostSettings as localHostSettings } from '../../local/stack/settings';
import { isObject } from '../../src/bodies';
import { readSettings, settingDefaults, type SettingName } from '../../src/settings';
import { armGuid } from './arm-guid';
import { type BicepCli, type Resource, type Snapshot, startBicep } from './bicep-cli';

let first: Snapshot;
let all: Snapshot;
let domain: Snapshot;
let values: Snapshot;

let bicep: BicepCli;

// No test changes anything: one snapshot of each.
beforeAll(async () => {
  const parameters = 'test/infra/parameters';
  bicep = startBicep();
  first = await bicep.takeSnapshot('infra/main.bicepparam');
  all = await bicep.takeSnapshot(`${parameters}/every-option.bicepparam`);
  domain = await bicep.takeSnapshot(`${parameters}/own-domain.bicepparam`);
  values = await bicep.takeSnapshot(`${parameters}/values.bicepparam`);
});
afterAll(() => bicep.stop());

/** Resources of one type; a part of the id tells those of one type apart. */
function of({ resources }: Snapshot, type: string, part = ''): readonly Resource[] {
  const isIt = (one: Resource): boolean => String(one['type']).split('@')[0] === type;
  return resources.filter((one) => isIt(one) && JSON.stringify(one['id'] ?? '').includes(part));
}

function propertiesOf(snapshot: Snapshot, type: string): Resource {
  const [found, ...more] = of(snapshot, `Microsoft.${type}`);
  if (found === undefined || more.length > 0) throw new Error(`not exactly one ${type}`);
  return isObject(found['properties']) ? found['properties'] : {};
}

/** The anchors of the headings of a page, as GitHub makes them. */
function anchorsOf(page: string): readonly string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  );
}

/**
 * Holds every resource that fits to a table: a type and perhaps a part of its id, then lines with a path below `properties`, or
 * with `/` from the resource, and the value as JSON, or `~` and a regular expression. What only Azure knows is an expression.
 */
const holds = (snapshot: Snapshot) => (table: string) => {
  for (const block of table.trim().split(/\n\s*(?=Microsoft\.)/)) {
    const [head = '', ...rules] = block.split(/\n\s*/);
    const [type = '', part = ''] = head.split(' ');
    const found = of(snapshot, type, part);
    expect({ head, isThere: found.length > 0 }).toEqual({ head, isThere: true });
    for (const resource of found) for (const rule of rules) holdsTo(resource, rule, head);
  }
};

function holdsTo(resource: Resource, rule: string, head: string): void {
  const [, path = '', wanted = ''] = /^(\S+) (.*)/.exec(rule) ?? [];
  const keys = path.startsWith('/') ? path.slice(1) : `properties.${path}`;
  const value = keys
    .split('.')
    .reduce<unknown>((at, key) => Reflect.get(Object(at), key), resource);
  const matches = () => new RegExp(wanted.slice(1)).test(JSON.stringify(value)) && value;
  const right: unknown = wanted.startsWith('~') ? matches() : JSON.parse(wanted);
  expect({ head, path, wanted, value }).toEqual({ head, path, wanted, value: right });
}

describe.each(['first', 'all', 'domain'] as const)('the template, with %s', (name) => {
  const snapshot = (): Snapshot => ({ first, all, domain })[name];

  it('hardens everything', () => {
    holds(snapshot())(String.raw`Microsoft.Storage/storageAccounts
         allowBlobPublicAccess false
         allowCrossTenantReplication false
         allowSharedKeyAccess false
         defaultToOAuthAuthentication true
         encryption.requireInfrastructureEncryption true
         isLocalUserEnabled false
         isSftpEnabled false
         minimumTlsVersion "TLS1_2"
         supportsHttpsTrafficOnly true
       Microsoft.Storage/storageAccounts/blobServices
         containerDeleteRetentionPolicy {"enabled":true,"days":7}
         deleteRetentionPolicy {"enabled":true,"days":7}
       Microsoft.Storage/storageAccounts/blobServices/containers
         publicAccess "None"
       Microsoft.KeyVault/vaults
         enabledForDeployment false
         enabledForDiskEncryption false
         enabledForTemplateDeployment false
         enablePurgeProtection true
         enableRbacAuthorization true
         enableSoftDelete true
       Microsoft.KeyVault/vaults/keys
         /name ~/key-ring"$
         attributes {"enabled":true,"exportable":false}
         kty "RSA"
         keySize 3072
         keyOps ["wrapKey","unwrapKey"]
         rotationPolicy.attributes.expiryTime "P2Y"
         rotationPolicy.lifetimeActions.0 {"trigger":{"timeAfterCreate":"P1Y"},"action":{"type":"rotate"}}
         rotationPolicy.lifetimeActions.1 {"trigger":{"timeBeforeExpiry":"P30D"},"action":{"type":"notify"}}
       Microsoft.Insights/components
         Application_Type "web"
         DisableLocalAuth true
         IngestionMode "LogAnalytics"
         WorkspaceResourceId ~/workspaces/log-
       Microsoft.Insights/diagnosticSettings /vaults/
         logs [{"categoryGroup":"audit","enabled":true}]
         workspaceId ~/workspaces/log-
       Microsoft.OperationalInsights/workspaces
         features.disableLocalAuth true
         retentionInDays 30
       Microsoft.Web/serverfarms
         /sku.name "FC1"
         reserved true
       Microsoft.Web/sites
         /kind "functionapp,linux"
         /identity.type "UserAssigned"
         /tags.azd-service-name "web"
         clientAffinityEnabled false
         functionAppConfig.deployment.storage.authentication.type "UserAssignedIdentity"
         functionAppConfig.runtime {"name":"node","version":"24"}
         httpsOnly true
         siteConfig.ftpsState "Disabled"
         siteConfig.http20Enabled true
         siteConfig.minTlsVersion "1.2"
         siteConfig.remoteDebuggingEnabled false
         siteConfig.scmMinTlsVersion "1.2"
         siteScopedCertificatesEnabled true
         sshEnabled false
       Microsoft.Web/sites/basicPublishingCredentialsPolicies /scm
         /location "westeurope"
         allow false
       Microsoft.Web/sites/basicPublishingCredentialsPolicies /ftp
         /location "westeurope"
         allow false`);
  });

  it('gives the identity its roles, each on the one thing that it is for, and no others', () => {
    holds(snapshot())(String.raw`Microsoft.Authorization/roleAssignments
         principalId ~userAssignedIdentities/id-.*principalId\]"$`);
    const roles = of(snapshot(), 'Microsoft.Authorization/roleAssignments').map(
      ({ id, properties }) => {
        const on = /rg-1\/providers\/(.+)\/providers\/Microsoft.Auth/.exec(String(id))?.[1] ?? '';
        const role = /roleDefinitions\/([0-9a-f-]+)"/.exec(JSON.stringify(properties))?.[1] ?? '';
        return `${role} on ${on.replaceAll(/-?[a-z0-9-]*[a-z0-9]{13}\b/g, '')}`;
      },
    );
    expect(roles.sort()).toEqual([
      '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3 on Microsoft.Storage/storageAccounts//tableServices/default/tables/anteroom',
      '3913510d-42f4-4e42-8a64-420c390055eb on Microsoft.Insights/components/',
      // Not on its containers: the health check of the host lists them, and is refused without a right on the account.
      'b7e6dc6d-f1e8-4753-8033-0f276bb0955b on Microsoft.Storage/storageAccounts/',
      'e147488a-f6f5-4113-8e2d-b22465e65bf6 on Microsoft.KeyVault/vaults//keys/key-ring',
    ]);
  });

  it('tags what it makes', () => {
    const untagged = snapshot().resources.filter((one) => 'location' in one && !('tags' in one));
    for (const { type } of untagged) {
      expect(type).toMatch(
        /^Microsoft.Web\/sites\/(basicPublishingCredentialsPolicies|certificates)$/,
      );
    }
  });

  it('holds, reads and shows no secret, and names no host of one cloud', () => {
    const text = snapshot().text.replaceAll('privatelink.vaultcore.azure.net', '');
    expect(text).not.toMatch(
      /\blist[A-Z]\w*\(|AccountKey|SharedAccess|StorageAccountConnectionString|passwordCredentials|keyCredentials|vaults\/secrets|ENTRA_CLIENT_SECRET|KEY_RING_SECRET|not-told/,
    );
    expect(text).not.toMatch(
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
});

describe('a first deployment', () => {
  it('makes nothing that costs before somebody decided for it', () => {
    const types = [...new Set(first.resources.map(({ type }) => String(type).split('/')[0]))];
    expect(types.filter((type) => /Network|Cdn/.test(type ?? ''))).toEqual([]);
    expect(of(first, 'Microsoft.Insights/scheduledQueryRules')).toEqual([]);
    holds(first)(String.raw`Microsoft.Storage/storageAccounts
         /sku.name "Standard_LRS"
       Microsoft.Web/serverfarms
         zoneRedundant false
       Microsoft.Web/sites
         functionAppConfig.scaleAndConcurrency {"alwaysReady":[],"instanceMemoryMB":2048,"maximumInstanceCount":40}
         siteConfig.ipSecurityRestrictions []
         siteConfig.ipSecurityRestrictionsDefaultAction "Allow"
         virtualNetworkSubnetId null`);
  });

  it('registers the application, for people of one tenant, with the identity in place of a secret', () => {
    // No keys, no public client, no groups in tokens, no addresses of a single-page application.
    expect(Object.keys(propertiesOf(first, 'Graph/applications')).sort()).toEqual(
      'api appRoles displayName groupMembershipClaims optionalClaims requiredResourceAccess signInAudience uniqueName web'.split(
        ' ',
      ),
    );
    // Without the claims, signing out asks which account, and a session ended elsewhere is not found. With Role in place of Scope the
    // identity would have the permission without a person. The subject is the object id; people take the client id by mistake.
    holds(first)(String.raw`Microsoft.Graph/applications
         uniqueName ~^"anteroom-anteroom-[a-z0-9]{13}"$
         signInAudience "AzureADMyOrg"
         groupMembershipClaims "None"
         appRoles ~^\[{[^{]*"value":"admin"[^{]*"allowedMemberTypes":\["User"\][^{]*}\]$
         optionalClaims.idToken [{"name":"auth_time","essential":false},{"name":"login_hint","essential":false},{"name":"sid","essential":false}]
         optionalClaims.accessToken [{"name":"idtyp","essential":false},{"name":"auth_time","essential":false}]
         requiredResourceAccess.0.resourceAccess [{"id":"e1fe6dd8-ba31-4d61-89e7-88639da4683d","type":"Scope"}]
         web.homePageUrl ~defaultHostName
         web.implicitGrantSettings {"enableAccessTokenIssuance":false,"enableIdTokenIssuance":false}
         web.logoutUrl ~front-channel-logout
       Microsoft.Graph/applications/federatedIdentityCredentials
         name ~^"anteroom-anteroom-[a-z0-9]{13}/appIdentity"$
         audiences ["api://AzureADTokenExchange"]
         issuer ~loginEndpoint.*22222222
         subject ~userAssignedIdentities.*principalId\]"$`);
    expect(of(first, 'Microsoft.Graph/applications/federatedIdentityCredentials')).toHaveLength(1);
    expect(of(first, 'Microsoft.Graph/oauth2PermissionGrants')).toEqual([]);
    // False would open an app that somebody closed in the portal.
    expect(propertiesOf(first, 'Graph/servicePrincipals')).not.toHaveProperty(
      'appRoleAssignmentRequired',
    );
  });

  it('says what the DNS needs for a domain of your own', () => {
    expect(String(first.outputs['dnsRecords'])).toMatch(
      /CNAME \{0\} = \{1\}', 'YOUR_DOMAIN'.*defaultHostName.*TXT asuid.*customDomainVerificationId/,
    );
  });
});

describe('the option', () => {
  it('zoneRedundant: app and storage', () => {
    holds(all)(String.raw`Microsoft.Web/serverfarms
         zoneRedundant true
       Microsoft.Storage/storageAccounts
         /sku.name "Standard_ZRS"`);
  });

  it('privateNetwork: storage and vault are reached through their endpoints only, by the app only', () => {
    const closed = `networkAcls.defaultAction "Deny"
      publicNetworkAccess "Disabled"`;
    holds(all)(String.raw`Microsoft.Storage/storageAccounts
         ${closed}
       Microsoft.KeyVault/vaults
         ${closed}
       Microsoft.Network/privateEndpoints pep-sthost
         privateLinkServiceConnections.0.properties.groupIds ["blob"]
       Microsoft.Network/privateEndpoints pep-stsess
         privateLinkServiceConnections.0.properties.groupIds ["table"]
       Microsoft.Network/privateEndpoints pep-kv
         privateLinkServiceConnections.0.properties.groupIds ["vault"]
       Microsoft.Web/sites
         virtualNetworkSubnetId ~/subnets/snet-app"$
       Microsoft.Network/virtualNetworks
         subnets.0.properties.delegations.0.properties.serviceName "Microsoft.App/environments"
         subnets.1.properties.defaultOutboundAccess false
       Microsoft.Network/networkSecurityGroups -endpoints
         securityRules.0.properties.access "Allow"
         securityRules.0.properties.sourceAddressPrefix "10.71.0.0/26"
         securityRules.0.properties.destinationPortRange "443"
         securityRules.1.properties.access "Deny"
         securityRules.1.properties.sourceAddressPrefix "VirtualNetwork"
         securityRules.1.properties.protocol "*"
         securityRules.2.name "deny-lateral"`);
    expect(of(all, 'Microsoft.Network/privateDnsZones')).toHaveLength(3);
  });

  it('frontDoorSku: a firewall before the one name that is served, and no way past it', () => {
    const scrubs = '~"state":"Enabled".*"QueryStringArgNames"';
    holds(all)(String.raw`Microsoft.Cdn/profiles
         logScrubbing ${scrubs}
       Microsoft.Network/FrontDoorWebApplicationFirewallPolicies
         policySettings.enabledState "Enabled"
         policySettings.mode "Prevention"
         policySettings.logScrubbing ${scrubs}
         managedRules.managedRuleSets ~"ruleSetAction":"Block"
       Microsoft.Cdn/profiles/securityPolicies
         parameters.wafPolicy.id ~FirewallPolicies/waf
         parameters.associations.0.domains ~^.{1,400}customDomains/app-contoso-com"}]$
       Microsoft.Cdn/profiles/afdEndpoints/routes
         customDomains ~^.{1,400}customDomains/app-contoso-com"}]$
         forwardingProtocol "HttpsOnly"
         linkToDefaultDomain "Disabled"
       Microsoft.Web/sites
         siteConfig.ipSecurityRestrictionsDefaultAction ~frontDoorId\), 'Allow', 'Deny'\)\]"$
         siteConfig.ipSecurityRestrictions ~createArray\(\), .*'Allow'.*'AzureFrontDoor.Backend', .*'x-azure-fdid'`);
  });

  it('customDomain with Front Door: its certificate is there, and none on the app', () => {
    holds(all)(String.raw`Microsoft.Cdn/profiles/customDomains
         hostName "app.contoso.com"
         tlsSettings {"certificateType":"ManagedCertificate","minimumTlsVersion":"TLS12"}`);
    expect(of(all, 'Microsoft.Web/sites/certificates')).toEqual([]);
    expect(all.outputs['url']).toBe('https://app.contoso.com');
  });

  it('customDomain without it: a certificate on the app, which a second deployment keeps', () => {
    const bindings = of(domain, 'Microsoft.Web/sites/hostNameBindings').map(
      ({ properties }) => properties,
    );
    expect(bindings[0]).not.toHaveProperty('sslState');
    // The first would take the certificate away if it were made again.
    expect(readFileSync('infra/modules/custom-domain.bicep', 'utf8')).toMatch(
      /@onlyIfNotExists\(\)\nresource name /,
    );
    expect(JSON.stringify(bindings[1])).toMatch(
      /"hostNameType":"Verified".*"SniEnabled","thumbprint":"\[.*certificates\/app-contoso-com.*thumbprint\]"/,
    );
    expect(propertiesOf(domain, 'Web/sites/certificates')).toEqual({
      canonicalName: 'app.contoso.com',
    });
    expect(domain.outputs['redirectUri']).toBe('https://app.contoso.com/auth/redirect');
    expect(String(domain.outputs['dnsRecords'])).toContain("'app.contoso.com'");
  });

  it('alertEmail: six alerts on logs, each with the heading of the page for operators', () => {
    // A window shorter than the pause between checks misses what happened between. A new workspace has no telemetry table yet.
    const rule = (window: string) => `evaluationFrequency "PT15M"
      windowSize "${window}"
      skipQueryValidation true
      criteria.allOf.0.operator "GreaterThan"
      criteria.allOf.0.threshold 0
      actions.actionGroups ~actionGroups/alert-all-`;
    holds(all)(String.raw`Microsoft.Insights/scheduledQueryRules credential
         ${rule('PT15M')}
         severity 1
       Microsoft.Insights/scheduledQueryRules no-sign-in
         ${rule('PT1H')}
       Microsoft.Insights/scheduledQueryRules sign-ins-refused
         ${rule('PT1H')}
       Microsoft.Insights/scheduledQueryRules server-errors
         ${rule('PT15M')}
       Microsoft.Insights/scheduledQueryRules slow-answers
         ${rule('PT15M')}
       Microsoft.Insights/scheduledQueryRules no-sweep
         ${rule('PT1H')}
       Microsoft.Insights/actionGroups
         emailReceivers.0.emailAddress "ops@contoso.com"`);
    const anchors = anchorsOf(readFileSync('docs/operations.md', 'utf8'));
    const rules = of(all, 'Microsoft.Insights/scheduledQueryRules');
    expect(rules).toHaveLength(6);
    for (const { properties } of rules) {
      const [, anchor] = /docs\/operations\.md#(\S+?)"/.exec(JSON.stringify(properties)) ?? [];
      expect(anchors).toContain(anchor);
    }
  });

  it('operationsWorkbook: a workbook whose queries are saved too', () => {
    const saved = of(first, 'Microsoft.OperationalInsights/workspaces/savedSearches');
    const queries = saved.map(({ properties }) => String(Reflect.get(Object(properties), 'query')));
    expect(queries).toHaveLength(6);
    const { serializedData, sourceId } = propertiesOf(first, 'Insights/workbooks');
    expect(sourceId).toMatch(/workspaces\/log-/);
    for (const query of queries) {
      expect(String(serializedData)).toContain(JSON.stringify(query).slice(1, -1));
    }
  });

  it('alwaysReadyInstances, instanceMemoryMB, packageUri, whose address no history shows', () => {
    holds(all)(String.raw`Microsoft.Web/sites
         functionAppConfig.scaleAndConcurrency.alwaysReady [{"name":"http","instanceCount":3}]
         functionAppConfig.scaleAndConcurrency.instanceMemoryMB 512
       Microsoft.Web/sites/extensions
         /condition "[not(empty(parameters('packageUri')))]"
         packageUri "[parameters('packageUri')]"
         remoteBuild false`);
  });

  it('appRoles and keptRedirectUris: what a team has on the registration, under stable ids', () => {
    const [application = {}] = of(all, 'Microsoft.Graph/applications');
    const properties = isObject(application['properties']) ? application['properties'] : {};
    const { uniqueName, appRoles, web } = properties;
    const roles = [
      ['admin', true],
      ['reader', true],
      ['writer', false],
      ['Notes.Read.All', true],
    ] as const;
    expect(appRoles).toMatchObject(
      roles.map(([value, isEnabled]) => ({
        value,
        isEnabled,
        id: armGuid(String(uniqueName), value),
      })),
    );
    expect(isObject(web) ? web['redirectUris'] : undefined).toEqual([
      'https://app.contoso.com/auth/redirect',
      'https://app.contoso.com/auth/signed-out',
      'https://old.contoso.com/callback',
    ]);
  });

  it('exposedScopes: what other apps ask for, under stable ids, and the audience of their tokens', () => {
    const [, asApi = {}] = of(all, 'Microsoft.Graph/applications');
    const properties = isObject(asApi['properties']) ? asApi['properties'] : {};
    const { uniqueName, api, identifierUris } = properties;
    expect(api).toMatchObject({
      requestedAccessTokenVersion: 2,
      oauth2PermissionScopes: [
        { value: 'Notes.Read', type: 'User', adminConsentDisplayName: 'Read your notes' },
        { value: 'Notes.Write', type: 'Admin', userConsentDisplayName: 'Notes.Write' },
      ].map((scope) => ({ ...scope, id: armGuid(String(uniqueName), 'scope', scope.value) })),
    });
    expect(identifierUris).toHaveLength(1);
    // It has the client id in it, which only Azure knows; appIdUri is as it was given.
    expect(settingsOf(all)['API_AUDIENCE']).toMatch(/^\[.+\]$/);
    expect(settingsOf(domain)['API_AUDIENCE']).toBe('api://contoso.com/orders');
    // Without scopes nothing is declared, so that those that others made stay.
    expect(of(first, 'Microsoft.Graph/applications')).toHaveLength(1);
    expect(settingsOf(first)['API_AUDIENCE']).toBe('');
  });

  it('graphScopes, apiPermissions, grantAdminConsent: consent to what the registration lists', () => {
    expect(settingsOf(all)['GRAPH_SCOPES']).toBe('User.Read api://orders/Orders.Read');
    expect(of(all, 'Microsoft.Graph/oauth2PermissionGrants')).toMatchObject([
      {
        properties: {
          consentType: 'AllPrincipals',
          scope: 'openid profile offline_access User.Read',
        },
      },
      { properties: { consentType: 'AllPrincipals', scope: 'Orders.Read' } },
    ]);
    expect(propertiesOf(all, 'Graph/servicePrincipals')['appRoleAssignmentRequired']).toBe(true);
  });

  it('allowedTenants: whose accounts sign in, for the registration and for the app', () => {
    const audience = (snapshot: Snapshot) => {
      const [application = {}] = of(snapshot, 'Microsoft.Graph/applications');
      return application['properties'];
    };
    expect(audience(first)).toMatchObject({ signInAudience: 'AzureADMyOrg', api: {} });
    expect(settingsOf(first)).toMatchObject({ ENTRA_ALLOWED_TENANTS: '', ADMIN_TENANT_ID: '' });
    expect(settingsOf(first)['ENTRA_TENANT_ID']).toMatch(/^[0-9a-f-]{36}$/);
    // Entra ID takes no registration for personal accounts without version 2.
    expect(audience(all)).toMatchObject({
      signInAudience: 'AzureADandPersonalMicrosoftAccount',
      api: { requestedAccessTokenVersion: 2 },
    });
    expect(settingsOf(all)).toMatchObject({
      ENTRA_TENANT_ID: 'common',
      ENTRA_ALLOWED_TENANTS:
        '11111111-1111-4111-8111-111111111111 9188040D-6C67-4C5B-B112-36A304B66DAD',
    });
    expect(settingsOf(domain)).toMatchObject({
      ENTRA_TENANT_ID: 'organizations',
      ENTRA_ALLOWED_TENANTS: '*',
      ADMIN_TENANT_ID: settingsOf(first)['ENTRA_TENANT_ID'],
    });
  });

  it('groupClaims: which groups ID tokens list', () => {
    const [application = {}] = of(all, 'Microsoft.Graph/applications');
    expect(application['properties']).toMatchObject({ groupMembershipClaims: 'SecurityGroup' });
  });

  it('graphScopes=[]: sign-in without any API', () => {
    expect(settingsOf(values)['GRAPH_SCOPES']).toBe('none');
  });

  it('deployEntraApp=false: nothing is made in Entra ID, and the app has no client id yet', () => {
    expect(domain.resources.filter(({ type }) => String(type).includes('Graph'))).toEqual([]);
    expect(settingsOf(domain)).toMatchObject({
      ENTRA_CLIENT_ID: '',
      ENTRA_AUTHORITY: 'https://login.microsoftonline.us/organizations/v2.0',
    });
    expect(domain.outputs['entraClientId']).toBe('');
  });

  it('deployEntraApp=false: the commands for the registration have what the parameters say of it', () => {
    const commands = String(domain.outputs['entraAppCommands']);
    for (const part of [
      `'https://app.contoso.com'`,
      `'--app-id-uri api://contoso.com/orders', '--allowed-tenants "*"', '--name "Orders & more"', '--consent --scopes "User.Read Mail.Read api://orders/Orders.Read"'`,
      `'az ad app update --id CLIENT_ID --set groupMembershipClaims=ApplicationGroup'`,
      `'az ad sp update --id CLIENT_ID --set appRoleAssignmentRequired=true'`,
      `'az ad app permission add --id CLIENT_ID --api 00000003-0000-0000-c000-000000000000 --api-permissions 570282fd-fa5c-430d-a7fd-fc8dc98a9dca=Scope'`,
      `'az ad app permission add --id CLIENT_ID --api 0de50000-0000-4000-8000-00000000a11c --api-permissions 0de50001-0000-4000-8000-00000000a11c=Scope'`,
    ]) {
      expect(commands).toContain(part);
    }
    // Where the template makes it, the command only gives roles.
    expect(String(first.outputs['entraAppCommands'])).not.toMatch(/allowed|--name|consent|az ad/);
  });
});

/** Settings that the template leaves alone, each with its reason. Every other setting of the app must be set. */
const leftOut: Readonly<Partial<Record<SettingName, string>>> = {
  ENTRA_ISSUER: 'equals the authority',
  ENTRA_CLIENT_SECRET: 'never: the managed identity vouches for the app',
  ENTRA_CLIENT_CERTIFICATE: 'never: the managed identity vouches for the app',
  TABLES_CONNECTION_STRING: 'never: TABLES_ENDPOINT is set',
  KEY_RING_SECRET: 'never: KEY_VAULT_KEY_ID is set',
  B2C_RESET_POLICY: 'a tenant of Azure AD B2C has no managed identities',
  B2C_EDIT_POLICY: 'a tenant of Azure AD B2C has no managed identities',
};

function settingsOf(snapshot: Snapshot): Resource {
  return propertiesOf(snapshot, 'Web/sites/config');
}

describe('the app settings', () => {
  it('are those that the app reads, but for the ones left out with a reason', () => {
    const own = Object.keys(settingsOf(first)).filter((name) =>
      /^(?!APPLICATIONINSIGHTS_|FUNCTIONS_)[A-Z]+_/.test(name),
    );
    const wanted = Object.keys(settingDefaults).filter((name) => !(name in leftOut));
    expect(own.sort()).toEqual(wanted.sort());
  });

  it('are those that the Functions host needs, with an identity in place of keys', () => {
    expect(settingsOf(first)).toMatchObject(localHostSettings);
    // With the address of its storage alone the host has failed to start (Azure/azure-functions-host#11787).
    holds(first)(String.raw`Microsoft.Web/sites/config
         APPLICATIONINSIGHTS_AUTHENTICATION_STRING ~ClientId=\{0\};Authorization=AAD
         AzureWebJobsFeatureFlags "DisableDiagnosticEventLogging"
         AzureWebJobsStorage__accountName ~^"sthost
         AzureWebJobsStorage__blobServiceUri ~primaryEndpoints.blob
         AzureWebJobsStorage__credential "managedidentity"
         FUNCTIONS_NODE_BLOCK_ON_ENTRY_POINT_ERROR "true"`);
    expect(settingsOf(all)['FUNCTIONS_REQUEST_BODY_SIZE_LIMIT']).toBe('1048576');
  });

  it('have the defaults that the app has', () => {
    const isShared = /^(ADMIN_ROLE|SESSION_\w+|GRAPH_SCOPES|TABLES_NAME)$/;
    const shared = Object.entries(settingDefaults)
      .filter(([name]) => isShared.test(name))
      // An empty value counts as unset.
      .map(([name, value = '']) => [name, value]);
    expect(shared).toHaveLength(8);
    expect(settingsOf(first)).toMatchObject(Object.fromEntries(shared));
    expect(settingsOf(all)).toMatchObject({
      SESSION_IDLE_SECONDS: '600',
      SESSION_PERSISTENT: 'link',
      SESSION_LIMIT: '3',
    });
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
    const inAzure = (text: string): string =>
      text.startsWith('[') ? (known.find(([form]) => form.test(text))?.[1] ?? '') : text;
    const settings = Object.entries(settingsOf(first)).map(
      ([name, value]) => [name, inAzure(String(value))] as const,
    );
    const read = readSettings(Object.fromEntries(settings));
    if ('faults' in read) throw new Error(JSON.stringify(read.faults));
    expect(read.settings.credential).toEqual({ kind: 'managed-identity' });
    expect(read.settings.tables.kind).toBe('endpoint');
    expect(read.settings.keyWrapping.kind).toBe('key-vault');
    expect(read.settings.managedIdentityClientId).toBe(guid);
  });
});

describe('parameters that contradict each other', () => {
  it('are refused before anything is made, each with its sentence, all at once', async () => {
    const said = await Promise.all(
      ['contradictions', 'contradictions-elsewhere'].map(async (name) => {
        const refused = bicep.takeSnapshot(`test/infra/parameters/${name}.bicepparam`);
        return refused.then(() => 'nothing', String);
      }),
    );
    const source = readFileSync('infra/main.bicep', 'utf8');
    const [, faults = ''] = /^var faults = filter\(\[\n([^]*?)\n\], fault/m.exec(source) ?? [];
    const sentences = [...faults.matchAll(/^ {4}\? '(.+)'$/gm)].map(([, text = '']) => text);
    expect(domain.outputs['functionAppName']).toMatch(/^func-orders-2-/);
    expect(sentences).toHaveLength(34);
    for (const sentence of sentences) {
      expect(said.join('\n')).toContain(sentence.replaceAll('\\\\', '\\'));
    }
    // Every name is made with this, so nothing is made before it is known.
    expect(source).toContain(
      'var token = uniqueString(resourceGroup().id, checkedEnvironmentName)',
    );
  });

  it('are told by rules that take nothing wrong and refuse nothing right', () => {
    const [{ tags } = {}] = of(values, 'Microsoft.Web/serverfarms');
    const rules = Object.entries(isObject(tags) ? tags : {});
    expect(rules).toHaveLength(18);
    expect(rules.filter(([, wrong]) => wrong !== '')).toEqual([['azd-env-name', 'anteroom']]);
  });
});
