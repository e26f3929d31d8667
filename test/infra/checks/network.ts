import type { Project } from '../bicep-project';
import { findOtherValues, type WrittenFiles } from './written-values';

const rule = (index: number): string => `properties.securityRules.${index}.properties`;
const subnet = (index: number): string => `properties.subnets.${index}.properties`;
const appPrefix = "'10.71.0.0/26'";

/** The network: who reaches whom, and that each private endpoint leads to its service and is found by name. */
const network: WrittenFiles = {
  'infra/modules/network.bicep': [
    ['denyLateral', 'name', "'deny-lateral'"],
    ['denyLateral', 'properties.access', "'Deny'"],
    ['denyLateral', 'properties.direction', "'Outbound'"],
    ['denyLateral', 'properties.protocol', "'Tcp'"],
    ['denyLateral', 'properties.sourceAddressPrefix', "'*'"],
    ['denyLateral', 'properties.sourcePortRange', "'*'"],
    ['denyLateral', 'properties.destinationAddressPrefix', "'VirtualNetwork'"],
    ['denyLateral', 'properties.destinationPortRanges', "['22', '3389']"],
    ['appRules', 'location', 'location'],
    ['appRules', 'properties.securityRules', '[denyLateral]'],
    ['endpointRules', 'location', 'location'],
    ['endpointRules', 'properties.securityRules.length', '3'],
    ['endpointRules', `${rule(0)}.access`, "'Allow'"],
    ['endpointRules', `${rule(0)}.direction`, "'Inbound'"],
    // A lower number comes first: the app is let in before everybody is kept out.
    ['endpointRules', `${rule(0)}.priority`, '100'],
    ['endpointRules', `${rule(0)}.protocol`, "'Tcp'"],
    ['endpointRules', `${rule(0)}.sourceAddressPrefix`, appPrefix],
    ['endpointRules', `${rule(0)}.sourcePortRange`, "'*'"],
    ['endpointRules', `${rule(0)}.destinationAddressPrefix`, "'*'"],
    ['endpointRules', `${rule(0)}.destinationPortRange`, "'443'"],
    ['endpointRules', 'properties.securityRules.1.name', "'deny-network'"],
    ['endpointRules', `${rule(1)}.access`, "'Deny'"],
    ['endpointRules', `${rule(1)}.direction`, "'Inbound'"],
    ['endpointRules', `${rule(1)}.priority`, '200'],
    ['endpointRules', `${rule(1)}.protocol`, "'*'"],
    ['endpointRules', `${rule(1)}.sourceAddressPrefix`, "'VirtualNetwork'"],
    ['endpointRules', `${rule(1)}.sourcePortRange`, "'*'"],
    ['endpointRules', `${rule(1)}.destinationAddressPrefix`, "'*'"],
    ['endpointRules', `${rule(1)}.destinationPortRange`, "'*'"],
    ['endpointRules', 'properties.securityRules.2', 'denyLateral'],
    ['network', 'name', 'networkName'],
    ['network', 'location', 'location'],
    ['network', 'properties.addressSpace.addressPrefixes', "['10.71.0.0/24']"],
    ['network', 'properties.subnets.length', '2'],
    ['network', 'properties.subnets.0.name', "'snet-app'"],
    ['network', `${subnet(0)}.addressPrefix`, appPrefix],
    ['network', `${subnet(0)}.defaultOutboundAccess`, 'true'],
    ['network', `${subnet(0)}.delegations.length`, '1'],
    [
      'network',
      `${subnet(0)}.delegations.0.properties.serviceName`,
      // Flex Consumption; other plans want Microsoft.Web/serverFarms.
      "'Microsoft.App/environments'",
    ],
    ['network', `${subnet(0)}.networkSecurityGroup.id`, 'appRules.id'],
    ['network', 'properties.subnets.1.name', "'snet-endpoints'"],
    ['network', `${subnet(1)}.addressPrefix`, "'10.71.0.64/27'"],
    ['network', `${subnet(1)}.defaultOutboundAccess`, 'false'],
    ['network', `${subnet(1)}.networkSecurityGroup.id`, 'endpointRules.id'],
    // Switched off, the rules above would not apply to private endpoints.
    ['network', `${subnet(1)}.privateEndpointNetworkPolicies`, "'NetworkSecurityGroupEnabled'"],
    ['appSubnet', 'name', "'snet-app'"],
    ['endpointSubnet', 'name', "'snet-endpoints'"],
  ],
  'infra/modules/private-endpoint.bicep': [
    ['zone', 'name', 'zoneName'],
    ['zone', 'location', "'global'"],
    ['link', 'parent', 'zone'],
    ['link', 'location', "'global'"],
    ['link', 'properties.registrationEnabled', 'false'],
    ['link', 'properties.virtualNetwork.id', 'networkId'],
    ['endpoint', 'name', 'endpointName'],
    ['endpoint', 'location', 'location'],
    ['endpoint', 'properties.privateLinkServiceConnections.length', '1'],
    ['endpoint', 'properties.privateLinkServiceConnections.0.properties.groupIds', '[groupId]'],
    [
      'endpoint',
      'properties.privateLinkServiceConnections.0.properties.privateLinkServiceId',
      'targetId',
    ],
    ['endpoint', 'properties.subnet.id', 'subnetId'],
    ['zoneGroup', 'parent', 'endpoint'],
    ['zoneGroup', 'properties.privateDnsZoneConfigs.length', '1'],
    ['zoneGroup', 'properties.privateDnsZoneConfigs.0.properties.privateDnsZoneId', 'zone.id'],
  ],
};

/** What of the network is not as it must be. */
export function findNetworkFaults(project: Project): string[] {
  return findOtherValues(project, network);
}
