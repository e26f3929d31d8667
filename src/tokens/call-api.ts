import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseClaimsChallenge } from '../entra/claims-challenge';
import { AppError, StepUpError } from '../errors';
import { type FetchedAnswer, fetchWhole, isObject, parseJson } from '../json';
import { AskedToWaitError, type Clock, createPauseMemory, readRetryAfter } from '../waiting';

/** Microsoft Graph, as one instance sees it. */
export interface Graph {
  /**
   * The answer of Graph to a GET as the user; `undefined` for 404. When Graph is busy, it is asked once more after the
   * short time that it names, or after half a second. When it names a long time, it gets no request with this token for
   * this path before that: each would count against the user's limit.
   * @see https://learn.microsoft.com/graph/throttling
   * @throws a StepUpError when Graph sends a claims challenge (continuous access evaluation), ERR_GRAPH_REFUSED,
   *   ERR_GRAPH_UNAVAILABLE (busy, failing, out of reach or over the deadline)
   */
  get(
    question: GraphQuestion,
    access: GraphAccess,
    signal: AbortSignal,
  ): Promise<GraphAnswer | undefined>;
}

interface GraphQuestion {
  /** From `/` on, below the base URL. */
  readonly path: string;
  readonly accept: string;
  readonly maxBytes: number;
}

/** Who asks. */
export interface GraphAccess {
  readonly accessToken: string;
  /** The scopes of that token. They are asked for again when Graph wants more of the user. */
  readonly scopes: readonly string[];
}

interface GraphAnswer {
  /** Without parameters, lower case; empty when there is none. */
  readonly contentType: string;
  readonly body: Uint8Array;
}

interface GraphOptions {
  /** `GRAPH_BASE_URL`, no trailing slash. */
  readonly baseUrl: string;
  readonly clock: Clock;
}

/** A longer wait would not leave enough time for the request, so the client gets a 503. */
const maxWaitSeconds = 3;

/** Where Graph names no time. */
const usualWaitSeconds = 0.5;

/** A shorter time is over when the client, which is told it, comes back. */
const minPauseSeconds = 10;

/** Remembers the times that Graph names; sends nothing until it is asked. */
export function createGraph({ baseUrl, clock }: GraphOptions): Graph {
  const pauses = createPauseMemory();

  /** Graph counts by user, app and service. */
  function pauseKey({ accessToken }: GraphAccess, { path }: GraphQuestion): string {
    return createHash('sha256').update(`${accessToken} ${path}`).digest('base64');
  }

  async function getOnce(
    question: GraphQuestion,
    access: GraphAccess,
    signal: AbortSignal,
  ): Promise<FetchedAnswer> {
    const answer = await send(baseUrl, question, access, signal);
    const { status, headers } = answer.response;
    const wait = status === 429 || status === 503 ? (readRetryAfter(headers) ?? 0) : 0;
    if (wait >= minPauseSeconds) {
      const now = clock();
      pauses.pause(pauseKey(access, question), now + wait, now);
    }
    return answer;
  }

  async function getWithRetry(
    question: GraphQuestion,
    access: GraphAccess,
    signal: AbortSignal,
  ): Promise<FetchedAnswer> {
    const first = await getOnce(question, access, signal);
    const { status, headers } = first.response;
    if (status !== 429 && status !== 503) return first;
    const wait = readRetryAfter(headers) ?? usualWaitSeconds;
    if (wait > maxWaitSeconds) return first;
    try {
      await sleep(wait * 1000, undefined, { signal });
    } catch {
      // The deadline came first, so the first answer counts.
      return first;
    }
    return getOnce(question, access, signal);
  }

  return {
    get: async (question, access, signal) => {
      const left = pauses.left(pauseKey(access, question), clock());
      if (left > 0) {
        const note = `Graph asked to wait before the next GET ${question.path}`;
        throw new AskedToWaitError('ERR_GRAPH_UNAVAILABLE', left, { note });
      }
      return readAnswer(await getWithRetry(question, access, signal), question, access);
    },
  };
}

async function send(
  baseUrl: string,
  { path, accept, maxBytes }: GraphQuestion,
  { accessToken }: GraphAccess,
  signal: AbortSignal,
): Promise<FetchedAnswer> {
  const headers = { authorization: `Bearer ${accessToken}`, accept };
  try {
    // A redirect counts as an answer, which is refused.
    const options = { headers, redirect: 'manual' as const, maxBytes };
    return await fetchWhole(`${baseUrl}${path}`, options, signal);
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new AppError('ERR_GRAPH_REFUSED', { note: `the answer to GET ${path} is too long` });
    }
    throw new AppError('ERR_GRAPH_UNAVAILABLE', { note: `no answer to GET ${path}`, cause });
  }
}

function readAnswer(
  { response: { status, headers }, body }: FetchedAnswer,
  { path }: GraphQuestion,
  { scopes }: GraphAccess,
): GraphAnswer | undefined {
  if (status === 200) {
    const contentType = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
    return { contentType, body };
  }
  if (status === 404) return undefined;
  const note = `Graph answered ${status}${graphErrorCode(body)} to GET ${path}`;
  if (status === 401) {
    const claims = parseClaimsChallenge(headers.get('www-authenticate'));
    if (claims !== undefined) throw new StepUpError({ scopes, claims }, { note });
  }
  if (status === 429 || status === 408 || status >= 500) {
    const wait = readRetryAfter(headers);
    throw wait === undefined
      ? new AppError('ERR_GRAPH_UNAVAILABLE', { note })
      : new AskedToWaitError('ERR_GRAPH_UNAVAILABLE', wait, { note });
  }
  throw new AppError('ERR_GRAPH_REFUSED', { note });
}

/** `error.code` of a Graph error answer, for the log; never its message. */
function graphErrorCode(body: Uint8Array): string {
  const answer = parseJson(body);
  const error = isObject(answer) ? answer['error'] : undefined;
  const code = isObject(error) ? error['code'] : undefined;
  return typeof code === 'string' && /^[A-Za-z_]{1,64}$/.test(code) ? ` ${code}` : '';
}

/** What a team's handler asks of an API, in the words of `fetch`. */
export interface ApiRequest {
  /** GET unless given. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Of the token; `GRAPH_SCOPES` unless given. */
  readonly scopes?: readonly string[];
}

/**
 * Calls an API as the user. Where the API is busy and names a short time, it is called once more. Any answer but a claims
 * challenge is returned as it is; its body is not read.
 * @param url a path below the API's base URL, made absolute
 * @throws a StepUpError when the API sends a claims challenge, ERR_GRAPH_UNAVAILABLE when it cannot be reached
 * @see https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
export async function callApi(
  url: string,
  request: ApiRequest,
  access: GraphAccess,
  signal: AbortSignal,
): Promise<Response> {
  const first = await sendOnce(url, request, access, signal);
  const wait = readRetryAfter(first.headers) ?? usualWaitSeconds;
  const isBusy = first.status === 429 || first.status === 503;
  const mayRetry = isBusy && wait <= maxWaitSeconds && (await hasTime(wait, signal));
  if (mayRetry) await first.body?.cancel();
  const response = mayRetry ? await sendOnce(url, request, access, signal) : first;
  if (response.status === 401) {
    const claims = parseClaimsChallenge(response.headers.get('www-authenticate'));
    if (claims !== undefined) throw new StepUpError({ scopes: access.scopes, claims });
  }
  return response;
}

/** Waits; false when the deadline came first, so that the first answer counts. */
async function hasTime(seconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(seconds * 1000, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

async function sendOnce(
  url: string,
  { method = 'GET', headers = {}, body }: ApiRequest,
  { accessToken }: GraphAccess,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(url, {
      method,
      headers: { ...headers, authorization: `Bearer ${accessToken}` },
      ...(body === undefined ? {} : { body }),
      // Following a redirect could hand the token on.
      redirect: 'manual',
      signal,
    });
  } catch (cause) {
    throw new AppError('ERR_GRAPH_UNAVAILABLE', { note: `no answer to ${method}`, cause });
  }
}
