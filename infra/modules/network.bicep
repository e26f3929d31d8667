metadata name = 'Network'
metadata description = 'Virtual network with one subnet for the outgoing traffic of the app and one for private endpoints.'

import { tagsType } from '../types.bicep'

@description('Required. Azure region.')
param location string

@description('Required. Tags of the resources.')
param tags tagsType

@description('Required. Name of the virtual network.')
param networkName string

@description('Nobody who got into one machine reaches the remote desktop or shell of another.')
var denyLateral = {
  name: 'deny-lateral'
  properties: {
    description: 'No remote shells within the network.'
    access: 'Deny'
    direction: 'Outbound'
    priority: 1000
    protocol: 'Tcp'
    sourceAddressPrefix: '*'
    sourcePortRange: '*'
    destinationAddressPrefix: 'VirtualNetwork'
    destinationPortRanges: ['22', '3389']
  }
}

@description('Nothing calls the app from inside the network: the rules for incoming traffic that every group begins with are enough.')
resource appRules 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: 'nsg-${networkName}-app'
  location: location
  tags: tags
  properties: {
    securityRules: [denyLateral]
  }
}

// Somebody's Flex Consumption app could not reach its storage until their rules let it out to the endpoint and in there
// (Azure/azure-functions-host#10620). Here nothing keeps the app from going out on port 443, and the whole of its subnet, from
// which alone it can come, is let in. A rule for all of the network would also let in what somebody connects to it one day.
@description('Only the app may reach the private endpoints.')
resource endpointRules 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: 'nsg-${networkName}-endpoints'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'allow-app'
        properties: {
          description: 'Tables, blobs and the vault speak https.'
          access: 'Allow'
          direction: 'Inbound'
          priority: 100
          protocol: 'Tcp'
          sourceAddressPrefix: '10.71.0.0/26'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '443'
        }
      }
      {
        name: 'deny-network'
        properties: {
          description: 'Nothing else in the network gets in.'
          access: 'Deny'
          direction: 'Inbound'
          priority: 200
          protocol: '*'
          sourceAddressPrefix: 'VirtualNetwork'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
      denyLateral
    ]
  }
}

@description('Subnets are declared inside, or a second deployment would remove them.')
resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: networkName
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: ['10.71.0.0/24']
    }
    subnets: [
      {
        name: 'snet-app'
        properties: {
          addressPrefix: '10.71.0.0/26'
          // The app calls Entra ID and Microsoft Graph, and there is no NAT gateway to do so through.
          defaultOutboundAccess: true
          delegations: [
            {
              name: 'flex-consumption'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
          networkSecurityGroup: {
            id: appRules.id
          }
        }
      }
      {
        name: 'snet-endpoints'
        properties: {
          addressPrefix: '10.71.0.64/27'
          defaultOutboundAccess: false
          networkSecurityGroup: {
            id: endpointRules.id
          }
          privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled'
        }
      }
    ]
  }

  @description('For the app.')
  resource appSubnet 'subnets' existing = {
    name: 'snet-app'
  }

  @description('For private endpoints.')
  resource endpointSubnet 'subnets' existing = {
    name: 'snet-endpoints'
  }
}

@description('Resource id of the virtual network.')
output id string = network.id

@description('Resource id of the subnet that the app sends from.')
output appSubnetId string = network::appSubnet.id

@description('Resource id of the subnet of the private endpoints.')
output endpointSubnetId string = network::endpointSubnet.id
