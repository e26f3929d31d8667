metadata name = 'Alerts'
metadata description = 'Mail when people cannot sign in, when the app answers with errors, and when it is slow.'

import { tagsType } from '../types.bicep'

@description('Required. Azure region.')
param location string

@description('Required. Tags of the resources.')
param tags tagsType

@description('Required. Beginning of the names of the alerts.')
param alertPrefix string

@description('Required. Address that the mails go to.')
param alertEmail string

@description('Required. Resource id of the log workspace.')
param workspaceId string

@description('Alerts on logs. A query gives a row when somebody must look. Counts heed sampling: one item kept may stand for several.')
var logAlerts = [
  {
    name: 'credential'
    severity: 1
    window: 'PT15M'
    description: 'The provider refuses the app itself, its keys are out of reach, its clock is wrong, or a setting has a fault. docs/operations.md#alert-credential'
    query: loadTextContent('../queries/alert-credential.kql')
  }
  {
    name: 'no-sign-in'
    severity: 1
    window: 'PT1H'
    description: 'Five people or more were sent to the sign-in page in an hour, and nobody came back signed in. docs/operations.md#alert-no-sign-in'
    query: loadTextContent('../queries/alert-no-sign-in.kql')
  }
  {
    name: 'sign-ins-refused'
    severity: 2
    window: 'PT1H'
    description: 'At least five sign-ins failed in an hour, and three in ten of all. docs/operations.md#alert-sign-ins-refused'
    query: loadTextContent('../queries/alert-sign-ins-refused.kql')
  }
  {
    name: 'server-errors'
    severity: 2
    window: 'PT15M'
    description: 'At least five answers had a status of 500 or more in a quarter of an hour, and two in a hundred of all. docs/operations.md#alert-server-errors'
    query: loadTextContent('../queries/alert-server-errors.kql')
  }
  {
    name: 'slow-answers'
    severity: 3
    window: 'PT15M'
    description: 'Of at least twenty answers in a quarter of an hour, three or more, and one in twenty, took more than three seconds. docs/operations.md#alert-slow-answers'
    query: loadTextContent('../queries/alert-slow-answers.kql')
  }
  {
    name: 'no-sweep'
    severity: 3
    window: 'PT1H'
    description: 'The app answered in the last hour, and no run of its timer was done. docs/operations.md#alert-no-sweep'
    query: loadTextContent('../queries/alert-no-sweep.kql')
  }
]

@description('Who is told.')
resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: '${alertPrefix}-people'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'anteroom'
    emailReceivers: [
      {
        name: 'operators'
        emailAddress: alertEmail
        useCommonAlertSchema: true
      }
    ]
  }
}

// The newest version is not in every region yet.
@description('Alerts on what the app logged.')
#disable-next-line use-recent-api-versions
resource logRules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in logAlerts: {
    name: '${alertPrefix}-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: '${alertPrefix}-${alert.name}'
      description: alert.description
      actions: {
        actionGroups: [people.id]
      }
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: {
              minFailingPeriodsToAlert: 1
              numberOfEvaluationPeriods: 1
            }
          }
        ]
      }
      enabled: true
      evaluationFrequency: 'PT15M'
      scopes: [workspaceId]
      severity: alert.severity
      // A new workspace has no telemetry table yet, which the check would take for a mistake.
      skipQueryValidation: true
      windowSize: alert.window
    }
  }
]
