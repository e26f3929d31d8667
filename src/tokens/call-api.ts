import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseClaimsChallenge } from '../entra/claims-challenge';
import { AppError, StepUpError } from '../errors';
import { type FetchedAnswer, isObject, parseJson, readBounded } from '../json';
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

/** A shorter time is over when the client, which is told it, comes back. */
const minPauseSeconds = 10;

/** Remembers the times that Graph names; sends nothing until it is asked. */
export function createGraph({ baseUrl, clock }: GraphOptions): Graph {
  const pauses = createPauseMemory();
  return {
    get: async (question, access, signal) => {
      const { path } = question;
      // Graph counts by user, app and service.
      const name = createHash('sha256').update(`${access.accessToken} ${path}`).digest('base64');
      const left = pauses.left(name, clock());
      if (left > 0) {
        const note = `Graph asked to wait before the next GET ${path}`;
        throw new AskedToWaitError('ERR_GRAPH_UNAVAILABLE', left, { note });
      }
      const send = async (): Promise<FetchedAnswer> => {
        const headers = { accept: question.accept };
        const request = requestOf({ baseUrl, path, headers }, access);
        const response = await sendOnce(request, signal);
        const wait = isBusy(response) ? (readRetryAfter(response.headers) ?? 0) : 0;
        const now = clock();
        if (wait >= minPauseSeconds) pauses.pause(name, now + wait, now);
        return { response, body: await readBody(response, question) };
      };
      return readAnswer(await sendWithRetry(send, signal), question, access);
    },
  };
}

function readAnswer(
  { response, body }: FetchedAnswer,
  { path }: GraphQuestion,
  { scopes }: GraphAccess,
): GraphAnswer | undefined {
  const { status, headers } = response;
  if (status === 200) {
    const contentType = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
    return { contentType, body };
  }
  if (status === 404) return undefined;
  const note = `Graph answered ${status}${graphErrorCode(body)} to GET ${path}`;
  throwIfChallenged(response, scopes, note);
  if (status === 429 || status === 408 || status >= 500) {
    const wait = readRetryAfter(headers);
    throw wait === undefined
      ? new AppError('ERR_GRAPH_UNAVAILABLE', { note })
      : new AskedToWaitError('ERR_GRAPH_UNAVAILABLE', wait, { note });
  }
  throw new AppError('ERR_GRAPH_REFUSED', { note });
}

async function readBody(
  response: Response,
  { path, maxBytes }: GraphQuestion,
): Promise<Uint8Array> {
  try {
    return await readBounded(response, maxBytes);
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new AppError('ERR_GRAPH_REFUSED', { note: `the answer to GET ${path} is too long` });
    }
    throw new AppError('ERR_GRAPH_UNAVAILABLE', { note: `no answer to GET ${path}`, cause });
  }
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

interface ApiCall extends ApiRequest {
  /** No trailing slash. */
  readonly baseUrl: string;
  /** From `/` on, below the base URL. */
  readonly path: string;
}

/**
 * Calls an API as the user. When the API is busy and names a short time, it is called once more. Any answer but a claims
 * challenge is returned as it is, with its body not read yet.
 * @throws a StepUpError when the API sends a claims challenge, ERR_GRAPH_UNAVAILABLE when it cannot be reached; TypeError
 *   for a path that leads out of the base URL, and for a method, header or body that `fetch` does not take
 * @see https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
export async function callApi(
  call: ApiCall,
  access: GraphAccess,
  signal: AbortSignal,
): Promise<Response> {
  const send = async (): Promise<Sent> => ({
    response: await sendOnce(requestOf(call, access), signal),
  });
  const { response } = await sendWithRetry(send, signal);
  throwIfChallenged(response, access.scopes);
  return response;
}

/** A longer wait would not leave enough time for the request, so the client gets a 503. */
const maxWaitSeconds = 3;

/** Where the API names no time. */
const usualWaitSeconds = 0.5;

interface Sent {
  readonly response: Response;
}

/** The answer; where the API is busy and names a short time or none, that of a second try. */
async function sendWithRetry<Answer extends Sent>(
  send: () => Promise<Answer>,
  signal: AbortSignal,
): Promise<Answer> {
  const first = await send();
  const { response } = first;
  const wait = readRetryAfter(response.headers) ?? usualWaitSeconds;
  if (!isBusy(response) || wait > maxWaitSeconds) return first;
  try {
    await sleep(wait * 1000, undefined, { signal });
  } catch {
    // The deadline came first, so the first answer counts.
    return first;
  }
  // Nobody reads it any more, and its connection can be used again.
  if (!response.bodyUsed) await response.body?.cancel();
  return send();
}

function isBusy({ status }: Response): boolean {
  return status === 429 || status === 503;
}

/** Faults of the caller are found here, so that they are not taken for faults of the API. */
function requestOf(
  { baseUrl, path, method = 'GET', headers = {}, body }: ApiCall,
  { accessToken }: GraphAccess,
): Request {
  // `.evil.example` would lead the token to another host, and `/../beta` to what the caller did not mean to open.
  const url = path.startsWith('/') ? URL.parse(baseUrl + path) : null;
  const root = new URL(baseUrl).href.replace(/\/$/, '');
  if (url?.href.startsWith(`${root}/`) !== true) {
    throw new TypeError('callApi needs a path that begins with / and stays below the base URL');
  }
  // A handler's own `Authorization`, however it is written, must not stand beside ours.
  const all = new Headers(headers);
  all.set('authorization', `Bearer ${accessToken}`);
  return new Request(url, {
    method,
    headers: all,
    ...(body === undefined ? {} : { body }),
    // Following a redirect would send the token to another host.
    redirect: 'manual',
  });
}

async function sendOnce(request: Request, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(request, { signal });
  } catch (cause) {
    const { pathname } = new URL(request.url);
    throw new AppError('ERR_GRAPH_UNAVAILABLE', {
      note: `no answer to ${request.method} ${pathname}`,
      cause,
    });
  }
}

function throwIfChallenged(
  { status, headers }: Response,
  scopes: readonly string[],
  note?: string,
): void {
  if (status !== 401) return;
  const claims = parseClaimsChallenge(headers.get('www-authenticate'));
  if (claims === undefined) return;
  throw new StepUpError({ scopes, claims }, note === undefined ? {} : { note });
}

/** The optional fields of a profile, in the order they are asked for. */
const textFields = [
  'displayName',
  'givenName',
  'surname',
  'jobTitle',
  'mail',
  'userPrincipalName',
  'officeLocation',
  'preferredLanguage',
  'mobilePhone',
] as const;

/** A user as Microsoft Graph tells; what it does not know is left out. */
export type Profile = { readonly id: string } & {
  readonly [field in (typeof textFields)[number]]?: string;
};

const maxProfileBytes = 64 * 1024;
const maxText = 1024;

/**
 * The signed-in user's profile.
 * @see https://learn.microsoft.com/graph/api/user-get
 * @throws as {@link Graph.get}; ERR_GRAPH_REFUSED when the answer is no profile
 */
export async function readProfile(
  graph: Graph,
  access: GraphAccess,
  signal: AbortSignal,
): Promise<Profile> {
  const question = {
    path: `/me?$select=${[...textFields, 'id'].join(',')}`,
    accept: 'application/json',
    maxBytes: maxProfileBytes,
  };
  const answer = await graph.get(question, access, signal);
  if (answer === undefined) throw refused('Graph knows no such user');
  return parseProfile(parseJson(answer.body));
}

function parseProfile(value: unknown): Profile {
  if (!isObject(value)) throw refused('the profile is no JSON object');
  const { id } = value;
  if (!isText(id)) throw refused('the profile has no id');
  const known = textFields.flatMap((field) => {
    const text = value[field];
    return isText(text) ? [[field, text] as const] : [];
  });
  return { id, ...Object.fromEntries(known) };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxText;
}

function refused(note: string): AppError {
  return new AppError('ERR_GRAPH_REFUSED', { note });
}

/** Types a browser shows as a picture and never runs; SVG is not one of them. */
const contentTypes = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] as const;

export interface Photo {
  readonly contentType: (typeof contentTypes)[number];
  readonly bytes: Uint8Array;
}

const maxPhotoBytes = 4 * 1024 * 1024;

/**
 * The signed-in user's photo, at most 4 MiB; `undefined` when there is none.
 * @see https://learn.microsoft.com/graph/api/profilephoto-get
 * @throws as {@link Graph.get}; ERR_GRAPH_REFUSED when the answer is no picture
 */
export async function readPhoto(
  graph: Graph,
  access: GraphAccess,
  signal: AbortSignal,
): Promise<Photo | undefined> {
  const question = { path: '/me/photo/$value', accept: 'image/*', maxBytes: maxPhotoBytes };
  const answer = await graph.get(question, access, signal);
  if (answer === undefined) return undefined;
  const contentType = contentTypes.find((type) => type === answer.contentType);
  if (contentType === undefined) {
    throw new AppError('ERR_GRAPH_REFUSED', { note: 'the photo is of a type not shown' });
  }
  return { contentType, bytes: answer.body };
}
