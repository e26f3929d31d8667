using '../../../infra/main.bicep'

// A domain that leads to the app directly, and a registration that somebody else keeps.
param environmentName = 'orders-2'
param customDomain = 'app.contoso.com'
param deployEntraApp = false
param entraClientId = 'Later'
param entraAuthority = 'https://login.microsoftonline.us/organizations/v2.0'
param allowedTenants = ['*']
param graphScopes = ['User.Read', 'Mail.Read', 'api://orders/Orders.Read']
param entraAppDisplayName = 'Orders & more'
param groupClaims = 'ApplicationGroup'
param assignmentRequired = true
param grantAdminConsent = true
param apiPermissions = [
  { appId: '00000003-0000-0000-c000-000000000000', scopes: [{ value: 'User.Read', id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d' }, { value: 'Mail.Read', id: '570282fd-fa5c-430d-a7fd-fc8dc98a9dca' }] }
  { appId: '0de50000-0000-4000-8000-00000000a11c', scopes: [{ value: 'Orders.Read', id: '0de50001-0000-4000-8000-00000000a11c' }] }
]
param appIdUri = 'api://contoso.com/orders'
