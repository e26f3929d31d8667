metadata name = 'Front Door route'
metadata description = 'Sends requests on to the app. Made after the app, whose host name it needs.'

@description('Required. Name of the Front Door profile.')
param profileName string

@description('Required. Name of its endpoint.')
param endpointName string

@description('Required. Resource id of the own domain; empty for none.')
param customDomainId string

@description('Required. Host name of the app.')
param appHostName string

@description('The profile.')
resource profile 'Microsoft.Cdn/profiles@2025-06-01' existing = {
  name: profileName
}

@description('Its endpoint.')
resource endpoint 'Microsoft.Cdn/profiles/afdEndpoints@2025-06-01' existing = {
  parent: profile
  name: endpointName
}

@description('One origin: there is nothing to choose between, so it is not probed, which would keep instances awake.')
resource group 'Microsoft.Cdn/profiles/originGroups@2025-06-01' = {
  parent: profile
  name: 'app'
  properties: {
    loadBalancingSettings: {
      additionalLatencyInMilliseconds: 0
      sampleSize: 4
      successfulSamplesRequired: 3
    }
    sessionAffinityState: 'Disabled'
  }
}

@description('The app.')
resource origin 'Microsoft.Cdn/profiles/originGroups/origins@2025-06-01' = {
  parent: group
  name: 'app'
  properties: {
    enabledState: 'Enabled'
    enforceCertificateNameCheck: true
    hostName: appHostName
    httpPort: 80
    httpsPort: 443
    originHostHeader: appHostName
    priority: 1
    weight: 1000
  }
}

@description('Everything goes to the app, over https, uncached.')
resource route 'Microsoft.Cdn/profiles/afdEndpoints/routes@2025-06-01' = {
  parent: endpoint
  name: 'app'
  properties: {
    customDomains: empty(customDomainId) ? [] : [{ id: customDomainId }]
    enabledState: 'Enabled'
    forwardingProtocol: 'HttpsOnly'
    httpsRedirect: 'Enabled'
    linkToDefaultDomain: empty(customDomainId) ? 'Enabled' : 'Disabled'
    originGroup: {
      id: group.id
    }
    patternsToMatch: ['/*']
    supportedProtocols: ['Http', 'Https']
  }
  // A route to a group without an origin is refused.
  dependsOn: [origin]
}
