/**
 * Audience of a managed identity's token that serves as a client assertion: the app asks for the same one
 * (src/entra/managed-identity.ts), and Entra ID takes no other in that cloud.
 * https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
 * @param {string} authority of the cloud, as in `https://login.microsoftonline.com`
 */
export function tokenAudience(authority) {
  const host = URL.canParse(authority) ? new URL(authority).hostname : '';
  if (host.endsWith('.microsoftonline.us')) return 'api://AzureADTokenExchangeUSGov';
  if (host.endsWith('.microsoftonline.cn')) return 'api://AzureADTokenExchangeChina';
  return 'api://AzureADTokenExchange';
}
