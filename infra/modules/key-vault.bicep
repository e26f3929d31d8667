metadata name = 'Key Vault'
metadata description = 'The RSA key that wraps the key ring. It never leaves the vault.'

import { roleIds } from '../roles.bicep'
import { tagsType } from '../types.bicep'

@description('Required. Azure region.')
param location string

@description('Required. Tags of the vault.')
param tags tagsType

@description('Required. Name of the vault.')
param vaultName string

@description('Required. Whether a deleted vault can be destroyed for good only by waiting. Cannot be undone.')
param purgeProtection bool

@description('Required. Whether the vault is reached through a private endpoint only.')
param isPrivate bool

@description('Required. Resource id of the workspace that the audit log goes to.')
param workspaceId string

@description('Required. Name of the app identity, for a stable name of its role assignment.')
param identityName string

@description('Required. Object id of the app identity.')
param principalId string

@description('Vault of the wrapping key.')
resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: vaultName
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enabledForDeployment: false
    enabledForDiskEncryption: false
    enabledForTemplateDeployment: false
    // Azure refuses false: once on it stays on, so "off" is to say nothing.
    enablePurgeProtection: purgeProtection ? true : null
    enableRbacAuthorization: true
    enableSoftDelete: true
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    // What the key protects can all be made again by signing in, so the shortest time that Azure allows is enough.
    softDeleteRetentionInDays: 7
  }
}

@description('Wraps the key ring. Made once; a later deployment changes neither the key nor its versions.')
resource key 'Microsoft.KeyVault/vaults/keys@2025-05-01' = {
  parent: vault
  name: 'key-ring'
  properties: {
    attributes: {
      enabled: true
      exportable: false
    }
    kty: 'RSA'
    keySize: 3072
    keyOps: ['wrapKey', 'unwrapKey']
    rotationPolicy: {
      attributes: {
        expiryTime: 'P2Y'
      }
      lifetimeActions: [
        {
          trigger: {
            timeAfterCreate: 'P1Y'
          }
          action: {
            type: 'rotate'
          }
        }
        {
          trigger: {
            timeBeforeExpiry: 'P30D'
          }
          action: {
            type: 'notify'
          }
        }
      ]
    }
  }
}

@description('Lets the app wrap and unwrap with this one key.')
resource keyRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(key.id, identityName, roleIds.keyVaultCryptoServiceEncryptionUser)
  scope: key
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.keyVaultCryptoServiceEncryptionUser)
  }
}

// No newer version of this type is stable.
@description('Who used or changed the key, and when.')
#disable-next-line use-recent-api-versions
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: vault
  properties: {
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
    workspaceId: workspaceId
  }
}

@description('Resource id of the vault.')
output id string = vault.id

@description('Id of the key without a version, so that a rotation needs no new setting: KEY_VAULT_KEY_ID.')
output keyUri string = key.properties.keyUri
