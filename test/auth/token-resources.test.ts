import { tokenExchangeResource, vaultResource } from '../../src/auth/token-resources';

describe('vaultResource', () => {
  it.each([
    ['https://mine.vault.azure.net/keys/ring', 'https://vault.azure.net'],
    ['https://mine.vault.azure.cn/keys/ring', 'https://vault.azure.cn'],
    ['https://mine.vault.usgovcloudapi.net/keys/ring', 'https://vault.usgovcloudapi.net'],
    ['https://mine.managedhsm.azure.net/keys/ring', 'https://managedhsm.azure.net'],
    ['https://mine.vault.sovcloud-api.fr/keys/ring', 'https://vault.sovcloud-api.fr'],
    ['http://127.0.0.1:7/keys/ring', 'https://vault.azure.net'],
    ['https://mine.vault.azure.net.example.org/keys/ring', 'https://vault.azure.net'],
  ])('of %s is %s', (keyId, resource) => {
    expect(vaultResource(keyId)).toBe(resource);
  });
});

describe('tokenExchangeResource', () => {
  it.each([
    ['https://login.microsoftonline.com/t/v2.0', 'api://AzureADTokenExchange'],
    ['https://login.microsoftonline.us/t/v2.0', 'api://AzureADTokenExchangeUSGov'],
    ['https://login.partner.microsoftonline.cn/t/v2.0', 'api://AzureADTokenExchangeChina'],
    ['https://login.chinacloudapi.cn/t/v2.0', 'api://AzureADTokenExchangeChina'],
    ['https://contoso.ciamlogin.com/t/v2.0', 'api://AzureADTokenExchange'],
    ['http://127.0.0.1:7081/t/v2.0', 'api://AzureADTokenExchange'],
  ])('of %s is %s', (authority, resource) => {
    expect(tokenExchangeResource(authority)).toBe(resource);
  });
});
