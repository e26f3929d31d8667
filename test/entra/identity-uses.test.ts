import {
  clientAssertion,
  keyVaultAccess,
  type ManagedIdentity,
  tableCredential,
} from '../../src/entra/managed-identity';
import { AppError } from '../../src/errors';
import { failureOf, longEnough } from '../support/auth-fixture';

/** An identity whose tokens name their resource. */
const identity: ManagedIdentity = {
  token: (resource) => Promise.resolve({ token: `for ${resource}`, expiresAt: 1_800_000_000 }),
};
const nobody: ManagedIdentity = {
  token: () => Promise.reject(new AppError('ERR_PROVIDER_UNAVAILABLE')),
};
const keyId = 'https://mine.vault.azure.net/keys/ring';
const authority = 'https://login.microsoftonline.com/tenant/v2.0';

describe('tokens of the managed identity', () => {
  it('are for the tables, and say in milliseconds when they expire', async () => {
    expect(await tableCredential(identity).getToken('https://storage.azure.com/.default')).toEqual({
      token: 'for https://storage.azure.com',
      expiresOnTimestamp: 1_800_000_000_000,
    });
  });

  it('are for the vault', async () => {
    const access = keyVaultAccess(identity, keyId);

    expect(access.keyId).toBe(keyId);
    expect(await access.token(longEnough())).toBe('for https://vault.azure.net');
  });

  it('are the proof of the app to its provider', async () => {
    expect(await clientAssertion(identity, authority)(longEnough())).toBe(
      'for api://AzureADTokenExchange',
    );
  });

  it.each([
    ['ERR_STORAGE_UNAVAILABLE', () => tableCredential(nobody).getToken('')],
    ['ERR_KEYS_UNAVAILABLE', () => keyVaultAccess(nobody, keyId).token(longEnough())],
    ['ERR_PROVIDER_UNAVAILABLE', () => clientAssertion(nobody, authority)(longEnough())],
  ])('that are missing are %s, by what they were for', async (code, work) => {
    expect((await failureOf(work())).code).toBe(code);
  });
});
