using 'main.bicep'

// For a deployment that people rely on. infra/README.md says what each costs.
param environmentName = 'prod'
// It may carry a signature, so it comes from the environment: others on the machine can read arguments.
param packageUri = readEnvironmentVariable('PACKAGE_URI', '')
// Empty for the first deployment, which says what the DNS needs.
param customDomain = readEnvironmentVariable('CUSTOM_DOMAIN', '')
param zoneRedundant = true
param privateNetwork = true
param assignmentRequired = true
param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')
param logRetentionDays = 90
