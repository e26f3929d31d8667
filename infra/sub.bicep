targetScope = 'subscription'

metadata name = 'Anteroom from a subscription'
metadata description = 'Makes the resource group, then everything that main.bicep makes in it. What azd uses.'

import { apiPermissionType, appRoleType, tagsType } from 'types.bicep'

@description('Optional. Tells deployments in one resource group apart, and is part of names: lower-case letters, digits and dashes.')
@minLength(2)
@maxLength(20)
param environmentName string = 'anteroom'

@description('Optional. Name of the resource group, which is made if it does not exist.')
@minLength(1)
@maxLength(90)
param resourceGroupName string = 'rg-${environmentName}'

@description('Optional. Azure region. It must offer Flex Consumption.')
param location string = deployment().location

@description('Optional. Tags of every resource.')
param tags tagsType = {}

@description('Optional. Major version of Node.js.')
@allowed(['22', '24'])
param nodeVersion string = '24'

@description('Optional. Memory of an instance in megabytes. 512 has a quarter of a core, 2048 one, 4096 two.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Optional. Most instances that may run at once: a bound on cost.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Optional. Instances that are kept warm, and paid for, so that nobody waits for a start.')
@minValue(0)
@maxValue(100)
param alwaysReadyInstances int = 0

@description('Optional. Spreads app and storage over availability zones. The platform then keeps two instances warm. Cannot be changed later for storage.')
param zoneRedundant bool = false

@description('Optional. Gives the app a host name that nobody else can register after it is deleted, so that its redirect URI cannot be taken over.')
param uniqueHostname bool = true

@description('Optional. Address of the zip that `npm run package` makes, reachable by Azure over https. Empty deploys no code.')
@secure()
param packageUri string = ''

@description('Optional. Whether the app registration is made here. Turn off when your tenant separates the roles: infra/scripts/entra-app.sh does it then.')
param deployEntraApp bool = true

@description('Conditional. Application (client) id of a registration made elsewhere. Required if deployEntraApp is false; `later` while there is none yet.')
param entraClientId string = ''

@description('Optional. Authority of another cloud than the public one, such as https://login.microsoftonline.us/TENANT/v2.0; entra-app.sh prints it.')
param entraAuthority string = ''

@description('Optional. Microsoft Graph of another cloud than the public one, such as https://graph.microsoft.us/v1.0; entra-app.sh prints it.')
param graphBaseUrl string = ''

@description('Optional. Name that people see when they sign in.')
@minLength(1)
@maxLength(120)
param entraAppDisplayName string = 'Anteroom'

@description('Optional. App roles of your functions beside admin. They belong into infra/app-roles.json, where npm run package and entra-app.sh see them too; ids are made from the values.')
param appRoles appRoleType[] = loadJsonContent('app-roles.json')

@description('Optional. Scopes asked for at sign-in: of Microsoft Graph by name, of other APIs in full, such as api://orders/Orders.Read.')
param graphScopes string[] = ['User.Read']

@description('Optional. Delegated permissions that the registration lists, and that grantAdminConsent consents to. A deployment replaces the list, so name here what others added.')
param apiPermissions apiPermissionType[] = [
  {
    appId: '00000003-0000-0000-c000-000000000000'
    scopes: [
      {
        value: 'User.Read'
        id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d'
      }
    ]
  }
]

@description('Optional. Redirect URIs of others that the registration keeps. A deployment replaces the list.')
param keptRedirectUris string[] = []

@description('Optional. Whether only people with an assignment may sign in.')
param assignmentRequired bool = false

@description('Optional. Consents for everybody in the tenant to what apiPermissions lists. Needs Privileged Role Administrator. Turning it off does not take the consent back.')
param grantAdminConsent bool = false

@description('Optional. Seconds without a request after which a session ends.')
@minValue(60)
@maxValue(2592000)
param sessionIdleSeconds int = 3600

@description('Optional. Seconds after which a session ends in any case.')
@minValue(60)
@maxValue(2592000)
param sessionLifetimeSeconds int = 43200

@description('Optional. Seconds after which roles and account are checked again with the provider.')
@minValue(60)
@maxValue(2592000)
param sessionRevalidateSeconds int = 900

@description('Optional. Bytes of the longest request body that the Functions host passes to the app. It answers a longer one with an empty 500. The default of the host is 104857600.')
@minValue(1048576)
@maxValue(104857600)
param bodySizeLimit int = 2097152

@description('Optional. Puts storage and vault behind private endpoints in a network of their own.')
param privateNetwork bool = false

@description('Optional. Front Door with a web application firewall before the app.')
@allowed(['none', 'Standard_AzureFrontDoor', 'Premium_AzureFrontDoor'])
param frontDoorSku string = 'none'

@description('Optional. Own domain name, such as app.contoso.com. Needs Front Door.')
param customDomain string = ''

@description('Optional. Own host name that you lead to the app yourself, by a gateway or a host name bound to the app. Not together with customDomain.')
param hostName string = ''

@description('Optional. Address that alerts are mailed to. Empty makes no alerts.')
param alertEmail string = ''

@description('Optional. Gigabytes of logs a day after which the rest is dropped; -1 for no cap. A cap also drops the audit log of the console.')
@minValue(-1)
@maxValue(1000)
param dailyLogCapGb int = -1

@description('Optional. Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Optional. Keeps a deleted vault for a week in any case. Cannot be turned off once it is on.')
param purgeProtection bool = true

@description('The resource group.')
resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: resourceGroupName
  location: location
  tags: union(tags, { 'azd-env-name': environmentName })
}

@description('Everything in it.')
module app 'main.bicep' = {
  scope: group
  params: {
    environmentName: environmentName
    location: location
    tags: tags
    nodeVersion: nodeVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: alwaysReadyInstances
    zoneRedundant: zoneRedundant
    uniqueHostname: uniqueHostname
    packageUri: packageUri
    deployEntraApp: deployEntraApp
    entraClientId: entraClientId
    entraAuthority: entraAuthority
    graphBaseUrl: graphBaseUrl
    entraAppDisplayName: entraAppDisplayName
    appRoles: appRoles
    graphScopes: graphScopes
    apiPermissions: apiPermissions
    keptRedirectUris: keptRedirectUris
    assignmentRequired: assignmentRequired
    grantAdminConsent: grantAdminConsent
    sessionIdleSeconds: sessionIdleSeconds
    sessionLifetimeSeconds: sessionLifetimeSeconds
    sessionRevalidateSeconds: sessionRevalidateSeconds
    bodySizeLimit: bodySizeLimit
    privateNetwork: privateNetwork
    frontDoorSku: frontDoorSku
    customDomain: customDomain
    hostName: hostName
    alertEmail: alertEmail
    dailyLogCapGb: dailyLogCapGb
    logRetentionDays: logRetentionDays
    purgeProtection: purgeProtection
  }
}

@description('Name of the resource group, as azd expects it.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Public address of the app.')
output url string = app.outputs.url

@description('Name of the function app.')
output functionAppName string = app.outputs.functionAppName

@description('Redirect URI of the registration: where the provider sends sign-ins back to.')
output redirectUri string = app.outputs.redirectUri

@description('Second redirect URI of the registration: where the provider sends people to after signing out.')
output signedOutUri string = app.outputs.signedOutUri

@description('Front-channel logout URL of the registration.')
output frontChannelLogoutUri string = app.outputs.frontChannelLogoutUri

@description('Application (client) id; empty until there is a registration.')
output entraClientId string = app.outputs.entraClientId

@description('Unique name of the registration, for infra/scripts/entra-app.sh.')
output entraAppUniqueName string = app.outputs.entraAppUniqueName

@description('Tenant that the app is open to.')
output tenantId string = app.outputs.tenantId

@description('Client id of the app identity.')
output identityClientId string = app.outputs.identityClientId

@description('Issuer of the federated credential.')
output federationIssuer string = app.outputs.federationIssuer

@description('Subject of the federated credential: the object id of the app identity.')
output federationSubject string = app.outputs.federationSubject

@description('Address of the table service.')
output tablesEndpoint string = app.outputs.tablesEndpoint

@description('Name of the vault.')
output vaultName string = app.outputs.vaultName

@description('Id of the wrapping key.')
output wrappingKeyId string = app.outputs.wrappingKeyId

@description('Host name of the Front Door endpoint, which the CNAME of customDomain names; empty without one.')
output frontDoorHostName string = app.outputs.frontDoorHostName

@description('Value of the TXT record _dnsauth.<customDomain> that proves the domain is yours; empty without one, or when nothing is left to prove.')
output customDomainProof string = app.outputs.customDomainProof
