using '../../../infra/main.bicep'

// A domain that leads to the app directly, and a registration that somebody else keeps.
param environmentName = 'orders-2'
param customDomain = 'app.contoso.com'
param deployEntraApp = false
param entraClientId = 'later'
param entraAuthority = 'https://login.microsoftonline.us/organizations/v2.0'
param allowedTenants = ['*']
param graphScopes = []
param appIdUri = 'api://contoso.com/orders'
