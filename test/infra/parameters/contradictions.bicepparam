using '../../../infra/main.bicep'

// As many contradictions as go together: the template tells all of them before anything is made.
param environmentName = '-Prod.x'
param entraClientId = 'later'
param entraAuthority = 'https://login.microsoftonline.us/contoso/v2.0?x'
param customDomain = 'app.contoso.com'
param hostName = 'b.contoso.com:8443'
param sessionIdleSeconds = 43201
param alwaysReadyInstances = 41
param dailyLogCapGb = 0
param appRoles = [{ value: 'admin' }, { value: 'report reader' }]
param exposedScopes = [{ value: 'Notes.Read' }, { value: 'notes.read' }, { value: 'Admin' }]
param appIdUri = 'API://contoso/notes'
param graphScopes = ['', 'openid', 'none', join(map(range(0, 50), i => 'api://long/scope/${i}'), '')]
param allowedTenants = ['*', 'contoso.com', '11111111-1111-4111-8111-111111111111']
param keptRedirectUris = ['http://localhost:3000/cb', 'app://cb']
param alertEmail = 'ops'
param grantAdminConsent = true
param apiPermissions = [
  { appId: 'a1', scopes: [{ value: 'Read', id: 'r' }] }
  { appId: 'A1', scopes: [{ value: 'Write', id: 'w' }] }
]
