/**
 * What tokens of the managed identity are for, in each Azure cloud.
 * https://learn.microsoft.com/azure/storage/blobs/authorize-access-azure-active-directory
 */

/** Table Storage; the same in every cloud. */
export const storageResource = 'https://storage.azure.com';

const vaultHosts =
  /\.((?:vault|managedhsm)\.(?:azure\.net|azure\.cn|usgovcloudapi\.net|sovcloud-api\.[a-z]{2}))$/;

/** The vault's resource is its host without its own name. */
export function vaultResource(keyId: string): string {
  const host = vaultHosts.exec(URL.parse(keyId)?.hostname ?? '')?.[1];
  return `https://${host ?? 'vault.azure.net'}`;
}

/**
 * The audience of a managed identity's token that serves as a client assertion.
 * https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
 */
export function tokenExchangeResource(authority: string): string {
  const host = URL.parse(authority)?.hostname ?? '';
  if (host.endsWith('.microsoftonline.us')) return 'api://AzureADTokenExchangeUSGov';
  if (host.endsWith('.microsoftonline.cn') || host.endsWith('.chinacloudapi.cn')) {
    return 'api://AzureADTokenExchangeChina';
  }
  return 'api://AzureADTokenExchange';
}
