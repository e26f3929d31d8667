import { AppError } from '../errors';
import type { KeyVaultAccess } from './key-vault-request';
import { keyVaultRequest } from './key-vault-request';
import type { KeyWrapping } from './key-wrapping';

/** RSAES-OAEP with SHA-256 and MGF1 with SHA-256 (RFC 7518 section 4.3). */
const algorithm = 'RSA-OAEP-256';

/**
 * Wraps by a key that never leaves Azure Key Vault. The vault chooses its newest version; which one
 * is kept beside each wrapped key, so that a rotation in the vault changes nothing for older ones.
 * https://learn.microsoft.com/rest/api/keyvault/keys/wrap-key/wrap-key
 */
export function createKeyVaultWrapping(access: KeyVaultAccess): KeyWrapping {
  const { keyId } = access;
  return {
    wrap: async (content, signal) => {
      const body = { alg: algorithm, value: Buffer.from(content).toString('base64url') };
      const answer = await keyVaultRequest(access, { path: '/wrapkey', body, signal });
      const version = versionIn(keyId, answer['kid']);
      if (version === undefined) throw unexpected('names no version of the key');
      return { wrapped: bytesIn(answer), version };
    },
    unwrap: async ({ wrapped, version }, signal) => {
      // Out of a row: nothing else may become a part of an address.
      if (!isVersion(version)) return undefined;
      const body = { alg: algorithm, value: Buffer.from(wrapped).toString('base64url') };
      const path = `/${version}/unwrapkey`;
      const answer = await keyVaultRequest(access, { path, body, signal, badRequest: undefined });
      return answer && bytesIn(answer);
    },
  };
}

/** The last part of a full key id, `<keyId>/<version>`. Hosts and the names of keys compare without case. */
function versionIn(keyId: string, kid: unknown): string | undefined {
  const full = typeof kid === 'string' ? URL.parse(kid)?.href : undefined;
  if (full?.toLowerCase().startsWith(`${keyId.toLowerCase()}/`) !== true) return undefined;
  const version = full.slice(keyId.length + 1);
  return isVersion(version) ? version : undefined;
}

function isVersion(version: string): boolean {
  return /^[0-9a-zA-Z]{1,64}$/.test(version);
}

function bytesIn(answer: Readonly<Record<string, unknown>>): Buffer {
  const { value } = answer;
  if (typeof value !== 'string' || value === '') throw unexpected('has no value');
  return Buffer.from(value, 'base64url');
}

function unexpected(what: string): AppError {
  return new AppError('ERR_KEYS_UNAVAILABLE', { note: `the answer of Key Vault ${what}` });
}
