metadata name = 'Monitoring'
metadata description = 'Log workspace and Application Insights, both without keys: telemetry is accepted from the app identity only.'

import { roleIds } from '../roles.bicep'
import { tagsType } from '../types.bicep'

@description('Required. Azure region.')
param location string

@description('Required. Tags of the resources.')
param tags tagsType

@description('Required. Name of the Log Analytics workspace.')
param workspaceName string

@description('Required. Name of the Application Insights component.')
param componentName string

@description('Required. Days that logs are kept.')
param logRetentionDays int

@description('Required. Gigabytes a day after which logs are dropped until the next day; -1 for no cap.')
param dailyLogCapGb int

@description('Required. Name of the app identity, for a stable name of its role assignment.')
param identityName string

@description('Required. Object id of the app identity.')
param principalId string

@description('Where logs are kept.')
resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: logRetentionDays
    workspaceCapping: {
      dailyQuotaGb: dailyLogCapGb
    }
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
  }
}

@description('Requests, traces and failures of the app.')
resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: componentName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    DisableLocalAuth: true
    IngestionMode: 'LogAnalytics'
    WorkspaceResourceId: workspace.id
  }
}

@description('Lets the app send telemetry, and nothing else.')
resource publisherRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(component.id, identityName, roleIds.monitoringMetricsPublisher)
  scope: component
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.monitoringMetricsPublisher)
  }
}

@description('Resource id of the workspace.')
output workspaceId string = workspace.id

@description('Resource id of the Application Insights component.')
output componentId string = component.id
