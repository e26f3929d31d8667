metadata name = 'Alerts'
metadata description = 'Mail when sign-ins fail, when the app answers with errors, and when it is slow.'

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

@description('Required. Resource id of the Application Insights component.')
param componentId string

@description('Error codes of src/errors.ts that mean: people cannot sign in.')
var signInFailures = [
  'ERR_SIGN_IN_REFUSED'
  'ERR_ID_TOKEN'
  'ERR_PROVIDER_MISMATCH'
  'ERR_PROVIDER_UNAVAILABLE'
]

@description('Alerts on logs. Counts heed sampling: one item kept may stand for several.')
var logAlerts = [
  {
    name: 'sign-in-failures'
    description: 'Twenty sign-ins failed within a quarter of an hour. The log names the error code and the AADSTS number.'
    query: 'AppTraces | where Message has_any ("${join(signInFailures, '", "')}") | summarize failures = sum(ItemCount)'
    threshold: 20
  }
  {
    name: 'server-errors'
    description: 'The app answered ten requests with a status of 500 or more within a quarter of an hour. Open /health first.'
    query: 'AppRequests | where toint(ResultCode) >= 500 | summarize failures = sum(ItemCount)'
    threshold: 10
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
            metricMeasureColumn: 'failures'
            timeAggregation: 'Total'
            operator: 'GreaterThanOrEqual'
            threshold: alert.threshold
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
      severity: 2
      // A new workspace has no telemetry table yet, which the check would take for a mistake.
      skipQueryValidation: true
      windowSize: 'PT15M'
    }
  }
]

// The newest version is not in every region yet.
@description('Alert on slow answers.')
#disable-next-line use-recent-api-versions
resource latency 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: '${alertPrefix}-latency'
  location: 'global'
  tags: tags
  properties: {
    description: 'Answers took more than two seconds on average for a quarter of an hour.'
    actions: [
      {
        actionGroupId: people.id
      }
    ]
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'duration'
          criterionType: 'StaticThresholdCriterion'
          metricName: 'requests/duration'
          metricNamespace: 'microsoft.insights/components'
          operator: 'GreaterThan'
          threshold: 2000
          timeAggregation: 'Average'
        }
      ]
    }
    enabled: true
    evaluationFrequency: 'PT5M'
    scopes: [componentId]
    severity: 3
    windowSize: 'PT15M'
  }
}
