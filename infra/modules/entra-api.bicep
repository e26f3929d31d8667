extension microsoftGraphV1

import { exposedScopeType } from '../types.bicep'

metadata name = 'Entra application as an API'
metadata description = 'What other apps may ask of the app: its App ID URI and its scopes. A file of its own, since the URI holds the client id, which is known only once the registration is there. What is not named here stays as it is.'

@description('Required. Key by which the registration is found.')
param uniqueName string

@description('Required. Name that people see when they sign in.')
param displayName string

@description('Required. App ID URI: the setting API_AUDIENCE.')
param appIdUri string

@description('Required. Scopes of the functions of a team.')
param exposedScopes exposedScopeType[]

@description('The registration, which is there already. Tokens of version 2 have the client id as their audience.')
resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: uniqueName
  displayName: displayName
  identifierUris: [appIdUri]
  api: {
    requestedAccessTokenVersion: 2
    // A scope is known by its id, which therefore comes from its value and stays the same in every deployment.
    oauth2PermissionScopes: [
      for scope in exposedScopes: {
        id: guid(uniqueName, 'scope', scope.value)
        value: scope.value
        type: (scope.?adminsOnly ?? false) ? 'Admin' : 'User'
        adminConsentDisplayName: scope.?displayName ?? scope.value
        adminConsentDescription: scope.?description ?? scope.value
        userConsentDisplayName: scope.?displayName ?? scope.value
        userConsentDescription: scope.?description ?? scope.value
        isEnabled: scope.?isEnabled ?? true
      }
    ]
  }
}

@description('Application (client) id.')
output clientId string = application.appId
