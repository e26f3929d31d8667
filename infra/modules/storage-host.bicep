metadata name = 'Host storage'
metadata description = 'What the Functions host needs: its own state and the deployed package. No session is kept here, so that locking down sessions never stands in the way of a deployment.'

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

@description('Required. Whether the account is reached through a private endpoint only.')
param isPrivate bool

@description('Required. Name of the app identity, for stable names of its role assignments.')
param identityName string

@description('Required. Object id of the app identity.')
param principalId string

@description('Account of the Functions host.')
resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: accountName
  location: location
  tags: union(tags, { 'resource-usage': 'azure-functions' })
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
    }
    isLocalUserEnabled: false
    isSftpEnabled: false
    minimumTlsVersion: 'TLS1_2'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    supportsHttpsTrafficOnly: true
  }
}

@description('A deleted package can be brought back for a week.')
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

@description('The deployed package. It must exist before the app.')
resource packageContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: 'app-package'
  properties: {
    publicAccess: 'None'
  }
}

@description('Lets the Functions host keep its state, and deployments write the package. The role is on the account, since the health check of the host lists containers. The account holds nothing else.')
resource hostRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, identityName, roleIds.storageBlobDataOwner)
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.storageBlobDataOwner)
  }
}

@description('Resource id of the account.')
output id string = account.id

@description('Address of the blob service, with a trailing slash.')
output blobEndpoint string = account.properties.primaryEndpoints.blob

@description('Address of the container that deployments write to.')
output packageContainerUrl string = '${account.properties.primaryEndpoints.blob}${packageContainer.name}'
