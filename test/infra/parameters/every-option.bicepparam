using '../../../infra/main.bicep'

// Front Door, a private network, zones, alerts, and all that a team's app may need of the registration.
param environmentName = 'all'
param tags = {
  owner: 'team'
}
param packageUri = 'https://example.com/anteroom.zip?sig=not-told'
param zoneRedundant = true
param privateNetwork = true
param frontDoorSku = 'Premium_AzureFrontDoor'
param customDomain = 'app.contoso.com'
param alertEmail = 'ops@contoso.com'
param alwaysReadyInstances = 3
param instanceMemoryMB = 512
param bodySizeLimit = 1048576
param sessionIdleSeconds = 600
param sessionPersistent = 'link'
param sessionLimit = 3
param allowedTenants = ['11111111-1111-4111-8111-111111111111', '9188040D-6C67-4C5B-B112-36A304B66DAD']
param assignmentRequired = true
param grantAdminConsent = true
param appRoles = [{ value: 'reader' }, { value: 'writer', isEnabled: false }, { value: 'Notes.Read.All', allowedMemberTypes: ['Application'] }]
param exposedScopes = [{ value: 'Notes.Read', displayName: 'Read your notes' }, { value: 'Notes.Write', adminsOnly: true }]
param graphScopes = ['User.Read', 'api://orders/Orders.Read']
param apiPermissions = [
  {
    appId: '00000003-0000-0000-c000-000000000000'
    scopes: [{ value: 'User.Read', id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d' }]
  }
  {
    appId: '0de50000-0000-4000-8000-00000000a11c'
    scopes: [{ value: 'Orders.Read', id: '0de50001-0000-4000-8000-00000000a11c' }]
  }
]
param groupClaims = 'SecurityGroup'
param keptRedirectUris = ['https://old.contoso.com/callback']
