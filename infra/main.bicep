metadata name = 'Anteroom'
metadata description = 'Everything the app needs, in the order that lets it be made in one deployment and without a secret.'

import { apiPermissionType, appRoleType, exposedScopeType, tagsType } from 'types.bicep'
import { hasAny, hasOther, hasReservedWord, isAppIdUri, isAuthority, isGraphUrl, isGuid, isHostName, isMailAddress, isName, isRedirectUri } from 'values.bicep'

@description('Optional. Tells deployments in one resource group apart, and is part of names: lower-case letters, digits and dashes.')
@minLength(2)
@maxLength(20)
param environmentName string = 'anteroom'

@description('Optional. Azure region. It must offer Flex Consumption.')
param location string = resourceGroup().location

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

@description('Optional. Whether the app registration is made here. Turn off when your tenant separates the roles: infra/entra-app.mjs does it then.')
param deployEntraApp bool = true

@description('Conditional. Application (client) id of a registration made elsewhere. Required if deployEntraApp is false; `later` while there is none yet.')
param entraClientId string = ''

@description('Optional. GUIDs of the tenants whose accounts may sign in; [\'*\'] for any organisation. Empty: the tenant of the deployment alone. 9188040d-6c67-4c5b-b112-36a304b66dad lets personal accounts in.')
param allowedTenants string[] = []

@description('Optional. Authority of another cloud than the public one, such as https://login.microsoftonline.us/TENANT/v2.0; entra-app.mjs prints it.')
param entraAuthority string = ''

@description('Optional. Microsoft Graph of another cloud than the public one, such as https://graph.microsoft.us/v1.0; entra-app.mjs prints it.')
param graphBaseUrl string = ''

@description('Optional. Name that people see when they sign in.')
@minLength(1)
@maxLength(120)
param entraAppDisplayName string = 'Anteroom'

@description('Optional. App roles of your functions beside admin. Write them into infra/app-roles.json, which npm run package and entra-app.mjs read too; ids are made from the values.')
param appRoles appRoleType[] = loadJsonContent('app-roles.json')

@description('Optional. Scopes of your functions, which other apps ask for. Write them into infra/exposed-scopes.json, which npm run package and entra-app.mjs read too; ids are made from the values.')
param exposedScopes exposedScopeType[] = loadJsonContent('exposed-scopes.json')

@description('Optional. App ID URI of the app as an API, such as the address of an MCP server on a verified domain. Empty: api:// and the client id, where there are exposedScopes. With it the app takes bearer tokens without any scope, too.')
param appIdUri string = ''

@description('Optional. Scopes asked for at sign-in: of Microsoft Graph by name, of other APIs in full, such as api://orders/Orders.Read. [] is sign-in without any API.')
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

@description('Optional. Which groups ID tokens list, for the option groupRoles: `None`; `SecurityGroup` for all security groups of a person; `ApplicationGroup` for those that are assigned to the app.')
@allowed(['None', 'SecurityGroup', 'ApplicationGroup'])
param groupClaims string = 'None'

@description('Optional. Redirect URIs of others that the registration keeps. A deployment replaces the list.')
param keptRedirectUris string[] = []

@description('Optional. Whether only people with an assignment may sign in. A deployment closes the app to others, and never opens it again: az ad sp update --id APP_ID --set appRoleAssignmentRequired=false does.')
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

@description('Optional. Whose session cookie outlives the browser: nobody\'s, everybody\'s, or that of people whose link to the sign-in said keep=true.')
@allowed(['never', 'always', 'link'])
param sessionPersistent string = 'never'

@description('Optional. The most live sessions of a user: a new sign-in ends the oldest. 0 for no limit.')
@minValue(0)
@maxValue(100)
param sessionLimit int = 0

@description('Optional. Bytes of the longest request body that the Functions host passes to the app. It answers a longer one with an empty 500. The default of the host is 104857600.')
@minValue(1048576)
@maxValue(104857600)
param bodySizeLimit int = 2097152

@description('Optional. Puts storage and vault behind private endpoints in a network of their own.')
param privateNetwork bool = false

@description('Optional. Front Door with a web application firewall before the app.')
@allowed(['none', 'Standard_AzureFrontDoor', 'Premium_AzureFrontDoor'])
param frontDoorSku string = 'none'

@description('Optional. Domain name of your own, such as app.contoso.com, with a free certificate. For production. First deploy without it: the output dnsRecords says what the DNS needs.')
param customDomain string = ''

@description('Optional. Host name of your own that a gateway of yours leads to the app. Not together with customDomain.')
param hostName string = ''

@description('Optional. Address that alerts are mailed to. Empty makes no alerts.')
param alertEmail string = ''

@description('Optional. Makes a workbook and saved queries over the events of the app. They are free.')
param operationsWorkbook bool = true

@description('Optional. Gigabytes of logs a day after which the rest is dropped; -1 for no cap. A cap also drops the events of the console.')
@minValue(-1)
@maxValue(1000)
param dailyLogCapGb int = -1

@description('Optional. Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Optional. Keeps a deleted vault for a week in any case. Cannot be turned off once it is on.')
param purgeProtection bool = true

@description('Whether there is a Front Door.')
var hasFrontDoor = frontDoorSku != 'none'

@description('Host name that is not one of Azure.')
var ownHostName = empty(hostName) ? customDomain : hostName

@description('Domain name in the DNS records.')
var dnsName = empty(customDomain) ? 'YOUR_DOMAIN' : customDomain

@description('Whether any organisation may sign in.')
var isForAnyTenant = contains(allowedTenants, '*')

@description('Whether personal accounts may sign in: all of them belong to one tenant of Microsoft.')
var hasPersonalAccounts = contains(map(allowedTenants, tenant => toLower(tenant)), '9188040d-6c67-4c5b-b112-36a304b66dad')

@description('Where accounts of several tenants sign in.')
var sharedAuthority = hasPersonalAccounts ? 'common' : 'organizations'

@description('What the authority has in the place of the tenant.')
var authorityTenant = toLower(split('${entraAuthority}////', '/')[3])

@description('Whether the registration is still to be made.')
var isForLater = toLower(entraClientId) == 'later'

@description('Values of all app roles. Entra ID takes no two that differ in case only.')
var roleValues = concat([adminRole], map(appRoles, role => toLower(role.value)))

@description('Values of all scopes of the app itself.')
var scopeValues = map(exposedScopes, scope => toLower(scope.value))

@description('What people see of roles and scopes.')
var shownTexts = flatten(concat(map(appRoles, one => [one.?displayName ?? '-', one.?description ?? '-']), map(exposedScopes, one => [one.?displayName ?? '-', one.?description ?? '-'])))

@description('APIs that the registration has permissions for.')
var listedApis = map(apiPermissions, api => toLower(api.appId))

@description('Permissions of all of them.')
var listedScopes = flatten(map(apiPermissions, api => api.scopes))

@description('Every contradiction is told before anything is made. Without a client id, a running app would lose its own.')
var faults = filter([
  !deployEntraApp && !isForLater && !isGuid(entraClientId)
    ? 'deployEntraApp=false needs entraClientId: the client id of the registration, which is a GUID, or the word later while there is none.'
    : ''
  deployEntraApp && !empty(entraClientId)
    ? 'entraClientId is for deployEntraApp=false only: without that the deployment makes a registration of its own.'
    : ''
  deployEntraApp && !empty('${entraAuthority}${graphBaseUrl}')
    ? 'entraAuthority and graphBaseUrl are for deployEntraApp=false only: the template can make registrations in the public cloud alone.'
    : ''
  !deployEntraApp && (appRoles != loadJsonContent('app-roles.json') || exposedScopes != loadJsonContent('exposed-scopes.json'))
    ? 'appRoles or exposedScopes differ from app-roles.json and exposed-scopes.json. With deployEntraApp=false write them into these files, which entra-app.mjs reads.'
    : ''
  !deployEntraApp && hasAny('${entraAppDisplayName}${join(graphScopes, '')}', '"\u{201c}\u{201d}\u{201e}$`%!\\\r\n')
    ? 'entraAppDisplayName or graphScopes has a quotation mark, one of $ ` % ! \\ or a line break. With deployEntraApp=false they stand in a command that is printed, and a shell would change them.'
    : ''
  !empty(customDomain) && !empty(hostName)
    ? 'customDomain and hostName both say where people reach the app: give one of them.'
    : ''
  hasFrontDoor && !empty(hostName)
    ? 'hostName is for a gateway of your own, and frontDoorSku lets only Front Door reach the app. Write the domain into customDomain.'
    : ''
  !empty(ownHostName) && !isHostName(ownHostName)
    ? 'hostName and customDomain are host names only, in lower case, such as app.contoso.com: without https, port or path.'
    : ''
  sessionIdleSeconds > sessionLifetimeSeconds
    ? 'sessionIdleSeconds is more than sessionLifetimeSeconds, and the app would refuse to run.'
    : ''
  alwaysReadyInstances > maximumInstanceCount
    ? 'alwaysReadyInstances is more than maximumInstanceCount.'
    : ''
  dailyLogCapGb == 0
    ? 'dailyLogCapGb=0 would drop every log; -1 is for no cap.'
    : ''
  hasOther(environmentName, 'abcdefghijklmnopqrstuvwxyz0123456789-') || startsWith(environmentName, '-')
    ? 'environmentName has other characters than lower-case letters, digits and dashes, or begins with a dash: it is part of the name of the app.'
    : ''
  hasReservedWord(environmentName)
    ? 'environmentName has microsoft or windows in it, or begins with login. Azure reserves these words.'
    : ''
  length(union(roleValues, [])) < length(roleValues)
    ? 'appRoles has a value twice, or the value admin, which is there without it.'
    : ''
  length(union(scopeValues, [])) < length(scopeValues)
    ? 'exposedScopes has a value twice. Entra ID takes capitals and small letters for the same.'
    : ''
  !empty(filter(concat(roleValues, scopeValues), value => !isName(value)))
    ? 'appRoles or exposedScopes has a value that Entra ID does not take: no spaces, no " and \\, only letters from A to Z, and no dot in front.'
    : ''
  !empty(filter(shownTexts, text => empty(trim(text))))
    ? 'appRoles or exposedScopes has a displayName or a description without text: leave it out, and people see the value.'
    : ''
  !empty(intersection(roleValues, scopeValues))
    ? 'exposedScopes has the value of an app role, and Entra ID takes each value once, for a role or for a scope.'
    : ''
  !empty(filter(keptRedirectUris, uri => !isRedirectUri(uri)))
    ? 'keptRedirectUris has something else than addresses that begin with https:// and a host, http://localhost or http://127.0.0.1, without spaces and #.'
    : ''
  !empty(alertEmail) && !isMailAddress(alertEmail)
    ? 'alertEmail is no e-mail address.'
    : ''
  !empty(appIdUri) && !isAppIdUri(appIdUri)
    ? 'appIdUri begins with api:// or https://, has letters, digits and . _ ~ : / - only, and ends without a slash, such as api://contoso.com/orders.'
    : ''
  !empty(filter(graphScopes, scope => empty(scope) || !isName('-${scope}') || length(scope) > 256)) || length(join(graphScopes, ' ')) > 600
    ? 'graphScopes has an empty scope, several in one text, or one that is no scope, or is longer than 600 characters in all; [] is sign-in without any API.'
    : ''
  !empty(intersection(map(graphScopes, scope => toLower(scope)), ['openid', 'profile', 'email', 'offline_access', 'none']))
    ? 'graphScopes has a scope that is always asked for (openid, profile, email, offline_access), or none, for which [] stands: the app would refuse to run.'
    : ''
  !empty(filter(graphScopes, scope => last(split(scope, '/')) == '.default')) && (length(graphScopes) > 1 || grantAdminConsent)
    ? 'graphScopes has .default beside other scopes, which Entra ID refuses, or together with grantAdminConsent, which needs the name of each scope.'
    : ''
  !empty(filter(allowedTenants, tenant => tenant != '*' && !isGuid(tenant))) || length(allowedTenants) > 500
    ? 'allowedTenants has something else than GUIDs of tenants and *, or more than 500 of them: the app would refuse to run.'
    : ''
  isForAnyTenant && length(allowedTenants) > (hasPersonalAccounts ? 2 : 1)
    ? 'allowedTenants has tenants beside *, which lets all of them in.'
    : ''
  !empty(entraAuthority) && !isAuthority(entraAuthority) || !empty(graphBaseUrl) && !isGraphUrl(graphBaseUrl)
    ? 'entraAuthority is an https address with a tenant, which ends with /v2.0, and graphBaseUrl one that ends with /v1.0 or /beta. They have no query, spaces and user.'
    : ''
  !empty(entraAuthority) && (contains(['organizations', 'common', 'consumers'], authorityTenant) ? authorityTenant : '') != (empty(allowedTenants) ? '' : sharedAuthority)
    ? 'entraAuthority and allowedTenants do not fit: its path has organizations where several tenants are let in, common where personal accounts are among them, and else a tenant.'
    : ''
  !empty(filter(concat(listedApis, map(listedScopes, scope => scope.id)), id => !isGuid(id))) || !empty(filter(listedScopes, scope => !isName(scope.value)))
    ? 'apiPermissions has an appId or an id that is no GUID, or a value that is not the name of one permission.'
    : ''
  length(union(listedApis, [])) < length(listedApis) || !empty(filter(apiPermissions, api => length(union(map(api.scopes, scope => toLower(scope.id)), [])) < length(api.scopes)))
    ? 'apiPermissions has an API twice, or one id twice in an API: put all scopes of an API into one entry, each once.'
    : ''
  empty(trim(entraAppDisplayName)) || hasAny(entraAppDisplayName, '\r\n\t')
    ? 'entraAppDisplayName is empty, or has a line break or a tab.'
    : ''
  // https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation
  hasPersonalAccounts && (length(appIdUri) > 120 || length(entraAppDisplayName) > 90 || !empty(filter(scopeValues, value => length(value) > 40)))
    ? 'allowedTenants lets personal accounts in. Then Entra ID takes at most 120 characters in appIdUri, 90 in entraAppDisplayName and 40 in the value of a scope.'
    : ''
  deployEntraApp && grantAdminConsent && !empty(filter(graphScopes, scope => !contains(map(listedScopes, one => one.value), last(split(scope, '/')))))
    ? 'grantAdminConsent consents to what apiPermissions lists, and that lacks a scope of graphScopes: people would still be asked for it.'
    : ''
  deployEntraApp && grantAdminConsent && !contains(listedApis, '00000003-0000-0000-c000-000000000000')
    ? 'grantAdminConsent consents to what apiPermissions lists, and that lacks Microsoft Graph (00000003-0000-0000-c000-000000000000): people would still be asked for what every sign-in needs of it.'
    : ''
], fault => !empty(fault))

@description('The environment name, where nothing is wrong with the parameters.')
var checkedEnvironmentName = empty(faults) ? environmentName : fail(join(faults, ' '))

@description('The same for the same resource group and environment, so that names are unique and deployments can be repeated.')
var token = uniqueString(resourceGroup().id, checkedEnvironmentName)

@description('Names of everything that is named.')
var names = {
  alerts: 'alert-${environmentName}-${token}'
  component: 'appi-${environmentName}-${token}'
  entraApp: 'anteroom-${environmentName}-${token}'
  frontDoor: 'afd-${environmentName}-${token}'
  frontDoorEndpoint: '${environmentName}-${token}'
  hostStorage: 'sthost${token}'
  identity: 'id-${environmentName}-${token}'
  network: 'vnet-${environmentName}-${token}'
  plan: 'plan-${environmentName}-${token}'
  sessionStorage: 'stsess${token}'
  site: 'func-${environmentName}-${token}'
  vault: 'kv-${token}'
  wafPolicy: 'waf${token}'
  workspace: 'log-${environmentName}-${token}'
}

@description('Tags that azd finds its resources by, and yours.')
var allTags = union(tags, { 'azd-env-name': environmentName })

@description('Replication of both storage accounts.')
var storageSku = zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'

@description('Paths of the app that the provider knows: src/functions.')
var paths = {
  redirect: '/auth/redirect'
  signedOut: '/auth/signed-out'
  frontChannelLogout: '/auth/front-channel-logout'
}

@description('App role that opens the console: ADMIN_ROLE in src/settings.ts.')
var adminRole = 'admin'

@description('The one table: TABLES_NAME in src/settings.ts.')
var tableName = 'anteroom'

@description('Who the app is.')
module identity 'modules/identity.bicep' = {
  params: {
    location: location
    tags: allTags
    identityName: names.identity
  }
}

@description('Logs and telemetry.')
module monitoring 'modules/monitoring.bicep' = {
  params: {
    location: location
    tags: allTags
    workspaceName: names.workspace
    componentName: names.component
    logRetentionDays: logRetentionDays
    dailyLogCapGb: dailyLogCapGb
    identityName: names.identity
    principalId: identity.outputs.principalId
  }
}

@description('State of the Functions host, and the package.')
module hostStorage 'modules/storage-host.bicep' = {
  params: {
    location: location
    tags: allTags
    accountName: names.hostStorage
    skuName: storageSku
    isPrivate: privateNetwork
    identityName: names.identity
    principalId: identity.outputs.principalId
  }
}

@description('Sessions.')
module sessionStorage 'modules/storage-sessions.bicep' = {
  params: {
    location: location
    tags: allTags
    accountName: names.sessionStorage
    skuName: storageSku
    tableName: tableName
    isPrivate: privateNetwork
    identityName: names.identity
    principalId: identity.outputs.principalId
  }
}

@description('The wrapping key.')
module vault 'modules/key-vault.bicep' = {
  params: {
    location: location
    tags: allTags
    vaultName: names.vault
    purgeProtection: purgeProtection
    isPrivate: privateNetwork
    workspaceId: monitoring.outputs.workspaceId
    identityName: names.identity
    principalId: identity.outputs.principalId
  }
}

@description('Network, when storage and vault are private.')
module network 'modules/network.bicep' = if (privateNetwork) {
  params: {
    location: location
    tags: allTags
    networkName: names.network
  }
}

@description('Way to the host storage.')
module hostStorageEndpoint 'modules/private-endpoint.bicep' = if (privateNetwork) {
  params: {
    location: location
    tags: allTags
    endpointName: 'pep-${names.hostStorage}'
    zoneName: 'privatelink.blob.${environment().suffixes.storage}'
    groupId: 'blob'
    targetId: hostStorage.outputs.id
    networkId: network!.outputs.id
    subnetId: network!.outputs.endpointSubnetId
  }
}

@description('Way to the sessions.')
module sessionStorageEndpoint 'modules/private-endpoint.bicep' = if (privateNetwork) {
  params: {
    location: location
    tags: allTags
    endpointName: 'pep-${names.sessionStorage}'
    zoneName: 'privatelink.table.${environment().suffixes.storage}'
    groupId: 'table'
    targetId: sessionStorage.outputs.id
    networkId: network!.outputs.id
    subnetId: network!.outputs.endpointSubnetId
  }
}

@description('Way to the vault.')
module vaultEndpoint 'modules/private-endpoint.bicep' = if (privateNetwork) {
  params: {
    location: location
    tags: allTags
    endpointName: 'pep-${names.vault}'
    zoneName: 'privatelink.vaultcore.azure.net'
    groupId: 'vault'
    targetId: vault.outputs.id
    networkId: network!.outputs.id
    subnetId: network!.outputs.endpointSubnetId
  }
}

@description('Public face, when one is wanted.')
module frontDoor 'modules/front-door.bicep' = if (frontDoorSku != 'none') {
  params: {
    tags: allTags
    profileName: names.frontDoor
    endpointName: names.frontDoorEndpoint
    policyName: names.wafPolicy
    skuName: frontDoorSku == 'Premium_AzureFrontDoor' ? 'Premium_AzureFrontDoor' : 'Standard_AzureFrontDoor'
    customDomain: customDomain
    workspaceId: monitoring.outputs.workspaceId
  }
}

@description('The app, still without settings and code. Its identity is made by then: the roles on the host storage need it.')
module functionApp 'modules/function-app.bicep' = {
  params: {
    location: location
    tags: allTags
    planName: names.plan
    siteName: names.site
    identityName: names.identity
    packageContainerUrl: hostStorage.outputs.packageContainerUrl
    nodeVersion: nodeVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: alwaysReadyInstances
    zoneRedundant: zoneRedundant
    uniqueHostname: uniqueHostname
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    frontDoorId: hasFrontDoor ? frontDoor!.outputs.frontDoorId : ''
  }
}

@description('Brings requests from Front Door to the app.')
module frontDoorRoute 'modules/front-door-route.bicep' = if (frontDoorSku != 'none') {
  params: {
    profileName: names.frontDoor
    endpointName: names.frontDoorEndpoint
    customDomainId: frontDoor!.outputs.customDomainId
    appHostName: functionApp.outputs.defaultHostName
  }
}

@description('Public origin. Every address of the app is built from it.')
var baseUrl = 'https://${!empty(ownHostName) ? ownHostName : hasFrontDoor ? frontDoor!.outputs.hostName : functionApp.outputs.defaultHostName}'

@description('The app registration, which needs the public origin.')
module entraApp 'modules/entra-app.bicep' = if (deployEntraApp) {
  params: {
    uniqueName: names.entraApp
    displayName: entraAppDisplayName
    baseUrl: baseUrl
    redirectPath: paths.redirect
    signedOutPath: paths.signedOut
    frontChannelLogoutPath: paths.frontChannelLogout
    adminRole: adminRole
    identityPrincipalId: identity.outputs.principalId
    signInAudience: empty(allowedTenants) ? 'AzureADMyOrg' : hasPersonalAccounts ? 'AzureADandPersonalMicrosoftAccount' : 'AzureADMultipleOrgs'
    appRoles: appRoles
    apiPermissions: apiPermissions
    groupClaims: groupClaims
    keptRedirectUris: keptRedirectUris
    assignmentRequired: assignmentRequired
    grantAdminConsent: grantAdminConsent
  }
}

@description('Application (client) id, wherever the registration was made.')
var clientId = deployEntraApp ? entraApp!.outputs.clientId : isForLater ? '' : toLower(entraClientId)

@description('App ID URI that bearer tokens are made for; empty when the app takes none.')
var apiAudience = !empty(appIdUri) ? appIdUri : empty(exposedScopes) || empty(clientId) ? '' : 'api://${clientId}'

@description('How the others name the registration.')
var ofClient = '--id ${empty(clientId) ? 'CLIENT_ID' : clientId}'

@description('Words of the first command that makes the registration.')
var entraAppWords = concat(
  ['node infra/entra-app.mjs --url ${baseUrl} --identity ${identity.outputs.principalId} --unique-name ${names.entraApp}'],
  empty(appIdUri) ? [] : ['--app-id-uri ${appIdUri}'],
  deployEntraApp ? [] : ['--allowed-tenants "${empty(allowedTenants) ? 'own' : join(allowedTenants, ' ')}"'],
  deployEntraApp || entraAppDisplayName == 'Anteroom' ? [] : ['--name "${entraAppDisplayName}"'],
  deployEntraApp || !grantAdminConsent ? [] : ['--consent --scopes "${empty(graphScopes) ? 'none' : join(graphScopes, ' ')}"']
)

@description('Permissions to list beside User.Read of Microsoft Graph, which that command lists.')
var morePermissions = map(deployEntraApp ? [] : apiPermissions, api => {
  appId: toLower(api.appId)
  ids: map(filter(api.scopes, scope => toLower(scope.id) != 'e1fe6dd8-ba31-4d61-89e7-88639da4683d'), scope => '${scope.id}=Scope')
})

@description('What the registration needs, and the template does not make: that command, and what az does in one.')
var entraAppCommands = concat(
  [join(entraAppWords, ' ')],
  deployEntraApp || groupClaims == 'None' ? [] : ['az ad app update ${ofClient} --set groupMembershipClaims=${groupClaims}'],
  deployEntraApp || !assignmentRequired ? [] : ['az ad sp update ${ofClient} --set appRoleAssignmentRequired=true'],
  map(filter(morePermissions, api => !empty(api.ids)), api => 'az ad app permission add ${ofClient} --api ${api.appId} --api-permissions ${join(api.ids, ' ')}')
)

@description('What other apps may ask of the app. After the registration, whose client id it needs.')
module entraApi 'modules/entra-api.bicep' = if (deployEntraApp && (!empty(exposedScopes) || !empty(appIdUri))) {
  params: {
    uniqueName: names.entraApp
    displayName: entraAppDisplayName
    appIdUri: apiAudience
    exposedScopes: exposedScopes
  }
}

@description('The settings, which need the client id. The component that they name is made by then: the vault needs its workspace.')
module appSettings 'modules/app-settings.bicep' = {
  params: {
    siteName: names.site
    componentName: names.component
    hostAccountName: names.hostStorage
    hostBlobEndpoint: hostStorage.outputs.blobEndpoint
    identityClientId: identity.outputs.clientId
    baseUrl: baseUrl
    entraClientId: clientId
    entraTenant: empty(allowedTenants) ? tenant().tenantId : sharedAuthority
    allowedTenants: isForAnyTenant ? '*' : join(allowedTenants, ' ')
    entraAuthority: entraAuthority
    graphBaseUrl: graphBaseUrl
    graphScopes: graphScopes
    adminRole: adminRole
    apiAudience: apiAudience
    tablesEndpoint: sessionStorage.outputs.tablesEndpoint
    tableName: tableName
    keyUri: vault.outputs.keyUri
    sessionIdleSeconds: sessionIdleSeconds
    sessionLifetimeSeconds: sessionLifetimeSeconds
    sessionRevalidateSeconds: sessionRevalidateSeconds
    sessionPersistent: sessionPersistent
    sessionLimit: sessionLimit
    bodySizeLimit: bodySizeLimit
  }
}

@description('The code, once everything it meets is there.')
module appCode 'modules/app-code.bicep' = if (!empty(packageUri)) {
  params: {
    siteName: names.site
    packageUri: packageUri
  }
  dependsOn: [appSettings, hostStorageEndpoint, sessionStorageEndpoint, vaultEndpoint]
}

@description('A domain of your own, without Front Door. Last: where the DNS does not lead there yet, all else is made. Azure refuses two changes of one app at a time.')
module domain 'modules/custom-domain.bicep' = if (!empty(customDomain) && frontDoorSku == 'none') {
  params: {
    location: location
    siteName: names.site
    customDomain: customDomain
  }
  dependsOn: [appSettings, appCode]
}

@description('Mail when something is wrong.')
module alerts 'modules/alerts.bicep' = if (!empty(alertEmail)) {
  params: {
    location: location
    tags: allTags
    alertPrefix: names.alerts
    alertEmail: alertEmail
    workspaceId: monitoring.outputs.workspaceId
  }
}

@description('What operators look at.')
module operations 'modules/operations.bicep' = if (operationsWorkbook) {
  params: {
    location: location
    tags: allTags
    displayName: 'Anteroom: ${environmentName}'
    workspaceName: names.workspace
  }
  dependsOn: [monitoring]
}

@description('Public address of the app.')
output url string = baseUrl

@description('Name of the function app.')
output functionAppName string = names.site

@description('Redirect URI of the registration: where the provider sends sign-ins back to.')
output redirectUri string = '${baseUrl}${paths.redirect}'

@description('Second redirect URI of the registration: where the provider sends people to after signing out.')
output signedOutUri string = '${baseUrl}${paths.signedOut}'

@description('Front-channel logout URL of the registration.')
output frontChannelLogoutUri string = '${baseUrl}${paths.frontChannelLogout}'

@description('Application (client) id; empty until there is a registration.')
output entraClientId string = clientId

@description('App ID URI that bearer tokens are made for; empty when the app takes none.')
output apiAudience string = apiAudience

@description('Commands that make the registration as these parameters have it, or change it; the first makes it, and prints the client id.')
output entraAppCommands string[] = entraAppCommands

@description('Tenant that the app is open to.')
output tenantId string = tenant().tenantId

@description('Client id of the app identity.')
output identityClientId string = identity.outputs.clientId

@description('Issuer of the federated credential.')
output federationIssuer string = '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'

@description('Subject of the federated credential: the object id of the app identity.')
output federationSubject string = identity.outputs.principalId

@description('Address of the table service.')
output tablesEndpoint string = sessionStorage.outputs.tablesEndpoint

@description('Name of the vault.')
output vaultName string = names.vault

@description('Id of the wrapping key.')
output wrappingKeyId string = vault.outputs.keyUri

@description('What the DNS needs for customDomain, one record a line; before you have one, with the word YOUR_DOMAIN in its place.')
output dnsRecords string[] = hasFrontDoor
  ? empty(customDomain) ? [] : frontDoor!.outputs.dnsRecords
  : !empty(hostName)
      ? []
      : [
          'CNAME ${dnsName} = ${functionApp.outputs.defaultHostName}'
          'TXT asuid.${dnsName} = ${functionApp.outputs.domainVerificationId}'
        ]
