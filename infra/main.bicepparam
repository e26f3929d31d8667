using 'main.bicep'

// For a first deployment. What is not named here keeps the default that infra/README.md lists.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'anteroom')
// It may carry a signature, so it comes from the environment: others on the machine can read arguments.
param packageUri = readEnvironmentVariable('PACKAGE_URI', '')
