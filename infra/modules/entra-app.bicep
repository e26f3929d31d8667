extension microsoftGraphV1

metadata name = 'Entra application'
metadata description = 'App registration without any secret: the app identity is its federated credential. The only file that needs the Microsoft Graph extension.'

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

@description('Required. Object ids of the users and groups that get the app role.')
param adminPrincipalIds string[]

@description('Required. Whether only people with an assignment may sign in.')
param assignmentRequired bool

@description('Required. Whether consent is given here for everybody, so that nobody is asked.')
param grantAdminConsent bool

@description('The app role is known by its id, which therefore stays the same in every deployment.')
var adminRoleId = guid(uniqueName, adminRole)

@description('Microsoft Graph.')
var graphAppId = '00000003-0000-0000-c000-000000000000'

@description('The delegated permission User.Read of Microsoft Graph.')
var userReadScopeId = 'e1fe6dd8-ba31-4d61-89e7-88639da4683d'

@description('Issuer of the tokens of the app identity.')
var federationIssuer = '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'

@description('Audience of those tokens, fixed by Microsoft.')
var federationAudience = 'api://AzureADTokenExchange'

@description('Name of the federated credential.')
var federationName = 'appIdentity'

@description('The registration. It must hold no application permissions: the app identity can act as this application.')
resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: uniqueName
  displayName: displayName
  signInAudience: 'AzureADMyOrg'
  appRoles: [
    {
      id: adminRoleId
      value: adminRole
      displayName: 'Administrator'
      description: 'Sees who is signed in and can end sessions.'
      allowedMemberTypes: ['User']
      isEnabled: true
    }
  ]
  optionalClaims: {
    idToken: [
      {
        name: 'login_hint'
        essential: false
      }
      {
        name: 'sid'
        essential: false
      }
    ]
  }
  requiredResourceAccess: [
    {
      resourceAppId: graphAppId
      resourceAccess: [
        {
          id: userReadScopeId
          type: 'Scope'
        }
      ]
    }
  ]
  web: {
    homePageUrl: baseUrl
    implicitGrantSettings: {
      enableAccessTokenIssuance: false
      enableIdTokenIssuance: false
    }
    logoutUrl: '${baseUrl}${frontChannelLogoutPath}'
    redirectUris: ['${baseUrl}${redirectPath}', '${baseUrl}${signedOutPath}']
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

@description('The application in this tenant: what people are assigned to.')
resource servicePrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: application.appId
  appRoleAssignmentRequired: assignmentRequired
}

@description('Who has the app role.')
resource adminAssignments 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for adminPrincipalId in adminPrincipalIds: {
    appRoleId: adminRoleId
    principalId: adminPrincipalId
    resourceId: servicePrincipal.id
  }
]

@description('Microsoft Graph in this tenant.')
resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = if (grantAdminConsent) {
  appId: graphAppId
}

@description('Consent for everybody to what the app asks for at sign-in.')
resource consent 'Microsoft.Graph/oauth2PermissionGrants@v1.0' = if (grantAdminConsent) {
  clientId: servicePrincipal.id
  consentType: 'AllPrincipals'
  resourceId: graph!.id
  scope: 'openid profile offline_access User.Read'
}

@description('Application (client) id.')
output clientId string = application.appId

@description('Object id of the service principal, for assigning people later.')
output servicePrincipalId string = servicePrincipal.id
