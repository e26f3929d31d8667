import type { ManagedIdentity } from '../auth/managed-identity';
import { storageResource, tokenExchangeResource, vaultResource } from '../auth/token-resources';
import type { ErrorCode } from '../error-facts';
import { AppError } from '../errors';
import type { KeyVaultAccess } from '../keys/key-vault-request';
import type { TableCredential } from '../storage/create-table-client';

/** One token of the app itself serves many requests, so no request's deadline may end its fetching. */
const tokenMs = 6_000;

/** What `@azure/data-tables` asks for its tokens. */
export function tableCredential(identity: ManagedIdentity): TableCredential {
  return {
    getToken: async () => {
      const signal = AbortSignal.timeout(tokenMs);
      const given = identity.token(storageResource, signal);
      const { token, expiresAt } = await failAs('ERR_STORAGE_UNAVAILABLE', given);
      return { token, expiresOnTimestamp: expiresAt * 1000 };
    },
  };
}

/** The key in the vault, opened by the managed identity. */
export function keyVaultAccess(identity: ManagedIdentity, keyId: string): KeyVaultAccess {
  const resource = vaultResource(keyId);
  return {
    keyId,
    token: async (signal) =>
      (await failAs('ERR_KEYS_UNAVAILABLE', identity.token(resource, signal))).token,
  };
}

/** The managed identity's token as the app's own proof to the provider (a federated credential). */
export function clientAssertion(
  identity: ManagedIdentity,
  authority: string,
): (signal: AbortSignal) => Promise<string> {
  const resource = tokenExchangeResource(authority);
  return async (signal) => (await identity.token(resource, signal)).token;
}

/** Who asks knows better what cannot be reached without the token. */
async function failAs<T>(code: ErrorCode, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new AppError(code, { note: 'the managed identity got no token', cause });
  }
}
