import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors';
import { isObject } from '../is-object';
import { readBounded } from '../read-bounded';
import { readRetryAfter } from '../retry-after';

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
    const response = await fetch(`${keyId}${path}?api-version=${apiVersion}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${accessToken}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: JSON.stringify(body),
      // A redirect would carry the token, and the key in the clear, to another host.
      redirect: 'error',
      signal,
    });
    const json = parseJson(await readBounded(response, maxBytes));
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

/** The parser's own error quotes the text, which may be a key. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
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
