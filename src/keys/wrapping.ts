import { createHash, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, errorWord } from '../errors';
import { fetchWhole, isObject, parseJson } from '../bodies';
import { noLog, type OutgoingLog, readRetryAfter } from '../waiting';
import { decryptValue, encryptValue } from './encryption';

/** A ring key as it may stand in the table. */
export interface WrappedKey {
  readonly wrapped: Uint8Array;
  /** Names the wrapping key: the version of the key in Key Vault, or a name made of the secret. */
  readonly version: string;
}

/** Keeps the ring's keys secret where they are stored. */
export interface KeyWrapping {
  /**
   * @param content at most 100 bytes
   * @throws ERR_KEYS_UNAVAILABLE
   */
  wrap(content: Uint8Array, signal: AbortSignal): Promise<WrappedKey>;
  /**
   * What was wrapped; `undefined` when it was not wrapped by this key, or was changed since.
   * @throws ERR_KEYS_UNAVAILABLE when nobody can tell at the moment
   */
  unwrap(key: WrappedKey, signal: AbortSignal): Promise<Uint8Array | undefined>;
}

/** RFC 5869 section 3.2: the secret itself is never used as a key. */
const label = 'anteroom/key-wrapping/1';

/** One address for all keys: {@link bindSecret} binds a key to its row, whatever wraps it. */
const address = { table: '', partitionKey: 'key-ring', rowKey: '', property: 'wrapped' };

/**
 * Wraps with AES-256-GCM under a key that is derived from `secret` (the setting `KEY_RING_SECRET`), if there is no Key
 * Vault. Another secret opens nothing.
 * @param secret 32 random bytes
 */
export function createSecretWrapping(secret: Uint8Array): KeyWrapping {
  const keyBytes = Buffer.from(hkdfSync('sha256', secret, '', label, 32));
  const key = createSecretKey(keyBytes);
  const hash = createHash('sha256').update('anteroom key wrapping\0').update(keyBytes);
  const version = `secret.${hash.digest('base64url').slice(0, 8)}`;
  return {
    wrap: (content) => Promise.resolve({ wrapped: encryptValue(key, address, content), version }),
    unwrap: ({ wrapped }) => Promise.resolve(decryptValue(key, address, wrapped)),
  };
}

const version = 1;
export const secretSize = 32;
const bindingSize = 32;

/** Where a ring key belongs. */
interface RingKeyAddress {
  readonly table: string;
  readonly rowKey: string;
}

/**
 * What is wrapped: a ring key's secret together with its address, `version | SHA-256 of the address | secret`, 65 bytes.
 * RSA-OAEP in Key Vault takes no additional data. Without the address inside, somebody could put a wrapped key that they
 * know (of another environment, or of years ago) into the row of the current period.
 */
export function bindSecret(secret: Uint8Array, address: RingKeyAddress): Buffer {
  return Buffer.concat([Uint8Array.of(version), bindingOf(address), secret]);
}

/** The secret; `undefined` when `content` is not one, or belongs to another address. */
export function openBoundSecret(content: Uint8Array, address: RingKeyAddress): Buffer | undefined {
  if (content.byteLength !== 1 + bindingSize + secretSize || content[0] !== version) {
    return undefined;
  }
  const binding = content.subarray(1, 1 + bindingSize);
  if (!timingSafeEqual(binding, bindingOf(address))) return undefined;
  return Buffer.from(content.subarray(1 + bindingSize));
}

function bindingOf({ table, rowKey }: RingKeyAddress): Buffer {
  const address = JSON.stringify(['anteroom ring key', version, table, rowKey]);
  return createHash('sha256').update(address).digest();
}

/** The key in the vault, and the way to a token for it. */
export interface KeyVaultAccess {
  /** `https://<vault>.vault.azure.net/keys/<name>`, no version, no trailing slash. */
  readonly keyId: string;
  /** An access token for the vault's resource. */
  readonly token: (signal: AbortSignal) => Promise<string>;
  readonly log?: OutgoingLog;
}

/** RSAES-OAEP with SHA-256 and MGF1 with SHA-256 (RFC 7518 section 4.3). */
const algorithm = 'RSA-OAEP-256';

/**
 * Wraps with a key that never leaves Azure Key Vault. The vault chooses its newest version, whose name is kept beside
 * each wrapped key, so a rotation in the vault changes nothing for older ones.
 * https://learn.microsoft.com/rest/api/keyvault/keys/wrap-key/wrap-key
 */
export function createKeyVaultWrapping(access: KeyVaultAccess): KeyWrapping {
  return {
    wrap: async (content, signal) => {
      const outcome = await postWithRetry(access, '/wrapkey', content, signal);
      if (!('json' in outcome)) throw outcome.failure;
      const version = versionIn(access.keyId, outcome.json['kid']);
      if (version === undefined) throw unexpected('names no version of the key');
      return { wrapped: bytesIn(outcome.json), version };
    },
    unwrap: async ({ wrapped, version }, signal) => {
      // It comes out of a row: nothing else may become a part of an address.
      if (!isVersion(version)) return undefined;
      const outcome = await postWithRetry(access, `/${version}/unwrapkey`, wrapped, signal);
      if ('json' in outcome) return bytesIn(outcome.json);
      if (outcome.status === 400) return undefined;
      throw outcome.failure;
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

function bytesIn({ value }: Answer): Buffer {
  if (typeof value !== 'string' || value === '') throw unexpected('has no value');
  return Buffer.from(value, 'base64url');
}

function unexpected(what: string): AppError {
  return new AppError('ERR_KEYS_UNAVAILABLE', { note: `the answer of Key Vault ${what}` });
}

type Answer = Readonly<Record<string, unknown>>;

type Outcome =
  | { readonly json: Answer }
  | {
      readonly failure: AppError;
      readonly status?: number;
      /** The time after which another try makes sense; `undefined` if no try does. */
      readonly pauseMs: number | undefined;
    };

const apiVersion = '7.4';
const maxBytes = 64 * 1024;
const maxTries = 3;
const usualPauseMs = 250;
/** No request of ours can wait longer. Then the client gets the time. */
const maxPauseSeconds = 3;
const passingStatuses = new Set([408, 429, 500, 502, 503, 504]);

/**
 * Posts an operation on the key. After busy answers and broken connections it tries again, three times in all, after the
 * time that Retry-After names.
 * @param path below the key's id
 * @returns the answer, or the failure with the time that the vault asks to wait
 * https://learn.microsoft.com/azure/key-vault/general/overview-throttling
 */
async function postWithRetry(
  access: KeyVaultAccess,
  path: string,
  value: Uint8Array,
  signal: AbortSignal,
): Promise<Outcome> {
  for (let tries = 1; ; tries += 1) {
    const outcome = await post(access, path, value, signal);
    if ('json' in outcome || outcome.pauseMs === undefined || tries === maxTries) return outcome;
    await pause(outcome.pauseMs, signal);
  }
}

async function post(
  { keyId, token, log = noLog }: KeyVaultAccess,
  path: string,
  value: Uint8Array,
  signal: AbortSignal,
): Promise<Outcome> {
  const request = {
    method: 'POST' as const,
    headers: {
      authorization: `Bearer ${await token(signal)}`,
      'content-type': 'application/json',
      accept: 'application/json',
    },
    body: JSON.stringify({ alg: algorithm, value: Buffer.from(value).toString('base64url') }),
    maxBytes,
  };
  try {
    const address = `${keyId}${path}?api-version=${apiVersion}`;
    const { response, body } = await log.measure('key vault', () =>
      fetchWhole(address, request, signal),
    );
    const json = parseJson(body);
    return response.ok && isObject(json) ? { json } : refusal(response, json);
  } catch (cause) {
    const note = signal.aborted
      ? 'Key Vault did not answer before the deadline'
      : 'Key Vault could not be reached';
    const failure = new AppError('ERR_KEYS_UNAVAILABLE', { note, cause });
    return { failure, pauseMs: signal.aborted ? undefined : usualPauseMs };
  }
}

function refusal({ status, headers }: Response, json: unknown): Outcome {
  const note = `Key Vault answered ${status}${errorCode(json)}`;
  const asked = readRetryAfter(headers);
  const failure = new AppError('ERR_KEYS_UNAVAILABLE', { note, retryAfterSeconds: asked });
  const mayPass = passingStatuses.has(status) && (asked ?? 0) <= maxPauseSeconds;
  const pauseMs = asked === undefined ? usualPauseMs : asked * 1000;
  return { failure, status, pauseMs: mayPass ? pauseMs : undefined };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (cause) {
    const note = 'Key Vault was busy until the deadline';
    throw new AppError('ERR_KEYS_UNAVAILABLE', { note, cause });
  }
}

/** `error.code` and `error.innererror.code`, for the log; never the message. */
function errorCode(json: unknown): string {
  const error = isObject(json) && isObject(json['error']) ? json['error'] : {};
  const inner = isObject(error['innererror']) ? error['innererror']['code'] : undefined;
  return [error['code'], inner]
    .map(errorWord)
    .map((code) => (code === undefined ? '' : ` ${code}`))
    .join('');
}
