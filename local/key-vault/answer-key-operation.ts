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
  isEnabled: boolean;
}

interface Vault {
  /** By name, the newest last. */
  readonly versions: ReadonlyMap<string, KeyVersion>;
  /** Gets the name of each operation. */
  readonly operations: string[];
  readonly keyId: string;
}

/** Wraps or unwraps as Key Vault does, with the newest version where the path names none. */
export async function answerKeyOperation(
  { versions, operations, keyId }: Vault,
  request: IncomingMessage,
  response: ServerResponse,
  asked: URL,
): Promise<void> {
  const match = /^\/keys\/ring(?:\/([0-9a-f]+))?\/(wrapkey|unwrapkey)$/.exec(asked.pathname);
  const operation = match?.[2] ?? '';
  const version = match?.[1] ?? [...versions.keys()].at(-1) ?? '';
  const key = versions.get(version);
  if (operation !== '') operations.push(operation);
  if (operation === '' || key === undefined) {
    refuseOperation(response, 404, 'KeyNotFound');
    return;
  }
  if (!key.isEnabled) {
    refuseOperation(response, 403, 'Forbidden', 'KeyDisabled');
    return;
  }
  const isKnownVersion = /^7\.\d$/.test(asked.searchParams.get('api-version') ?? '');
  const value = request.method === 'POST' && isKnownVersion ? await readValue(request) : undefined;
  const result = value && compute(operation, key, value);
  if (result === undefined) refuseOperation(response, 400, 'BadParameter');
  else respondJson(response, 200, { kid: `${keyId}/${version}`, value: toText(result) });
}

/** https://learn.microsoft.com/rest/api/keyvault/keys/wrap-key/wrap-key#error */
export function refuseOperation(
  response: ServerResponse,
  status: number,
  code: string,
  inner?: string,
): void {
  const innererror = inner === undefined ? {} : { innererror: { code: inner } };
  respondJson(response, status, { error: { code, message: 'a message', ...innererror } });
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
