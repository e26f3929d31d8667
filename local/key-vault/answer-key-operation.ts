import { constants, privateDecrypt, publicEncrypt } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isRecord } from '../loopback/control';
import { readBody } from '../loopback/read-body';
import { respondJson } from '../loopback/respond';

/** A version of the vault's key. */
export interface KeyVersion {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  /** A disabled version wraps, but does not unwrap (Azure/azure-sdk-for-python#45342). */
  isEnabled: boolean;
  /** One that has expired, or is not valid yet, unwraps but does not wrap (Azure/azure-sdk-for-net#7677). */
  isExpired: boolean;
}

interface Vault {
  /** By name, the newest last. */
  readonly versions: ReadonlyMap<string, KeyVersion>;
  /** Gets the name of each operation. */
  readonly operations: string[];
  readonly keyId: string;
}

/**
 * Wraps or unwraps as Key Vault does, with the newest version where the path names none. The key's name counts in any
 * case; the answer has it as it was made.
 */
export async function answerKeyOperation(
  { versions, operations, keyId }: Vault,
  request: IncomingMessage,
  response: ServerResponse,
  asked: URL,
): Promise<void> {
  const match = /^\/keys\/ring(?:\/([0-9a-f]+))?\/(wrapkey|unwrapkey)$/i.exec(asked.pathname);
  const operation = (match?.[2] ?? '').toLowerCase();
  const version = match?.[1]?.toLowerCase() ?? [...versions.keys()].at(-1) ?? '';
  const key = versions.get(version);
  if (operation !== '') operations.push(operation);
  if (operation === '' || key === undefined) {
    refuseOperation(response, keyNotFound(asked));
    return;
  }
  const forbidden = forbiddenBy(key, operation);
  if (forbidden !== undefined) {
    refuseOperation(response, forbidden);
    return;
  }
  const isKnownVersion = /^7\.\d$/.test(asked.searchParams.get('api-version') ?? '');
  const value = request.method === 'POST' && isKnownVersion ? await readValue(request) : undefined;
  const result = value && compute(operation, key, value);
  if (result === undefined) refuseOperation(response, badParameter);
  else respondJson(response, 200, { kid: `${keyId}/${version}`, value: toText(result) });
}

/** A refusal of Key Vault. */
export interface KeyVaultRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Why something is forbidden: `ForbiddenByRbac`, `ForbiddenByFirewall`, `KeyDisabled`. */
  readonly inner?: string;
}

/** https://learn.microsoft.com/rest/api/keyvault/keys/wrap-key/wrap-key#error */
export function refuseOperation(response: ServerResponse, refusal: KeyVaultRefusal): void {
  const { status, code, message, inner } = refusal;
  const innererror = inner === undefined ? {} : { innererror: { code: inner } };
  respondJson(response, status, { error: { code, message, ...innererror } });
}

function keyNotFound({ pathname }: URL): KeyVaultRefusal {
  const name = pathname.split('/')[2] ?? '';
  const message = `A key with (name/id) ${name} was not found in this key vault. If you recently deleted this key you may be able to recover it using the correct recovery command.`;
  return { status: 404, code: 'KeyNotFound', message };
}

const badParameter = {
  status: 400,
  code: 'BadParameter',
  message: 'Error occurred while decoding OAEP padding.',
} as const;

function forbiddenBy(key: KeyVersion, operation: string): KeyVaultRefusal | undefined {
  if (operation === 'unwrapkey' && !key.isEnabled) {
    const message = 'Operation unwrapKey is not allowed on a disabled key.';
    return { status: 403, code: 'Forbidden', message, inner: 'KeyDisabled' };
  }
  if (operation === 'wrapkey' && key.isExpired) {
    const message = 'Operation wrapKey is not allowed on an expired key.';
    return { status: 403, code: 'Forbidden', message, inner: 'KeyExpired' };
  }
  return undefined;
}

async function readValue(request: IncomingMessage): Promise<Buffer | undefined> {
  const body: unknown = JSON.parse(await readBody(request));
  const { alg, value } = isRecord(body) ? body : {};
  if (alg !== 'RSA-OAEP-256' || typeof value !== 'string') return undefined;
  return /^[\w-]+$/.test(value) ? Buffer.from(value, 'base64url') : undefined;
}

function compute(operation: string, key: KeyVersion, value: Buffer): Buffer | undefined {
  const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
  try {
    return operation === 'wrapkey'
      ? publicEncrypt({ key: key.publicKey, ...padding }, value)
      : privateDecrypt({ key: key.privateKey, ...padding }, value);
  } catch {
    return undefined;
  }
}

function toText(bytes: Buffer): string {
  return bytes.toString('base64url');
}
