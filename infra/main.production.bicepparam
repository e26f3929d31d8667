using 'main.bicep'

// For a deployment that people rely on. What each costs is in infra/README.md.
param environmentName = 'prod'
param zoneRedundant = true
param privateNetwork = true
param assignmentRequired = true
param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')
param logRetentionDays = 90
