extension microsoftGraphV1

import { apiPermissionType, appRoleType } from '../types.bicep'

metadata name = 'Entra application'
metadata description = 'App registration without any secret: the app identity is its federated credential. Only this file and entra-api.bicep need the Microsoft Graph extension.'

@description('Required. Stable key by which a later deployment finds the registration again. Cannot be changed afterwards.')
param uniqueName string

@description('Required. Name that people see when they sign in.')
param displayName string

@description('Required. Public origin of the app, without trailing slash.')
param baseUrl string

@description('Required. Path that the provider sends sign-ins back to.')
param redirectPath string

@description('Required. Path that the provider sends people to after signing out.')
param signedOutPath string

@description('Required. Path that the provider calls when a session ends elsewhere.')
param frontChannelLogoutPath string

@description('Required. Value of the app role that opens the console: the setting ADMIN_ROLE.')
param adminRole string

@description('Required. Object id of the app identity, which vouches for the application.')
param identityPrincipalId string

@description('Required. Whose accounts may sign in.')
@allowed(['AzureADMyOrg', 'AzureADMultipleOrgs', 'AzureADandPersonalMicrosoftAccount'])
param signInAudience string

@description('Required. App roles of the functions of a team.')
param appRoles appRoleType[]

@description('Required. Delegated permissions, which the registration lists.')
param apiPermissions apiPermissionType[]

@description('Required. Which groups ID tokens list.')
param groupClaims string

@description('Required. Redirect URIs of others.')
param keptRedirectUris string[]

@description('Required. Whether only people with an assignment may sign in.')
param assignmentRequired bool

@description('Required. Whether consent is given here for everybody, so that nobody is asked.')
param grantAdminConsent bool

@description('The role that opens the console, and those of the functions of a team.')
var allRoles = concat(
  [
    {
      value: adminRole
      displayName: 'Administrator'
      description: 'Sees who is signed in and can end sessions.'
    }
  ],
  appRoles
)

@description('Microsoft Graph.')
var graphAppId = '00000003-0000-0000-c000-000000000000'

@description('Issuer of the tokens of the app identity.')
var federationIssuer = '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'

@description('Audience of those tokens, fixed by Microsoft.')
var federationAudience = 'api://AzureADTokenExchange'

@description('Name of the federated credential.')
var federationName = 'appIdentity'

@description('The registration. It gets no application permissions here: whoever can deploy code to the app can use them.')
resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: uniqueName
  displayName: displayName
  signInAudience: signInAudience
  // Entra ID lets personal accounts in only where tokens for the app itself are of version 2.
  // https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation
  api: signInAudience == 'AzureADandPersonalMicrosoftAccount' ? { requestedAccessTokenVersion: 2 } : {}
  // A role is known by its id, which therefore comes from its value and stays the same in every deployment.
  appRoles: [
    for role in allRoles: {
      id: guid(uniqueName, role.value)
      value: role.value
      displayName: role.?displayName ?? role.value
      description: role.?description ?? role.value
      allowedMemberTypes: role.?allowedMemberTypes ?? ['User']
      isEnabled: role.?isEnabled ?? true
    }
  ]
  // Access tokens for the app list them too. https://learn.microsoft.com/graph/api/resources/application
  groupMembershipClaims: groupClaims
  optionalClaims: {
    idToken: map(['auth_time', 'login_hint', 'sid'], claim => { name: claim, essential: false })
    // In bearer tokens: whether an app calls for itself, and when a person was asked for credentials.
    accessToken: map(['idtyp', 'auth_time'], claim => { name: claim, essential: false })
  }
  requiredResourceAccess: [
    for api in apiPermissions: {
      resourceAppId: api.appId
      resourceAccess: map(api.scopes, scope => {
        id: scope.id
        type: 'Scope'
      })
    }
  ]
  web: {
    homePageUrl: baseUrl
    implicitGrantSettings: {
      enableAccessTokenIssuance: false
      enableIdTokenIssuance: false
    }
    logoutUrl: '${baseUrl}${frontChannelLogoutPath}'
    redirectUris: union(['${baseUrl}${redirectPath}', '${baseUrl}${signedOutPath}'], keptRedirectUris)
  }

  @description('Trusts tokens of the app identity in place of a secret.')
  resource federatedCredential 'federatedIdentityCredentials@v1.0' = {
    name: '${application.uniqueName}/${federationName}'
    description: 'The managed identity of the app.'
    audiences: [federationAudience]
    issuer: federationIssuer
    subject: identityPrincipalId
  }
}

// Never false: a deployment must not open an app that somebody closed in the portal.
@description('The application in this tenant: what people are assigned to.')
resource servicePrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = if (!assignmentRequired) {
  appId: application.appId
}

@description('The same, closed to people without an assignment.')
resource closedPrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = if (assignmentRequired) {
  appId: application.appId
  appRoleAssignmentRequired: true
}

@description('Object id of the one that is there.')
var principalId = assignmentRequired ? closedPrincipal!.id : servicePrincipal!.id

@description('The APIs in this tenant.')
resource apis 'Microsoft.Graph/servicePrincipals@v1.0' existing = [
  for api in apiPermissions: if (grantAdminConsent) {
    appId: api.appId
  }
]

@description('Consent for everybody to what the registration lists, and to what every sign-in asks of Microsoft Graph.')
resource consents 'Microsoft.Graph/oauth2PermissionGrants@v1.0' = [
  for (api, index) in apiPermissions: if (grantAdminConsent) {
    clientId: principalId
    consentType: 'AllPrincipals'
    resourceId: apis[index]!.id
    scope: join(concat(toLower(api.appId) == graphAppId ? ['openid', 'profile', 'offline_access'] : [], map(api.scopes, scope => scope.value)), ' ')
  }
]

@description('Application (client) id.')
output clientId string = application.appId
