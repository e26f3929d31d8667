metadata name = 'Certificate of the custom domain'
metadata description = 'Puts the certificate before the domain name. Browsers get https there from then on.'

@description('Required. Name of the app.')
param siteName string

@description('Required. The domain name.')
param customDomain string

@description('Required. Thumbprint of the certificate. It changes with each renewal, which Azure does by itself.')
param thumbprint string

@description('The app.')
resource site 'Microsoft.Web/sites@2025-03-01' existing = {
  name: siteName
}

@description('The name with its certificate.')
resource name 'Microsoft.Web/sites/hostNameBindings@2025-03-01' = {
  parent: site
  name: customDomain
  properties: {
    customHostNameDnsRecordType: 'CName'
    hostNameType: 'Verified'
    siteName: siteName
    sslState: 'SniEnabled'
    thumbprint: thumbprint
  }
}
