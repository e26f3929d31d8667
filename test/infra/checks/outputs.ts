import type { Project } from '../bicep-project';
import { findOtherValues, type WrittenFiles } from './written-values';

/**
 * What each output shows. Most are text, so that the compiler takes one for another. People and scripts act on those of
 * main.bicep: a wrong one sends them to register or delete something else.
 */
const outputs: WrittenFiles = {
  'infra/main.bicep': [
    ['output url', '', 'baseUrl'],
    ['output functionAppName', '', 'names.site'],
    ['output redirectUri', '', "'${baseUrl}${paths.redirect}'"],
    ['output signedOutUri', '', "'${baseUrl}${paths.signedOut}'"],
    ['output frontChannelLogoutUri', '', "'${baseUrl}${paths.frontChannelLogout}'"],
    ['output entraClientId', '', 'clientId'],
    ['output entraAppUniqueName', '', 'names.entraApp'],
    ['output tenantId', '', 'tenant().tenantId'],
    ['output identityClientId', '', 'identity.outputs.clientId'],
    ['output federationSubject', '', 'identity.outputs.principalId'],
    ['output tablesEndpoint', '', 'sessionStorage.outputs.tablesEndpoint'],
    ['output vaultName', '', 'names.vault'],
    ['output wrappingKeyId', '', 'vault.outputs.keyUri'],
    ['output frontDoorHostName', '', "hasFrontDoor ? frontDoor!.outputs.endpointHostName : ''"],
    ['output customDomainProof', '', "hasFrontDoor ? frontDoor!.outputs.customDomainProof : ''"],
  ],
  'infra/modules/entra-app.bicep': [
    ['output clientId', '', 'application.appId'],
    ['output servicePrincipalId', '', 'servicePrincipal.id'],
  ],
  'infra/modules/front-door.bicep': [
    ['output frontDoorId', '', 'profile.properties.frontDoorId'],
    ['output hostName', '', 'empty(customDomain) ? endpoint.properties.hostName : customDomain'],
    ['output endpointHostName', '', 'endpoint.properties.hostName'],
    ['output customDomainId', '', "empty(customDomain) ? '' : domain!.id"],
    [
      'output customDomainProof',
      '',
      // Once the domain is proven there is nothing to show, and a plain read of it would fail the deployment.
      "empty(customDomain) ? '' : domain!.properties.?validationProperties.?validationToken ?? ''",
    ],
  ],
  'infra/modules/function-app.bicep': [
    ['output defaultHostName', '', 'site.properties.defaultHostName'],
  ],
  'infra/modules/identity.bicep': [
    ['output principalId', '', 'identity.properties.principalId'],
    ['output clientId', '', 'identity.properties.clientId'],
  ],
  'infra/modules/key-vault.bicep': [
    ['output id', '', 'vault.id'],
    // Without the version, or the app would keep wrapping with the key that was rotated away.
    ['output keyUri', '', 'key.properties.keyUri'],
  ],
  'infra/modules/monitoring.bicep': [
    ['output workspaceId', '', 'workspace.id'],
    ['output componentId', '', 'component.id'],
  ],
  'infra/modules/network.bicep': [
    ['output id', '', 'network.id'],
    ['output appSubnetId', '', 'network::appSubnet.id'],
    ['output endpointSubnetId', '', 'network::endpointSubnet.id'],
  ],
  'infra/modules/storage-host.bicep': [
    ['output id', '', 'account.id'],
    ['output blobEndpoint', '', 'account.properties.primaryEndpoints.blob'],
    [
      'output packageContainerUrl',
      '',
      "'${account.properties.primaryEndpoints.blob}${packageContainer.name}'",
    ],
  ],
  'infra/modules/storage-sessions.bicep': [
    ['output id', '', 'account.id'],
    ['output tablesEndpoint', '', 'account.properties.primaryEndpoints.table'],
  ],
};

/** Outputs that show something else than they say. */
export function findOutputFaults(project: Project): string[] {
  return findOtherValues(project, outputs);
}
