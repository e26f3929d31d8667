metadata name = 'Identity'
metadata description = 'The one identity of the app. It opens storage, the vault key and telemetry, and is the federated credential of the Entra application.'

import { tagsType } from '../types.bicep'

@description('Required. Azure region.')
param location string

@description('Required. Tags of the resource.')
param tags tagsType

@description('Required. Name of the identity.')
param identityName string

@description('User-assigned: a system-assigned identity cannot be a federated credential.')
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: identityName
  location: location
  tags: tags
}

@description('Object id: the principal of role assignments and the subject of the federated credential.')
output principalId string = identity.properties.principalId

@description('Client id, by which the app asks for tokens of this identity.')
output clientId string = identity.properties.clientId
