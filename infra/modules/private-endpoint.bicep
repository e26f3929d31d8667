metadata name = 'Private endpoint'
metadata description = 'Brings one service into the network, with the DNS zone that makes its public name point there.'

import { tagsType } from '../types.bicep'

@description('Required. Azure region.')
param location string

@description('Required. Tags of the resources.')
param tags tagsType

@description('Required. Name of the private endpoint.')
param endpointName string

@description('Required. Name of the private DNS zone that the service asks for.')
param zoneName string

@description('Required. Part of the service that is reached: blob, table or vault.')
@allowed(['blob', 'table', 'vault'])
param groupId string

@description('Required. Resource id of the service.')
param targetId string

@description('Required. Resource id of the virtual network.')
param networkId string

@description('Required. Resource id of the subnet.')
param subnetId string

@description('DNS zone of the service.')
resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: zoneName
  location: 'global'
  tags: tags
}

@description('Lets the network use the zone.')
resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {
  parent: zone
  name: 'link-${endpointName}'
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: networkId
    }
  }
}

@description('The endpoint.')
resource endpoint 'Microsoft.Network/privateEndpoints@2025-05-01' = {
  name: endpointName
  location: location
  tags: tags
  properties: {
    privateLinkServiceConnections: [
      {
        name: groupId
        properties: {
          groupIds: [groupId]
          privateLinkServiceId: targetId
        }
      }
    ]
    subnet: {
      id: subnetId
    }
  }
}

@description('Writes the address of the endpoint into the zone.')
resource zoneGroup 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: groupId
        properties: {
          privateDnsZoneId: zone.id
        }
      }
    ]
  }
}
