using '../../../infra/main.bicep'

// The contradictions of a registration that somebody else keeps.
param deployEntraApp = false
param entraClientId = 'contoso'
param entraAppDisplayName = 'Contoso $(id)'
param entraAuthority = 'https://login.microsoftonline.us/organizations/v2.0'
param exposedScopes = [{ value: 'Notes.Read' }]
