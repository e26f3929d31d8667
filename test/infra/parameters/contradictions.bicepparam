using '../../../infra/main.bicep'

// Every contradiction at once: the template tells all of them before anything is made.
param environmentName = '-Prod.x'
param deployEntraApp = false
param customDomain = 'app.contoso.com'
param hostName = 'b.contoso.com:8443'
param sessionIdleSeconds = 43201
param dailyLogCapGb = 0
param appRoles = [{ value: 'admin' }, { value: 'report reader' }]
param exposedScopes = [{ value: 'Notes.Read' }, { value: 'notes.read' }]
param appIdUri = 'contoso/notes'
param graphScopes = ['', 'openid', join(map(range(0, 50), i => 'api://long/scope/${i}'), '')]
param grantAdminConsent = true
param apiPermissions = [
  { appId: 'a1', scopes: [{ value: 'Read', id: 'r' }] }
  { appId: 'A1', scopes: [{ value: 'Write', id: 'w' }] }
]
