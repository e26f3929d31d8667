import { createHash, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors';
import { fetchWhole, isObject, parseJson } from '../json';
import { readRetryAfter } from '../waiting';
import { decryptValue, encryptValue } from './encryption';

/** A ring key as it may lie in the table. */
export interface WrappedKey {
  readonly wrapped: Uint8Array;
  /** Which wrapping key did it: the Key Vault key's version, or a name of the secret. */
  readonly version: string;
}

/** What keeps the ring's keys secret where they are stored. */
export interface KeyWrapping {
  /**
   * @param content at most 100 bytes
   * @throws ERR_KEYS_UNAVAILABLE
   */
  wrap(content: Uint8Array, signal: AbortSignal): Promise<WrappedKey>;
  /**
   * What was wrapped; `undefined` when this was never wrapped so, or was changed since.
   * @throws ERR_KEYS_UNAVAILABLE when nobody can tell at the moment
   */
  unwrap(key: WrappedKey, signal: AbortSignal): Promise<Uint8Array | undefined>;
}

/** RFC 5869 section 3.2: the secret itself is never used as a key. */
const label = 'anteroom/key-wrapping/1';

/** The ring binds a key to its row itself (bound-secret.ts), whatever wraps it. */
const address = { table: '', partitionKey: 'key-ring', rowKey: '', property: 'wrapped' };

/**
 * Wraps by AES-256-GCM under a key derived from `secret` (the setting `KEY_RING_SECRET`), for where
 * there is no Key Vault. Another secret opens nothing.
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
export interface RingKeyAddress {
  readonly table: string;
  readonly rowKey: string;
}

/**
 * A ring key's secret together with its place: `version | SHA-256 of the place | secret`, 65 bytes.
 * This is what is wrapped. RSA-OAEP in Key Vault takes no additional data, and without the place
 * inside, a wrapped key that somebody learned (from another environment, or years ago) could be put
 * into the row of the current period.
 */
export function bindSecret(secret: Uint8Array, address: RingKeyAddress): Buffer {
  return Buffer.concat([Uint8Array.of(version), bindingOf(address), secret]);
}

/** The secret, or `undefined` when `content` is none, or belongs elsewhere. */
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

/** The key in the vault, and what opens it. */
export interface KeyVaultAccess {
  /** `https://<vault>.vault.azure.net/keys/<name>`, no version, no trailing slash. */
  readonly keyId: string;
  /** An access token for the vault's resource. */
  readonly token: (signal: AbortSignal) => Promise<string>;
}

interface KeyVaultQuestion {
  /** Below the key's id. */
  readonly path: string;
  readonly body: object;
  readonly signal: AbortSignal;
}

type Answer = Readonly<Record<string, unknown>>;

const apiVersion = '7.4';
const maxBytes = 64 * 1024;
const tries = 3;
const pauseMs = 250;
/** No request of ours can wait longer. The client gets the time then. */
const longestPauseSeconds = 3;
const worthAnotherTry = new Set([408, 429, 500, 502, 503, 504]);

/**
 * Posts an operation on the key to Key Vault. Busy answers and broken connections are tried again,
 * three times in all, after the time that Retry-After names.
 * @returns the answer's JSON; `badRequest`, where given, for status 400
 * @throws ERR_KEYS_UNAVAILABLE, with the time that the vault asks to wait
 * https://learn.microsoft.com/azure/key-vault/general/overview-throttling
 */
export async function keyVaultRequest(
  access: KeyVaultAccess,
  question: KeyVaultQuestion,
): Promise<Answer>;
export async function keyVaultRequest(
  access: KeyVaultAccess,
  question: KeyVaultQuestion & { readonly badRequest: undefined },
): Promise<Answer | undefined>;
export async function keyVaultRequest(
  access: KeyVaultAccess,
  question: KeyVaultQuestion & { readonly badRequest?: undefined },
): Promise<Answer | undefined> {
  for (let left = tries - 1; ; left -= 1) {
    const answer = await ask(access, question);
    if ('json' in answer) return answer.json;
    if (answer.status === 400 && 'badRequest' in question) return undefined;
    if (left === 0 || answer.pauseMs === undefined) throw answer.failure;
    await pause(answer.pauseMs, question.signal);
  }
}

type Outcome =
  | { readonly json: Answer }
  | {
      readonly failure: AppError;
      readonly status?: number;
      /** After which another try makes sense; `undefined` when none does. */
      readonly pauseMs: number | undefined;
    };

async function ask(
  { keyId, token }: KeyVaultAccess,
  { path, body, signal }: KeyVaultQuestion,
): Promise<Outcome> {
  const accessToken = await token(signal);
  try {
    const request = {
      method: 'POST' as const,
      headers: {
        authorization: `Bearer ${accessToken}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: JSON.stringify(body),
      maxBytes,
    };
    const address = `${keyId}${path}?api-version=${apiVersion}`;
    const { response, body: answered } = await fetchWhole(address, request, signal);
    const json = parseJson(answered);
    if (response.ok && isObject(json)) return { json };
    return refusal(response, json);
  } catch (cause) {
    const note = signal.aborted
      ? 'Key Vault did not answer before the deadline'
      : 'Key Vault could not be reached';
    const failure = new AppError('ERR_KEYS_UNAVAILABLE', { note, cause });
    return { failure, pauseMs: signal.aborted ? undefined : pauseMs };
  }
}

function refusal({ status, headers }: Response, json: unknown): Outcome {
  const note = `Key Vault answered ${status}${errorCode(json)}`;
  const asked = readRetryAfter(headers);
  const failure = new AppError('ERR_KEYS_UNAVAILABLE', {
    note,
    // A client that came back after no time at all would only be sent away again.
    retryAfterSeconds: asked === undefined ? undefined : Math.max(asked, 1),
  });
  const isWorthIt = worthAnotherTry.has(status) && (asked ?? 0) <= longestPauseSeconds;
  const pause = asked === undefined ? pauseMs : asked * 1000;
  return { failure, status, pauseMs: isWorthIt ? pause : undefined };
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
    .filter((code) => typeof code === 'string' && /^[A-Za-z]{1,64}$/.test(code))
    .map((code) => ` ${String(code)}`)
    .join('');
}
