metadata name = 'Session storage'
metadata description = 'The account with the one table of sessions, token caches and the key ring. Whoever can write this table can pose as any user: the app identity alone gets a role on it.'

import { roleIds } from '../roles.bicep'
import { tagsType } from '../types.bicep'

@description('Required. Azure region.')
param location string

@description('Required. Tags of the account.')
param tags tagsType

@description('Required. Name of the storage account.')
param accountName string

@description('Required. Replication of the account.')
@allowed(['Standard_LRS', 'Standard_ZRS'])
param skuName string

@description('Required. Name of the table.')
param tableName string

@description('Required. Whether the account is reached through a private endpoint only.')
param isPrivate bool

@description('Required. Name of the app identity, for a stable name of its role assignment.')
param identityName string

@description('Required. Object id of the app identity.')
param principalId string

@description('Account of the sessions.')
resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: accountName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: skuName
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    encryption: {
      keySource: 'Microsoft.Storage'
      requireInfrastructureEncryption: true
      services: {
        table: {
          enabled: true
          keyType: 'Account'
        }
      }
    }
    isLocalUserEnabled: false
    isSftpEnabled: false
    minimumTlsVersion: 'TLS1_2'
    networkAcls: {
      bypass: 'None'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    supportsHttpsTrafficOnly: true
  }
}

@description('No blobs are kept here; soft delete is on because audits ask for it on every account.')
resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 7
    }
    deleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

@description('The table service, without CORS.')
resource tables 'Microsoft.Storage/storageAccounts/tableServices@2025-06-01' = {
  parent: account
  name: 'default'
}

@description('Made here because the app never makes tables.')
resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-06-01' = {
  parent: tables
  name: tableName
}

@description('Lets the app read and write this one table.')
resource tableRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(table.id, identityName, roleIds.storageTableDataContributor)
  scope: table
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.storageTableDataContributor)
  }
}

@description('Resource id of the account.')
output id string = account.id

@description('Address of the table service: the setting TABLES_ENDPOINT.')
output tablesEndpoint string = account.properties.primaryEndpoints.table
