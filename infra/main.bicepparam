using 'main.bicep'

// For a first deployment. Everything not named here keeps the default that infra/README.md lists.
param environmentName = 'anteroom'
