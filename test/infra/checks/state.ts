import type { Project } from '../bicep-project';
import { findOtherValues, type WrittenFiles, type WrittenValue } from './written-values';

/** What both storage accounts have in common. */
const account: readonly WrittenValue[] = [
  ['account', 'name', 'accountName'],
  ['account', 'location', 'location'],
  ['account', 'kind', "'StorageV2'"],
  ['account', 'sku.name', 'skuName'],
  ['account', 'properties.accessTier', "'Hot'"],
  ['account', 'properties.encryption.keySource', "'Microsoft.Storage'"],
  // No addresses and no networks that are let past the firewall.
  ['account', 'properties.networkAcls.keys', 'bypass defaultAction'],
  ['blobs', 'parent', 'account'],
  ['blobs', 'name', "'default'"],
  ['blobs', 'properties.containerDeleteRetentionPolicy.days', '7'],
  ['blobs', 'properties.deleteRetentionPolicy.days', '7'],
];

/** Storage and vault: what is kept where, who is let past their firewalls, and how long deleted things stay. */
const state: WrittenFiles = {
  'infra/modules/storage-host.bicep': [
    ...account,
    // Deployments are written by a service of Azure.
    ['account', 'properties.networkAcls.bypass', "'AzureServices'"],
    ['packageContainer', 'parent', 'blobs'],
  ],
  'infra/modules/storage-sessions.bicep': [
    ...account,
    // No service of Azure has anything to do with sessions.
    ['account', 'properties.networkAcls.bypass', "'None'"],
    ['account', 'properties.encryption.services.table.enabled', 'true'],
    // Cannot be changed once the account is made.
    ['account', 'properties.encryption.services.table.keyType', "'Account'"],
    ['tables', 'parent', 'account'],
    ['tables', 'name', "'default'"],
    // No CORS: browsers never call the tables.
    ['tables', 'keys', 'parent name'],
    ['table', 'parent', 'tables'],
    ['table', 'name', 'tableName'],
  ],
  'infra/modules/key-vault.bicep': [
    ['vault', 'location', 'location'],
    ['vault', 'properties.tenantId', 'tenant().tenantId'],
    ['vault', 'properties.sku.family', "'A'"],
    // Premium is for keys in hardware, which cost by the month.
    ['vault', 'properties.sku.name', "'standard'"],
    ['vault', 'properties.networkAcls.bypass', "'AzureServices'"],
    ['vault', 'properties.softDeleteRetentionInDays', '7'],
    ['vault', 'properties.networkAcls.keys', 'bypass defaultAction'],
    ['key', 'parent', 'vault'],
    // Under another name there would be another key, which cannot unwrap what this one wrapped.
    ['key', 'name', "'key-ring'"],
    // No date of expiry: the rotation gives one to each version.
    ['key', 'properties.attributes.keys', 'enabled exportable'],
    ['key', 'properties.attributes.enabled', 'true'],
    ['key', 'properties.rotationPolicy.lifetimeActions.0.trigger.timeAfterCreate', "'P1Y'"],
    ['key', 'properties.rotationPolicy.lifetimeActions.0.action.type', "'rotate'"],
    ['key', 'properties.rotationPolicy.lifetimeActions.1.trigger.timeBeforeExpiry', "'P30D'"],
    ['key', 'properties.rotationPolicy.lifetimeActions.1.action.type', "'notify'"],
  ],
  'infra/modules/identity.bicep': [['identity', 'location', 'location']],
  'infra/sub.bicep': [
    ['group', 'name', 'resourceGroupName'],
    ['group', 'location', 'location'],
    ['group', 'tags', "union(tags, { 'azd-env-name': environmentName })"],
    ['app', 'scope', 'group'],
  ],
};

/** What of the places where state is kept is not as it must be. */
export function findStateFaults(project: Project): string[] {
  return findOtherValues(project, state);
}
