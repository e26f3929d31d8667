import { descendants, entriesOf, type Project, textOf, valueAt } from '../bicep-project';

/** What every resource of a type must say. Where an option decides, the whole expression is given. */
export const requiredValues: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Microsoft.Storage/storageAccounts': {
    'properties.allowSharedKeyAccess': 'false',
    'properties.allowBlobPublicAccess': 'false',
    'properties.allowCrossTenantReplication': 'false',
    'properties.defaultToOAuthAuthentication': 'true',
    'properties.encryption.requireInfrastructureEncryption': 'true',
    'properties.isLocalUserEnabled': 'false',
    'properties.isSftpEnabled': 'false',
    'properties.minimumTlsVersion': "'TLS1_2'",
    'properties.networkAcls.defaultAction': "isPrivate ? 'Deny' : 'Allow'",
    'properties.publicNetworkAccess': "isPrivate ? 'Disabled' : 'Enabled'",
    'properties.supportsHttpsTrafficOnly': 'true',
  },
  'Microsoft.Storage/storageAccounts/blobServices': {
    'properties.containerDeleteRetentionPolicy.enabled': 'true',
    'properties.deleteRetentionPolicy.enabled': 'true',
  },
  'Microsoft.Storage/storageAccounts/blobServices/containers': {
    'properties.publicAccess': "'None'",
  },
  'Microsoft.KeyVault/vaults': {
    'properties.enabledForDeployment': 'false',
    'properties.enabledForDiskEncryption': 'false',
    'properties.enabledForTemplateDeployment': 'false',
    'properties.enablePurgeProtection': 'purgeProtection ? true : null',
    'properties.enableRbacAuthorization': 'true',
    'properties.enableSoftDelete': 'true',
    'properties.networkAcls.defaultAction': "isPrivate ? 'Deny' : 'Allow'",
    'properties.publicNetworkAccess': "isPrivate ? 'Disabled' : 'Enabled'",
  },
  'Microsoft.KeyVault/vaults/keys': {
    'properties.attributes.exportable': 'false',
    'properties.kty': "'RSA'",
    'properties.keySize': '3072',
    'properties.keyOps': "['wrapKey', 'unwrapKey']",
    'properties.rotationPolicy.attributes.expiryTime': "'P2Y'",
  },
  'Microsoft.Insights/components': {
    'properties.DisableLocalAuth': 'true',
    'properties.IngestionMode': "'LogAnalytics'",
    'properties.WorkspaceResourceId': 'workspace.id',
  },
  'Microsoft.OperationalInsights/workspaces': {
    'properties.features.disableLocalAuth': 'true',
    'properties.workspaceCapping.dailyQuotaGb': 'dailyLogCapGb',
    'properties.retentionInDays': 'logRetentionDays',
  },
  'Microsoft.Web/serverfarms': {
    'sku.name': "'FC1'",
    'properties.reserved': 'true',
    'properties.zoneRedundant': 'zoneRedundant',
  },
  'Microsoft.Web/sites': {
    'identity.type': "'UserAssigned'",
    'properties.clientAffinityEnabled': 'false',
    'properties.functionAppConfig.deployment.storage.authentication.type': "'UserAssignedIdentity'",
    'properties.functionAppConfig.runtime.name': "'node'",
    'properties.httpsOnly': 'true',
    'properties.publicNetworkAccess': "'Enabled'",
    'properties.siteConfig.ftpsState': "'Disabled'",
    'properties.siteConfig.http20Enabled': 'true',
    'properties.siteConfig.ipSecurityRestrictionsDefaultAction':
      "empty(frontDoorId) ? 'Allow' : 'Deny'",
    'properties.siteConfig.minTlsVersion': "'1.2'",
    'properties.siteConfig.remoteDebuggingEnabled': 'false',
    'properties.siteConfig.scmMinTlsVersion': "'1.2'",
    'properties.sshEnabled': 'false',
  },
  'Microsoft.Web/sites/basicPublishingCredentialsPolicies': { 'properties.allow': 'false' },
  'Microsoft.Network/FrontDoorWebApplicationFirewallPolicies': {
    'properties.policySettings.enabledState': "'Enabled'",
    'properties.policySettings.mode': "'Prevention'",
    'properties.policySettings.logScrubbing.state': "'Enabled'",
  },
  'Microsoft.Cdn/profiles': { 'properties.logScrubbing.state': "'Enabled'" },
};

export function findSoftSpots(project: Project): string[] {
  const made = [...project.values()].flatMap(({ path, resources }) =>
    resources.filter(({ isExisting }) => !isExisting).map((resource) => ({ path, resource })),
  );
  const absent = Object.keys(requiredValues).filter(
    (type) => !made.some(({ resource }) => resource.type === type),
  );
  return [
    ...absent.map((type) => `there is no ${type}`),
    ...made.flatMap(({ path, resource }) =>
      Object.entries(requiredValues[resource.type] ?? {})
        .filter(([at, value]) => valueAt(resource.body, at)?.text !== value)
        .map(([at, value]) => `${path}: ${resource.name}.${at} is not ${value}`),
    ),
    ...publishingFaults(made.map(({ resource }) => resource.body.text)),
    ...(project.get('infra/modules/key-vault.bicep')?.source.includes("type: 'rotate'") === true
      ? []
      : ['the wrapping key is not rotated']),
  ];
}

function publishingFaults(bodies: readonly string[]): string[] {
  return ['scm', 'ftp']
    .filter(
      (name) => !bodies.some((body) => new RegExp(`name: '${name}'\\n[^]*allow: false`).test(body)),
    )
    .map((name) => `publishing by password is not turned off for ${name}`);
}

/**
 * Settings that Flex Consumption ignores, overwrites or refuses, with
 * https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan as the reason.
 */
const forbiddenSettings = [
  'ENABLE_ORYX_BUILD',
  'FUNCTIONS_EXTENSION_VERSION',
  'FUNCTIONS_MAX_HTTP_CONCURRENCY',
  'FUNCTIONS_WORKER_DYNAMIC_CONCURRENCY_ENABLED',
  'FUNCTIONS_WORKER_PROCESS_COUNT',
  'FUNCTIONS_WORKER_RUNTIME',
  'FUNCTIONS_WORKER_RUNTIME_VERSION',
  'SCM_DO_BUILD_DURING_DEPLOYMENT',
  'TZ',
  'WEBSITE_CONTENTAZUREFILECONNECTIONSTRING',
  'WEBSITE_CONTENTSHARE',
  'WEBSITE_LOAD_CERTIFICATES',
  'WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT',
  'WEBSITE_NODE_DEFAULT_VERSION',
  'WEBSITE_RUN_FROM_PACKAGE',
  'WEBSITE_SKIP_CONTENTSHARE_VALIDATION',
  'WEBSITE_TIME_ZONE',
  'WEBSITE_VNET_ROUTE_ALL',
];

/** Properties of other plans: the service answers with error 51021, or the feature is not there on Flex Consumption. */
const forbiddenProperties = [
  'alwaysOn',
  'appSettings',
  'clientCertEnabled',
  'containerSize',
  'cors',
  'endToEndEncryptionEnabled',
  'functionAppScaleLimit',
  'healthCheckPath',
  'hyperV',
  'isReserved',
  'isXenon',
  'javaVersion',
  'linuxFxVersion',
  'netFrameworkVersion',
  'powerShellVersion',
  'preWarmedInstanceCount',
  'siteUpdateStrategy',
  'use32BitWorkerProcess',
];

export function findForbiddenFlexSettings(project: Project): string[] {
  return [...project.values()].flatMap(({ path, resources }) =>
    resources
      .filter(
        ({ type }) => type === 'Microsoft.Web/sites' || type.startsWith('Microsoft.Web/sites/'),
      )
      .flatMap(({ body }) => descendants(body).filter(({ type }) => type === 'object'))
      .flatMap((object) => [...entriesOf(object).keys()])
      .filter((key) => [...forbiddenSettings, ...forbiddenProperties].includes(key))
      .map((key) => `${path}: ${key} does not belong on Flex Consumption`),
  );
}

/** Error codes that an alert looks for must be codes that the app logs. */
export function findUnknownErrorCodes(project: Project, knownCodes: readonly string[]): string[] {
  const alerts = project.get('infra/modules/alerts.bicep');
  const codes = alerts?.variables.find(({ name }) => name === 'signInFailures')?.value;
  if (codes === undefined) return ['there is no alert on failed sign-ins'];
  return codes.namedChildren.map(textOf).filter((code) => !knownCodes.includes(code));
}
