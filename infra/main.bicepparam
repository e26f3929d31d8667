using 'main.bicep'

// For a first deployment. Everything not named here keeps the default that infra/README.md lists.
param environmentName = 'anteroom'
// May carry a signature, so it comes from the environment: arguments of a process can be read by others.
param packageUri = readEnvironmentVariable('PACKAGE_URI', '')
