import { setTimeout as sleep } from 'node:timers/promises';
import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node';
import { AppError } from '../errors';
import { isObject } from '../is-object';
import { readBounded } from '../read-bounded';

const maxBytes = 64 * 1024;
/** Two tries and a pause end well before a request's deadline. */
const tryMs = 2_000;
const pauseMs = 250;

/**
 * MSAL's way to the platform's identity endpoint, which is on the same machine. A refused connection
 * or a busy answer is tried once more: both happen while an instance starts.
 */
export function createIdentityNetworkClient(): INetworkModule {
  return {
    sendGetRequestAsync: async <T>(url: string, options?: NetworkRequestOptions) => {
      const headers = options?.headers ?? {};
      const first = await get<T>(url, headers).catch(() => undefined);
      if (first !== undefined && first.status < 500 && first.status !== 429) return first;
      await sleep(pauseMs);
      return get<T>(url, headers);
    },
    sendPostRequestAsync: () =>
      Promise.reject(new AppError('ERR_INTERNAL', { note: 'MSAL tried to send a POST request' })),
  };
}

async function get<T>(url: string, headers: Record<string, string>): Promise<NetworkResponse<T>> {
  const response = await fetch(url, {
    headers,
    // The secret header must not follow a redirect.
    redirect: 'error',
    signal: AbortSignal.timeout(tryMs),
  });
  const json = parseJson(await readBounded(response, maxBytes));
  // MSAL reads `access_token` and `error` of whatever it gets.
  const body = isObject(json) ? json : { error: 'no_json' };
  return {
    headers: Object.fromEntries(response.headers),
    status: response.status,
    // MSAL's interface lets its caller choose the type; it checks the members it reads itself.
    body: body as T,
  };
}

/** The parser's own error quotes the text, which may be a token. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
