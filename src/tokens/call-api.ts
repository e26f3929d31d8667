import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseClaimsChallenge } from '../entra/claims-challenge';
import { AppError, StepUpError } from '../errors';
import { isObject, readBounded } from '../json';
import { AskedToWaitError, createPauseMemory, readRetryAfter } from '../waiting';

/** Who asks Microsoft Graph, and how long there is time. */
export interface GraphAccess {
  /** `GRAPH_BASE_URL`, no trailing slash. */
  readonly baseUrl: string;
  readonly accessToken: string;
  /** The scopes of that token, asked for again when Graph wants more of the user. */
  readonly scopes: readonly string[];
  readonly signal: AbortSignal;
}

export interface GraphAnswer {
  /** Without parameters, lower case; empty when there is none. */
  readonly contentType: string;
  readonly body: Uint8Array;
}

interface GraphQuestion {
  /** From `/` on, below the base URL. */
  readonly path: string;
  readonly accept: string;
  readonly maxBytes: number;
}

/**
 * What Graph answers to a GET as the user; `undefined` for 404.
 * When Graph is busy, it is asked once more after the short time that it names, or after half a second. When it names a
 * long time, it gets no request with this token for this path before that: each would count against the user's limit.
 * @see https://learn.microsoft.com/graph/throttling
 * @throws a StepUpError when Graph sends a claims challenge (continuous access evaluation),
 *   ERR_GRAPH_REFUSED, ERR_GRAPH_UNAVAILABLE (busy, failing, out of reach or over the deadline)
 */
export async function graphRequest(
  access: GraphAccess,
  question: GraphQuestion,
): Promise<GraphAnswer | undefined> {
  const { response, body } = await getWithRetry(access, question);
  const { status, headers } = response;
  if (status === 200) {
    const contentType = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
    return { contentType, body };
  }
  if (status === 404) return undefined;
  const note = `Graph answered ${status}${graphErrorCode(body)} to GET ${question.path}`;
  if (status === 401) {
    const claims = parseClaimsChallenge(headers.get('www-authenticate'));
    if (claims !== undefined) throw new StepUpError({ scopes: access.scopes, claims }, { note });
  }
  if (status === 429 || status === 408 || status >= 500) {
    const wait = readRetryAfter(headers);
    throw wait === undefined
      ? new AppError('ERR_GRAPH_UNAVAILABLE', { note })
      : new AskedToWaitError('ERR_GRAPH_UNAVAILABLE', wait, { note });
  }
  throw new AppError('ERR_GRAPH_REFUSED', { note });
}

/** A longer wait would not leave enough time for the request, so the client gets a 503. */
const longestWaitSeconds = 3;

/** Where Graph names no time. */
const usualWaitSeconds = 0.5;

/** A shorter time is over when the client, which is told it, comes back. */
const shortestPauseSeconds = 10;

/** By token and path, of one instance: Graph counts by user, app and service. */
const pauses = createPauseMemory();

interface Got {
  readonly response: Response;
  readonly body: Uint8Array;
}

async function getWithRetry(access: GraphAccess, question: GraphQuestion): Promise<Got> {
  requireNoPause(access, question);
  const first = await getOnce(access, question);
  const { status, headers } = first.response;
  if (status !== 429 && status !== 503) return first;
  const wait = readRetryAfter(headers) ?? usualWaitSeconds;
  if (wait > longestWaitSeconds) return first;
  try {
    await sleep(wait * 1000, undefined, { signal: access.signal });
  } catch {
    // The deadline came first, so the first answer counts.
    return first;
  }
  return getOnce(access, question);
}

/** Remembers the time that Graph names. */
async function getOnce(access: GraphAccess, question: GraphQuestion): Promise<Got> {
  const got = await get(access, question);
  const { status, headers } = got.response;
  const wait = status === 429 || status === 503 ? (readRetryAfter(headers) ?? 0) : 0;
  if (wait >= shortestPauseSeconds) {
    pauses.pause(keyOf(access, question), nowSeconds() + wait, nowSeconds());
  }
  return got;
}

function requireNoPause(access: GraphAccess, question: GraphQuestion): void {
  const left = pauses.left(keyOf(access, question), nowSeconds());
  if (left === 0) return;
  const note = `Graph asked to wait before the next GET ${question.path}`;
  throw new AskedToWaitError('ERR_GRAPH_UNAVAILABLE', left, { note });
}

function keyOf({ accessToken, baseUrl }: GraphAccess, { path }: GraphQuestion): string {
  return createHash('sha256').update(`${accessToken} ${baseUrl}${path}`).digest('base64');
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

async function get(
  { baseUrl, accessToken, signal }: GraphAccess,
  { path, accept, maxBytes }: GraphQuestion,
): Promise<Got> {
  try {
    const response = await fetch(`${baseUrl}${path}`, {
      headers: { authorization: `Bearer ${accessToken}`, accept },
      // A redirect is an answer we did not ask for; following it could hand the token on.
      redirect: 'manual',
      signal,
    });
    return { response, body: await readBounded(response, maxBytes) };
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new AppError('ERR_GRAPH_REFUSED', { note: `the answer to GET ${path} is too long` });
    }
    throw new AppError('ERR_GRAPH_UNAVAILABLE', { note: `no answer to GET ${path}`, cause });
  }
}

/** `error.code` of a Graph error answer, for the log; never its message. */
function graphErrorCode(body: Uint8Array): string {
  try {
    const answer: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    const error = isObject(answer) ? answer['error'] : undefined;
    const code = isObject(error) ? error['code'] : undefined;
    return typeof code === 'string' && /^[A-Za-z_]{1,64}$/.test(code) ? ` ${code}` : '';
  } catch {
    return '';
  }
}
