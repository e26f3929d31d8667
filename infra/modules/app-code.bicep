metadata name = 'App code'
metadata description = 'Deploys the package from an address. It comes last, so that no request meets an app without settings or roles.'

@description('Required. Name of the app.')
param siteName string

@description('Required. Address of the zip that `npm run package` makes. It may carry a signature, so it is kept out of the deployment history.')
@secure()
param packageUri string

@description('The app.')
resource site 'Microsoft.Web/sites@2025-03-01' existing = {
  name: siteName
}

@description('The documented way to deploy code on Flex Consumption from a template.')
resource code 'Microsoft.Web/sites/extensions@2025-03-01' = {
  parent: site
  name: 'onedeploy'
  // The published type has no properties, the service does.
  #disable-next-line BCP187
  properties: {
    packageUri: packageUri
    // Everything is in the bundle: nothing is installed or built in Azure.
    remoteBuild: false
  }
}
