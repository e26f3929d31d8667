using 'sub.bicep'

// azd sets these from its environment; `azd env set` adds to it.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'anteroom')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param deployEntraApp = bool(readEnvironmentVariable('DEPLOY_ENTRA_APP', 'true'))
param entraClientId = readEnvironmentVariable('ENTRA_CLIENT_ID', '')
param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')
