using 'main.bicep'

// For a deployment that people rely on. What each costs is in infra/README.md.
param environmentName = 'prod'
// May carry a signature, so it comes from the environment: arguments of a process can be read by others.
param packageUri = readEnvironmentVariable('PACKAGE_URI', '')
param zoneRedundant = true
param privateNetwork = true
param assignmentRequired = true
param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')
param logRetentionDays = 90
