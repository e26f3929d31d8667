using '../../../infra/main.bicep'

// As many contradictions as go together: the template tells all of them before anything is made.
param environmentName = '-windows.X'
param frontDoorSku = 'Standard_AzureFrontDoor'
param entraAppDisplayName = 'a\tb'
param entraClientId = 'later'
param entraAuthority = 'https://login.microsoftonline.us/contoso/v2.0?x'
param customDomain = 'app.contoso.com'
param hostName = 'b.contoso.com:8443'
param sessionIdleSeconds = 43201
param alwaysReadyInstances = 41
param dailyLogCapGb = 0
param appRoles = [{ value: 'admin' }, { value: 'report reader', displayName: ' ' }]
param exposedScopes = [{ value: 'Notes.Read' }, { value: 'notes.read', description: '' }, { value: 'Admin' }]
param appIdUri = 'API://contoso/notes/${join(map(range(0, 50), i => 'x${i}'), '')}'
param graphScopes = ['', 'OpenID', '.default', 'none', join(map(range(0, 50), i => 'api://long/scope/${i}'), '')]
param allowedTenants = ['*', 'contoso.com', '9188040d-6c67-4c5b-b112-36a304b66dad']
param keptRedirectUris = ['http://localhost.contoso.com/cb']
param alertEmail = 'ops'
param grantAdminConsent = true
param apiPermissions = [
  { appId: 'a1', scopes: [{ value: 'Read', id: 'r' }] }
  { appId: 'A1', scopes: [{ value: 'Write', id: 'w' }] }
]
