metadata name = 'App settings'
metadata description = 'Every setting of the app. The set is replaced whole at each deployment: what was changed by hand is lost, so change it here.'

@description('Required. Name of the app.')
param siteName string

@description('Required. Name of the Application Insights component.')
param componentName string

@description('Required. Name of the account of the host storage.')
param hostAccountName string

@description('Required. Address of the blob service of the host storage.')
param hostBlobEndpoint string

@description('Required. Client id of the app identity.')
param identityClientId string

@description('Required. Public origin of the app, without trailing slash.')
param baseUrl string

@description('Required. Application (client) id; empty until there is a registration, and the app then answers 503 and says so.')
param entraClientId string

@description('Required. Whose accounts sign in: the GUID of a tenant, organizations or common.')
param entraTenant string

@description('Required. The tenants that may sign in where several can; empty otherwise.')
param allowedTenants string

@description('Required. Authority of another cloud; empty for the public one.')
param entraAuthority string

@description('Required. Microsoft Graph of another cloud; empty for the public one.')
param graphBaseUrl string

@description('Required. Scopes asked for at sign-in; none where it is sign-in without any API.')
param graphScopes string[]

@description('Required. Value of the app role that opens the console.')
param adminRole string

@description('Required. App ID URI that bearer tokens for the app are made for; empty when it takes none.')
param apiAudience string

@description('Required. Address of the table service.')
param tablesEndpoint string

@description('Required. Name of the table.')
param tableName string

@description('Required. Id of the wrapping key, without version.')
param keyUri string

@description('Required. Seconds without a request after which a session ends.')
param sessionIdleSeconds int

@description('Required. Seconds after which a session ends in any case.')
param sessionLifetimeSeconds int

@description('Required. Seconds after which roles and account are checked again with the provider.')
param sessionRevalidateSeconds int

@description('Required. Whose session cookie outlives the browser.')
@allowed(['never', 'always', 'link'])
param sessionPersistent string

@description('Required. The most live sessions of a user; 0 for no limit.')
param sessionLimit int

@description('Required. Bytes of the longest request body that the Functions host passes to the app.')
param bodySizeLimit int

@description('The app.')
resource site 'Microsoft.Web/sites@2025-03-01' existing = {
  name: siteName
}

@description('Where telemetry goes.')
resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

@description('No value here is a secret, and none may become one.')
resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: site
  name: 'appsettings'
  properties: {
    // The Functions host.
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
    APPLICATIONINSIGHTS_CONNECTION_STRING: component.properties.ConnectionString
    // Without it the host answers with its own page every method on / that the app does not list.
    AzureWebJobsDisableHomepage: 'true'
    // Diagnostic events would need a role on tables of the host storage.
    AzureWebJobsFeatureFlags: 'DisableDiagnosticEventLogging'
    // With the address alone the host has failed to start (Azure/azure-functions-host#11787).
    AzureWebJobsStorage__accountName: hostAccountName
    AzureWebJobsStorage__blobServiceUri: hostBlobEndpoint
    AzureWebJobsStorage__clientId: identityClientId
    AzureWebJobsStorage__credential: 'managedidentity'
    // A bundle that cannot be loaded stops the host, instead of serving nothing without a word.
    FUNCTIONS_NODE_BLOCK_ON_ENTRY_POINT_ERROR: 'true'
    // The host reads the whole body into memory before any code of the app runs.
    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: string(bodySizeLimit)
    // The app: src/settings.ts.
    ADMIN_ROLE: adminRole
    // Where several tenants sign in, only the one that the app is in opens the console.
    ADMIN_TENANT_ID: empty(allowedTenants) ? '' : tenant().tenantId
    API_AUDIENCE: apiAudience
    APP_BASE_URL: baseUrl
    ENTRA_ALLOWED_TENANTS: allowedTenants
    ENTRA_AUTHORITY: entraAuthority
    ENTRA_CLIENT_ID: entraClientId
    ENTRA_TENANT_ID: entraTenant
    GRAPH_BASE_URL: graphBaseUrl
    // An empty value would count as unset.
    GRAPH_SCOPES: empty(graphScopes) ? 'none' : join(graphScopes, ' ')
    KEY_VAULT_KEY_ID: keyUri
    MANAGED_IDENTITY_CLIENT_ID: identityClientId
    SESSION_IDLE_SECONDS: string(sessionIdleSeconds)
    SESSION_LIFETIME_SECONDS: string(sessionLifetimeSeconds)
    SESSION_LIMIT: sessionLimit == 0 ? '' : string(sessionLimit)
    SESSION_PERSISTENT: sessionPersistent
    SESSION_REVALIDATE_SECONDS: string(sessionRevalidateSeconds)
    TABLES_ENDPOINT: tablesEndpoint
    TABLES_NAME: tableName
  }
}
