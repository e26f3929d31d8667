metadata name = 'Operations'
metadata description = 'A workbook and saved queries over the events of the app. Both are free.'

import { tagsType } from '../types.bicep'

@description('Required. Azure region.')
param location string

@description('Required. Tags of the resources.')
param tags tagsType

@description('Required. Name that people see in the portal.')
param displayName string

@description('Required. Name of the Log Analytics workspace.')
param workspaceName string

@description('Each chart and table of the workbook. The queries are those that operators find in the workspace, too.')
var charts = [
  {
    name: 'sign-ins'
    title: 'Sign-ins and refusals, by hour'
    visualization: 'columnchart'
    query: loadTextContent('../queries/sign-ins.kql')
  }
  {
    name: 'refusals'
    title: 'Refusals by number, and who must act'
    visualization: 'table'
    query: loadTextContent('../queries/refusals.kql')
  }
  {
    name: 'faults'
    title: 'What failed, by event and code'
    visualization: 'table'
    query: loadTextContent('../queries/faults.kql')
  }
  {
    name: 'slowest-parts'
    title: 'The slowest parts, in milliseconds'
    visualization: 'table'
    query: loadTextContent('../queries/slowest-parts.kql')
  }
  {
    name: 'sessions'
    title: 'Live sessions, and those in use'
    visualization: 'timechart'
    query: loadTextContent('../queries/sessions.kql')
  }
  {
    name: 'ended-sessions'
    title: 'Who ended whose sessions, and who looked at the console'
    visualization: 'table'
    query: loadTextContent('../queries/ended-sessions.kql')
  }
]

@description('Where the logs are.')
resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

@description('Opens in the portal below the workspace, and in Azure Monitor.')
resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspace.id, 'anteroom-workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    category: 'workbook'
    displayName: displayName
    sourceId: workspace.id
    version: 'Notebook/1.0'
    serializedData: string({
      version: 'Notebook/1.0'
      fallbackResourceIds: [workspace.id]
      items: concat(
        [
          {
            type: 9
            name: 'period'
            content: {
              version: 'KqlParameterItem/1.0'
              style: 'pills'
              parameters: [
                {
                  id: guid(workspace.id, 'anteroom-period')
                  version: 'KqlParameterItem/1.0'
                  name: 'Period'
                  label: 'Period'
                  type: 4
                  isRequired: true
                  value: {
                    durationMs: 86400000
                  }
                  typeSettings: {
                    selectableValues: map([3600000, 14400000, 86400000, 604800000, 2592000000], period => {
                      durationMs: period
                    })
                    allowCustom: true
                  }
                }
              ]
            }
          }
        ],
        map(charts, chart => {
          type: 3
          name: chart.name
          content: {
            version: 'KqlItem/1.0'
            title: chart.title
            query: chart.query
            size: 0
            queryType: 0
            resourceType: 'microsoft.operationalinsights/workspaces'
            timeContextFromParameter: 'Period'
            visualization: chart.visualization
          }
        })
      )
    })
  }
}

@description('The same queries in the workspace: Logs, Queries, Other.')
resource searches 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-07-01' = [
  for chart in charts: {
    parent: workspace
    name: 'anteroom-${chart.name}'
    properties: {
      category: 'Anteroom'
      displayName: chart.title
      query: chart.query
      version: 2
    }
  }
]
