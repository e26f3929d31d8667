import type { Project } from '../bicep-project';

const azapi = 'internal/azure/generated';

/**
 * Every resource type of the template with its API version and the folder of the type definition that its properties and
 * values were looked up in: `types.json` under that folder of Azure/terraform-provider-azapi (a copy of Azure/bicep-types-az)
 * or of microsoftgraph/msgraph-bicep-types.
 */
export const apiVersions: Readonly<Record<string, readonly [version: string, lookedUpIn: string]>> =
  {
    'Microsoft.Authorization/roleAssignments': [
      '2022-04-01',
      `${azapi}/authorization/microsoft.authorization`,
    ],
    'Microsoft.Cdn/profiles': ['2025-06-01', `${azapi}/cdn_0/microsoft.cdn`],
    'Microsoft.Cdn/profiles/afdEndpoints': ['2025-06-01', `${azapi}/cdn_0/microsoft.cdn`],
    'Microsoft.Cdn/profiles/afdEndpoints/routes': ['2025-06-01', `${azapi}/cdn_0/microsoft.cdn`],
    'Microsoft.Cdn/profiles/customDomains': ['2025-06-01', `${azapi}/cdn_0/microsoft.cdn`],
    'Microsoft.Cdn/profiles/originGroups': ['2025-06-01', `${azapi}/cdn_0/microsoft.cdn`],
    'Microsoft.Cdn/profiles/originGroups/origins': ['2025-06-01', `${azapi}/cdn_0/microsoft.cdn`],
    'Microsoft.Cdn/profiles/securityPolicies': ['2025-06-01', `${azapi}/cdn_0/microsoft.cdn`],
    'Microsoft.Graph/applications': ['v1.0', 'generated/microsoftgraph/microsoft.graph/v1.0/1.0.0'],
    'Microsoft.Graph/applications/federatedIdentityCredentials': [
      'v1.0',
      'generated/microsoftgraph/microsoft.graph/v1.0/1.0.0',
    ],
    'Microsoft.Graph/oauth2PermissionGrants': [
      'v1.0',
      'generated/microsoftgraph/microsoft.graph/v1.0/1.0.0',
    ],
    'Microsoft.Graph/servicePrincipals': [
      'v1.0',
      'generated/microsoftgraph/microsoft.graph/v1.0/1.0.0',
    ],
    'Microsoft.Insights/actionGroups': ['2023-01-01', `${azapi}/monitor_1/microsoft.insights`],
    'Microsoft.Insights/components': [
      '2020-02-02',
      `${azapi}/applicationinsights/microsoft.insights`,
    ],
    'Microsoft.Insights/diagnosticSettings': [
      '2021-05-01-preview',
      `${azapi}/monitor_1/microsoft.insights`,
    ],
    'Microsoft.Insights/metricAlerts': ['2018-03-01', `${azapi}/monitor_1/microsoft.insights`],
    'Microsoft.Insights/scheduledQueryRules': [
      '2023-12-01',
      `${azapi}/monitor_1/microsoft.insights`,
    ],
    'Microsoft.KeyVault/vaults': ['2025-05-01', `${azapi}/keyvault/microsoft.keyvault`],
    'Microsoft.KeyVault/vaults/keys': ['2025-05-01', `${azapi}/keyvault/microsoft.keyvault`],
    'Microsoft.ManagedIdentity/userAssignedIdentities': [
      '2024-11-30',
      `${azapi}/msi/microsoft.managedidentity`,
    ],
    'Microsoft.Network/FrontDoorWebApplicationFirewallPolicies': [
      '2025-03-01',
      `${azapi}/frontdoor/microsoft.network`,
    ],
    'Microsoft.Network/networkSecurityGroups': ['2025-05-01', `${azapi}/network/microsoft.network`],
    'Microsoft.Network/privateDnsZones': ['2024-06-01', `${azapi}/privatedns/microsoft.network`],
    'Microsoft.Network/privateDnsZones/virtualNetworkLinks': [
      '2024-06-01',
      `${azapi}/privatedns/microsoft.network`,
    ],
    'Microsoft.Network/privateEndpoints': ['2025-05-01', `${azapi}/network/microsoft.network`],
    'Microsoft.Network/privateEndpoints/privateDnsZoneGroups': [
      '2025-05-01',
      `${azapi}/network/microsoft.network`,
    ],
    'Microsoft.Network/virtualNetworks': ['2025-05-01', `${azapi}/network/microsoft.network`],
    'Microsoft.Network/virtualNetworks/subnets': [
      '2025-05-01',
      `${azapi}/network/microsoft.network`,
    ],
    'Microsoft.OperationalInsights/workspaces': [
      '2025-07-01',
      `${azapi}/operationalinsights/microsoft.operationalinsights`,
    ],
    'Microsoft.Resources/resourceGroups': [
      '2025-04-01',
      `${azapi}/resources_11/microsoft.resources`,
    ],
    'Microsoft.Storage/storageAccounts': ['2025-06-01', `${azapi}/storage/microsoft.storage`],
    'Microsoft.Storage/storageAccounts/blobServices': [
      '2025-06-01',
      `${azapi}/storage/microsoft.storage`,
    ],
    'Microsoft.Storage/storageAccounts/blobServices/containers': [
      '2025-06-01',
      `${azapi}/storage/microsoft.storage`,
    ],
    'Microsoft.Storage/storageAccounts/tableServices': [
      '2025-06-01',
      `${azapi}/storage/microsoft.storage`,
    ],
    'Microsoft.Storage/storageAccounts/tableServices/tables': [
      '2025-06-01',
      `${azapi}/storage/microsoft.storage`,
    ],
    'Microsoft.Web/serverfarms': ['2025-03-01', `${azapi}/web/microsoft.web`],
    'Microsoft.Web/sites': ['2025-03-01', `${azapi}/web/microsoft.web`],
    'Microsoft.Web/sites/basicPublishingCredentialsPolicies': [
      '2025-03-01',
      `${azapi}/web/microsoft.web`,
    ],
    'Microsoft.Web/sites/config': ['2025-03-01', `${azapi}/web/microsoft.web`],
    'Microsoft.Web/sites/extensions': ['2025-03-01', `${azapi}/web/microsoft.web`],
  };

/** A type or version outside the table has not been looked up. */
export function findUncheckedTypes(project: Project): string[] {
  const used = [...project.values()].flatMap(({ path, resources }) =>
    resources.map(({ type, version }) => ({ path, type, version })),
  );
  return [
    ...used
      .filter(({ type, version }) => apiVersions[type]?.[0] !== version)
      .map(({ path, type, version }) => `${path}: ${type}@${version} was not looked up`),
    ...Object.keys(apiVersions)
      .filter((type) => !used.some((resource) => resource.type === type))
      .map((type) => `${type} is in the table, but in no file`),
  ];
}
