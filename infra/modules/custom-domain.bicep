metadata name = 'Custom domain'
metadata description = 'Leads a domain name of your own to the app, with a free certificate that Azure makes and renews. The DNS must point there already: Azure looks.'

@description('Required. Azure region.')
param location string

@description('Required. Name of the app.')
param siteName string

@description('Required. The domain name, such as app.contoso.com.')
param customDomain string

@description('The app.')
resource site 'Microsoft.Web/sites@2025-03-01' existing = {
  name: siteName
}

@description('The name without a certificate. Only where the app does not have the name yet: made again, it would take the certificate away.')
@onlyIfNotExists()
resource name 'Microsoft.Web/sites/hostNameBindings@2025-03-01' = {
  parent: site
  name: customDomain
  properties: {
    customHostNameDnsRecordType: 'CName'
    hostNameType: 'Verified'
    siteName: siteName
  }
}

@description('On Flex Consumption a certificate belongs to the app, not to the resource group.')
resource certificate 'Microsoft.Web/sites/certificates@2025-03-01' = {
  parent: site
  name: replace(customDomain, '.', '-')
  location: location
  properties: {
    canonicalName: customDomain
  }
  dependsOn: [name]
}

@description('The same name with the certificate. A module, since a template cannot write one resource twice.')
module binding 'custom-domain-certificate.bicep' = {
  params: {
    siteName: siteName
    customDomain: customDomain
    thumbprint: certificate.properties.thumbprint
  }
}
