import { entriesOf, type Project, valueAt } from '../bicep-project';
import { findOtherValues, type WrittenFiles } from './written-values';

const main = 'infra/main.bicep';

/** What a parameter of this name is given in every module. One that is named nowhere here is given what has its own name. */
const everywhere: Readonly<Record<string, string>> = {
  componentId: 'monitoring.outputs.componentId',
  componentName: 'names.component',
  endpointName: 'names.frontDoorEndpoint',
  identityName: 'names.identity',
  // The object id. The client id is a string as well, and what people take by mistake.
  identityPrincipalId: 'identity.outputs.principalId',
  isPrivate: 'privateNetwork',
  networkId: 'network!.outputs.id',
  networkName: 'names.network',
  principalId: 'identity.outputs.principalId',
  profileName: 'names.frontDoor',
  siteName: 'names.site',
  skuName: 'storageSku',
  subnetId: 'network!.outputs.endpointSubnetId',
  tags: 'allTags',
  workspaceId: 'monitoring.outputs.workspaceId',
};

/** What a parameter of one module is given, where it differs from its namesakes or from its own name. */
const inOneModule: Readonly<Record<string, string>> = {
  'alerts.alertPrefix': 'names.alerts',
  'appSettings.entraClientId': 'clientId',
  'appSettings.hostAccountName': 'names.hostStorage',
  'appSettings.hostBlobEndpoint': 'hostStorage.outputs.blobEndpoint',
  'appSettings.identityClientId': 'identity.outputs.clientId',
  'appSettings.keyUri': 'vault.outputs.keyUri',
  'appSettings.tablesEndpoint': 'sessionStorage.outputs.tablesEndpoint',
  'entraApp.displayName': 'entraAppDisplayName',
  'entraApp.frontChannelLogoutPath': 'paths.frontChannelLogout',
  'entraApp.redirectPath': 'paths.redirect',
  'entraApp.signedOutPath': 'paths.signedOut',
  'entraApp.uniqueName': 'names.entraApp',
  'frontDoor.policyName': 'names.wafPolicy',
  'frontDoor.skuName':
    "frontDoorSku == 'Premium_AzureFrontDoor' ? 'Premium_AzureFrontDoor' : 'Standard_AzureFrontDoor'",
  'frontDoorRoute.appHostName': 'functionApp.outputs.defaultHostName',
  'frontDoorRoute.customDomainId': 'frontDoor!.outputs.customDomainId',
  'functionApp.frontDoorId': "hasFrontDoor ? frontDoor!.outputs.frontDoorId : ''",
  'functionApp.packageContainerUrl': 'hostStorage.outputs.packageContainerUrl',
  'functionApp.planName': 'names.plan',
  'functionApp.subnetId': "privateNetwork ? network!.outputs.appSubnetId : ''",
  'hostStorage.accountName': 'names.hostStorage',
  'hostStorageEndpoint.endpointName': "'pep-${names.hostStorage}'",
  'hostStorageEndpoint.groupId': "'blob'",
  'hostStorageEndpoint.targetId': 'hostStorage.outputs.id',
  'hostStorageEndpoint.zoneName': "'privatelink.blob.${environment().suffixes.storage}'",
  'monitoring.workspaceName': 'names.workspace',
  'sessionStorage.accountName': 'names.sessionStorage',
  'sessionStorageEndpoint.endpointName': "'pep-${names.sessionStorage}'",
  'sessionStorageEndpoint.groupId': "'table'",
  'sessionStorageEndpoint.targetId': 'sessionStorage.outputs.id',
  'sessionStorageEndpoint.zoneName': "'privatelink.table.${environment().suffixes.storage}'",
  'vault.vaultName': 'names.vault',
  'vaultEndpoint.endpointName': "'pep-${names.vault}'",
  'vaultEndpoint.groupId': "'vault'",
  'vaultEndpoint.targetId': 'vault.outputs.id',
  'vaultEndpoint.zoneName': "'privatelink.vaultcore.azure.net'",
};

/** What decides which modules there are, and what they share. */
const decisions: WrittenFiles = {
  [main]: [
    ['network', 'if', '(privateNetwork)'],
    ['hostStorageEndpoint', 'if', '(privateNetwork)'],
    ['sessionStorageEndpoint', 'if', '(privateNetwork)'],
    ['vaultEndpoint', 'if', '(privateNetwork)'],
    ['frontDoor', 'if', "(frontDoorSku != 'none')"],
    ['frontDoorRoute', 'if', "(frontDoorSku != 'none')"],
    ['entraApp', 'if', '(deployEntraApp)'],
    ['appCode', 'if', '(!empty(packageUri))'],
    ['alerts', 'if', '(!empty(alertEmail))'],
    ['hasFrontDoor', '', "frontDoorSku != 'none'"],
    ['storageSku', '', "zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'"],
    // azd finds what it deployed by this tag.
    ['allTags', '', "union(tags, { 'azd-env-name': environmentName })"],
    [
      'baseUrl',
      '',
      "'https://${!empty(hostName) ? hostName : hasFrontDoor ? frontDoor!.outputs.hostName : functionApp.outputs.defaultHostName}'",
    ],
    // The word `later` is no client id: passed on, the app would send people to sign in at an application that is not there.
    [
      'clientId',
      '',
      "deployEntraApp ? entraApp!.outputs.clientId : entraClientId == 'later' ? '' : entraClientId",
    ],
  ],
};

/**
 * main.bicep gives each module what it is meant to have. Most of it is text, so that the compiler takes one value for another,
 * and the deployment with them.
 */
export function findWiringFaults(project: Project): string[] {
  const modules = project.get(main)?.modules ?? [];
  const given = new Map<string, string>(
    modules.flatMap(({ name, body }) => {
      const params = valueAt(body, 'params');
      const entries = params === undefined ? [] : [...entriesOf(params)];
      return entries.map(([key, value]): [string, string] => [`${name}.${key}`, value.text]);
    }),
  );
  const wanted = (place: string, name: string): string =>
    inOneModule[place] ?? everywhere[name] ?? name;
  return [
    ...[...given]
      .map(([place, text]) => ({ place, text, name: place.slice(place.indexOf('.') + 1) }))
      .filter(({ place, text, name }) => text !== wanted(place, name))
      .map(({ place, text, name }) => `${place} is ${text}, not ${wanted(place, name)}`),
    ...Object.keys(inOneModule)
      .filter((place) => !given.has(place))
      .map((place) => `${place} is given nothing`),
    ...repeatedNames(project),
    ...findOtherValues(project, decisions),
  ];
}

/** Two things of one name would be one thing, or a deployment that fails. */
function repeatedNames(project: Project): string[] {
  const names = project.get(main)?.variables.find(({ name }) => name === 'names')?.value;
  const texts = names === undefined ? [] : [...entriesOf(names).values()].map(({ text }) => text);
  return [
    ...texts.filter((text, index) => texts.indexOf(text) !== index),
    ...texts.filter((text) => !text.endsWith("${token}'")),
  ].map((text) => `a name that others may have: ${text}`);
}
