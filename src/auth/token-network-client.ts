import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node';
import { AppError } from '../errors';
import { isObject } from '../is-object';
import { readBounded } from '../read-bounded';
import { AskedToWaitError, readRetryAfter } from '../retry-after';
import type { CredentialState } from './credential-state';
import { readTokenRefusal, type TokenRefusal } from './read-refusal';
import { meaningOf } from './refusals';

/** What came of the last request to the token endpoint. MSAL's errors keep only a part of it. */
export type TokenAnswer =
  | { readonly kind: 'not-asked' }
  | { readonly kind: 'granted' }
  | {
      readonly kind: 'refused';
      readonly refused: TokenRefusal;
      /** How long it wants to be left alone, where it says. */
      readonly waitSeconds?: number | undefined;
    }
  | { readonly kind: 'unavailable'; readonly error: AppError };

/** MSAL's way to the network, for one request of ours. */
export interface TokenNetworkClient extends INetworkModule {
  readonly answer: () => TokenAnswer;
}

const maxBytes = 512 * 1024;

/**
 * Lets MSAL post to the token endpoint and nowhere else, within the deadline of `signal`.
 * MSAL has the metadata already, so a GET would be a request nobody planned.
 */
export function createTokenNetworkClient(
  tokenEndpoint: string,
  credential: CredentialState,
  signal: AbortSignal,
): TokenNetworkClient {
  let answer: TokenAnswer = { kind: 'not-asked' };

  async function post<T>(
    url: string,
    options: NetworkRequestOptions = {},
  ): Promise<NetworkResponse<T>> {
    try {
      requireSameEndpoint(url, tokenEndpoint);
      const { response, body } = await send(url, options, signal);
      const refused = response.ok ? undefined : readTokenRefusal(body);
      // MSAL takes an answer without `error` for a success, so it must not see a strange failure.
      if (!response.ok && refused === undefined) throw unavailable(response);
      const waitSeconds = readRetryAfter(response.headers);
      answer =
        refused === undefined ? { kind: 'granted' } : { kind: 'refused', refused, waitSeconds };
      noteCredential(credential, refused);
      const headers = Object.fromEntries(response.headers);
      // MSAL's interface lets its caller choose the type; it checks the members it reads itself.
      return { headers, status: response.status, body: body as T };
    } catch (cause) {
      const error = failureOf(cause);
      answer = { kind: 'unavailable', error };
      throw error;
    }
  }

  return {
    answer: () => answer,
    sendPostRequestAsync: post,
    sendGetRequestAsync: () =>
      Promise.reject(new AppError('ERR_INTERNAL', { note: 'MSAL tried to send a GET request' })),
  };
}

function noteCredential(credential: CredentialState, refused: TokenRefusal | undefined): void {
  if (refused === undefined) credential.accepted();
  else if (meaningOf(refused.refusal).kind === 'app') credential.refused(refused.refusal);
}

function failureOf(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  // A new try would get the same answer.
  if (cause instanceof RangeError) return new AppError('ERR_TOKEN_SIZE', { note: cause.message });
  return new AppError('ERR_PROVIDER_UNAVAILABLE', { note: 'no answer to a token request', cause });
}

function requireSameEndpoint(url: string, tokenEndpoint: string): void {
  // MSAL appends a query of its own.
  const [asked, known] = [new URL(url), new URL(tokenEndpoint)];
  if (asked.origin !== known.origin || asked.pathname !== known.pathname) {
    throw new AppError('ERR_INTERNAL', { note: 'MSAL tried to post to another address' });
  }
}

async function send(
  url: string,
  options: NetworkRequestOptions,
  signal: AbortSignal,
): Promise<{ response: Response; body: unknown }> {
  const response = await fetch(url, {
    method: 'POST',
    // A redirect would carry the code or the refresh token to another host.
    redirect: 'error',
    headers: options.headers ?? {},
    body: options.body ?? '',
    signal,
  });
  const bytes = await readBounded(response, maxBytes);
  const body = parseJson(bytes);
  if (response.status >= 500 || response.status === 429) throw unavailable(response, body);
  if (!isObject(body)) throw unavailable(response);
  return { response, body };
}

/** The parser's own error quotes the text, which may be a token. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** For 429 without `Retry-After`. */
const usualWaitSeconds = 10;

/** By its status such an answer passes, whatever its body says. Number and correlation id find it at the provider. */
function unavailable({ status, headers }: Response, body?: unknown): AppError {
  const refused = readTokenRefusal(body);
  const note = `the token endpoint answered ${status} without a usable answer`;
  const told = refused === undefined ? { note } : { refusal: refused.refusal };
  const wait = readRetryAfter(headers) ?? (status === 429 ? usualWaitSeconds : undefined);
  return wait === undefined
    ? new AppError('ERR_PROVIDER_UNAVAILABLE', told)
    : new AskedToWaitError('ERR_PROVIDER_UNAVAILABLE', wait, told);
}
