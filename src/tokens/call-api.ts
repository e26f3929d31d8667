import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerFrom, isObject, watchBody } from '../bodies';
import type { AppTokens } from '../entra/app-tokens';
import { parseClaimsChallenge } from '../entra/claims-challenge';
import { AppError, StepUpError } from '../errors';
import { AskedToWaitError, type Clock, createPauseMemory, noLog, readRetryAfter } from '../waiting';
import type { Api, ApiBody, ApiRequest, OutgoingRequest, SentBody } from './apis';

/** What one instance knows of the APIs that it calls. */
export interface Apis {
  /** @throws TypeError for a name that is not declared */
  find(name: string): Api;
  /** The scopes for which each sign-in asks consent, besides those of `GRAPH_SCOPES`. */
  readonly consentScopes: readonly string[];
  /**
   * Sends one request. When the API is busy (429, 503) and names a short time or none, it is sent once more, if its body
   * can be sent again. When it names a long time, the API gets no such request with this token before that: each would
   * count against the user's limit. Every other answer is returned as it is, its body not read yet. No redirect is
   * followed, since it would take the token to another host.
   * @throws a StepUpError when the API sends a claims challenge, ERR_API_UNAVAILABLE, ERR_API_REFUSED, ERR_API_SETTINGS;
   *   TypeError for a path that leads out of the base URL, and for a method, header or body that `fetch` does not take
   * @see https://learn.microsoft.com/graph/throttling
   * @see https://learn.microsoft.com/entra/identity-platform/claims-challenge
   */
  send(api: Api, request: OutgoingRequest, access: ApiAccess): Promise<Response>;
}

/** The ways to APIs in one request. */
export interface ApiCaller {
  readonly callApi: (
    name: string,
    target: string | Request,
    request?: ApiRequest,
  ) => Promise<Response>;
  readonly accessToken: (
    api?: string | readonly string[],
    options?: { readonly asApp?: boolean },
  ) => Promise<string>;
}

/** Who calls, in one request. */
export interface CallerParts {
  readonly apis: Apis;
  readonly appTokens: AppTokens;
  /** A live token of the user for these scopes of one API; without any, for those of the sign-in. Another one than `refused`, if that may help. */
  readonly userToken: (scopes?: readonly string[], refused?: string) => Promise<string>;
  /** The caller's tenant. The app acts there if several tenants sign in. */
  readonly tenantId?: string | undefined;
  /** Headers by which logs are joined. They are sent unless the request has its own. */
  readonly trace: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly maxAnswerBytes?: number | undefined;
}

/** Lets the code of one request call APIs, as its user or as the app. */
export function createApiCaller(parts: CallerParts): ApiCaller {
  const { apis, appTokens, userToken, tenantId, trace, signal, maxAnswerBytes } = parts;
  return {
    callApi: async (name, target, request = {}) => {
      const api = apis.find(name);
      const outgoing = outgoingRequest(api, target, request);
      for (const [header, value] of Object.entries(trace)) {
        if (!outgoing.headers.has(header)) outgoing.headers.set(header, value);
      }
      const limits = { signal: AbortSignal.any([signal, ...outgoing.signals]), maxAnswerBytes };
      if (request.asApp === true) {
        return sendAsApp(outgoing, async (claims) => {
          const asked = { scope: api.appScope, tenantId, claims };
          const accessToken = await appTokens.ofApp(asked, signal);
          return apis.send(api, outgoing, { accessToken, scopes: [api.appScope], ...limits });
        });
      }
      const { scopes = api.scopes } = request;
      return sendAsUser(
        outgoing,
        (refused) => userToken(scopes, refused),
        (accessToken) => apis.send(api, outgoing, { accessToken, scopes, ...limits }),
      );
    },
    accessToken: async (api, { asApp = false } = {}) => {
      if (!asApp) return userToken(typeof api === 'string' ? apis.find(api).scopes : api);
      if (typeof api !== 'string') throw new TypeError('asApp needs the name of an API');
      return appTokens.ofApp({ scope: apis.find(api).appScope, tenantId }, signal);
    },
  };
}

/**
 * Sends with the user's token. An API may refuse a token before its end, for instance after a change of its keys or permissions. If a
 * new one may help, the request is sent once more. A stream cannot be sent again.
 */
async function sendAsUser(
  { body }: OutgoingRequest,
  token: (refused?: string) => Promise<string>,
  send: (accessToken: string) => Promise<Response>,
): Promise<Response> {
  const accessToken = await token();
  const answer = await send(accessToken);
  if (answer.status !== 401 || body instanceof ReadableStream) return answer;
  const other = await token(accessToken);
  if (other === accessToken) return answer;
  await answer.body?.cancel();
  return send(other);
}

/** The app itself has no page to go to, so it meets a claims challenge by a new token, once. */
async function sendAsApp(
  { body }: OutgoingRequest,
  send: (claims?: string) => Promise<Response>,
): Promise<Response> {
  try {
    return await send().catch((error: unknown) => {
      if (!(error instanceof StepUpError) || body instanceof ReadableStream) throw error;
      return send(error.stepUp.claims);
    });
  } catch (cause) {
    if (!(cause instanceof StepUpError)) throw cause;
    const note = `${cause.note ?? ''} that the app cannot meet by itself`;
    throw new AppError('ERR_API_REFUSED', { note, api: cause.api });
  }
}

/** Who asks, and for how long. */
interface ApiAccess {
  readonly accessToken: string;
  /** The scopes of that token. They are asked for again when the API wants more of the user. */
  readonly scopes: readonly string[];
  readonly signal: AbortSignal;
  /** The length of an answer when the API's declaration gives none; no limit unless given. */
  readonly maxAnswerBytes?: number | undefined;
}

/** A shorter time is over when the client, which is told it, comes back. */
const minPauseSeconds = 10;

/** Remembers the times that APIs name; sends nothing until it is asked. */
export function createApis(declared: readonly Api[], clock: Clock, log = noLog): Apis {
  const pauses = createPauseMemory();
  const byName = new Map(declared.map((api) => [api.name, api]));
  return {
    find: (name) => {
      const api = byName.get(name);
      if (api !== undefined) return api;
      throw new TypeError(`no API is named ${JSON.stringify(name)}: declare it in the option apis`);
    },
    consentScopes: [...new Set(declared.flatMap((api) => (api.consentAtSignIn ? api.scopes : [])))],
    send: async (api, request, access) => {
      // Graph counts by user, app and service.
      const name = createHash('sha256')
        .update(`${api.name} ${access.accessToken} ${request.method} ${request.url.pathname}`)
        .digest('base64');
      const left = pauses.left(name, clock());
      if (left > 0) {
        const note = `${api.name} asked to wait before the next such ${request.method}`;
        throw new AskedToWaitError('ERR_API_UNAVAILABLE', left, { note, api: api.name });
      }
      const send = async (): Promise<Response> => {
        const response = await log.measure(`API ${api.name}`, () => sendOnce(api, request, access));
        const wait = isBusy(response) ? (readRetryAfter(response.headers) ?? 0) : 0;
        const now = clock();
        if (wait >= minPauseSeconds) pauses.pause(name, now + wait, now);
        return response;
      };
      const response = await sendWithRetry(send, request, access.signal);
      throwIfChallenged(api, response, access.scopes);
      return watchAnswer(api, response, access.maxAnswerBytes);
    },
  };
}

async function sendOnce(
  { name }: Api,
  { url, ...request }: OutgoingRequest,
  { accessToken, signal }: ApiAccess,
): Promise<Response> {
  const headers = new Headers(request.headers);
  // It takes the place of a handler's own, however that is written.
  headers.set('authorization', `Bearer ${accessToken}`);
  try {
    return await fetch(url, { ...request, headers, signal, ...howToSend(request.body) });
  } catch (cause) {
    const known = appErrorIn(cause);
    if (known !== undefined) throw known;
    // The path may name a person, and the note goes to the log.
    const what = `a ${request.method}`;
    if (isRedirect(cause)) {
      const note = `${name} redirects ${what}, whose body was a stream and cannot be sent again`;
      throw new AppError('ERR_API_REFUSED', { note, cause, api: name });
    }
    const note = `${name} gave no answer to ${what}`;
    throw new AppError('ERR_API_UNAVAILABLE', { note, cause, api: name });
  }
}

/**
 * Following a redirect would send the token to another host. With `manual`, `fetch` keeps a copy of the body to send it once
 * more, so the whole of a stream would stay in memory. It keeps none with `error` and without a window.
 * @see https://fetch.spec.whatwg.org/#http-network-or-cache-fetch step 8.2
 */
function howToSend(body: SentBody | null) {
  return body instanceof ReadableStream
    ? ({ redirect: 'error', window: null, duplex: 'half' } as const)
    : ({ redirect: 'manual' } as const);
}

/** Node.js has no code for it. */
function isRedirect(error: unknown): boolean {
  const cause = isObject(error) ? error['cause'] : undefined;
  return isObject(cause) && cause['message'] === 'unexpected redirect';
}

/** The error with which a body that was being sent has ended. `fetch` wraps it. */
function appErrorIn(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error;
  return isObject(error) ? appErrorIn(error['cause']) : undefined;
}

/** A longer wait would not leave enough time for the request, so the client gets a 503. */
const maxWaitSeconds = 3;

/** If the API names no time. */
const usualWaitSeconds = 0.5;

/** The answer. If the API is busy and names a short time or none, the answer of a second try. A stream is sent once only. */
async function sendWithRetry(
  send: () => Promise<Response>,
  { body }: { readonly body: unknown },
  signal: AbortSignal,
): Promise<Response> {
  const first = await send();
  const wait = readRetryAfter(first.headers) ?? usualWaitSeconds;
  if (!isBusy(first) || wait > maxWaitSeconds || body instanceof ReadableStream) return first;
  // If the deadline comes first, the first answer counts.
  const hasWaited = await sleep(wait * 1000, true, { signal }).catch(() => false);
  if (!hasWaited) return first;
  // Nobody reads it any more, and its connection can be used again.
  await first.body?.cancel();
  return send();
}

function isBusy({ status }: Response): boolean {
  return status === 429 || status === 503;
}

/** @throws a StepUpError for an answer with a claims challenge */
function throwIfChallenged(
  { name }: Pick<Api, 'name'>,
  { status, headers }: Response,
  scopes: readonly string[],
): void {
  // The documentation says 401. An API that knows the user may also answer 403.
  if (status !== 401 && status !== 403) return;
  const claims = parseClaimsChallenge(headers.get('www-authenticate'));
  if (claims === undefined) return;
  throw new StepUpError({ scopes, claims }, { note: `${name} sent a claims challenge`, api: name });
}

/** As long as the deadline of a request. */
const stallMs = 8_500;

/**
 * The same answer, whose body ends with ERR_API_REFUSED when it is too long, and with ERR_API_UNAVAILABLE when it comes to a halt or
 * breaks off. A body that nobody reads keeps no connection.
 * @param usualBytes the longest body, if the declaration of the API does not say it; no limit unless given
 * @throws ERR_API_REFUSED for a length that is too much already, and for a status above 599
 */
async function watchAnswer(
  { name, maxAnswerBytes }: Pick<Api, 'name' | 'maxAnswerBytes'>,
  response: Response,
  usualBytes = Infinity,
): Promise<Response> {
  const { body, status, statusText, headers, url } = response;
  const max = maxAnswerBytes ?? usualBytes;
  const fail = (code: 'ERR_API_UNAVAILABLE' | 'ERR_API_REFUSED', note: string, cause?: unknown) =>
    new AppError(code, { note: `${name} ${note}`, api: name, cause });
  const tooLong = (): AppError => fail('ERR_API_REFUSED', `answered more than ${max} bytes`);
  // `fetch` takes such an answer, but nobody can make one or give one on.
  if (status > 599) {
    await body?.cancel();
    throw fail('ERR_API_REFUSED', `answered with the status ${status}`);
  }
  const notJson = (): AppError => fail('ERR_API_REFUSED', 'answered something that is not JSON');
  if (body === null) return answerFrom(url, response, notJson);
  if (Number(headers.get('content-length') ?? 0) > max) {
    await body.cancel();
    throw tooLong();
  }
  const halted = () => fail('ERR_API_UNAVAILABLE', 'let its answer come to a halt');
  // It also keeps the response: when that is forgotten, `fetch` ends its body.
  const source = { getReader: () => (response.body ?? body).getReader() };
  const watched = watchBody(source, {
    max: { bytes: max, error: tooLong },
    stall: { ms: stallMs, error: halted },
    broken: (cause) => fail('ERR_API_UNAVAILABLE', 'broke off its answer', cause),
  });
  return answerFrom(url, new Response(watched, { status, statusText, headers }), notJson);
}

/**
 * A request to an API, checked. Faults of the caller are found here, so that they are not taken for faults of the API.
 * @param target a path below the base URL, from `/` on; an absolute address below it, as APIs give for the next page; or a
 *   `Request` of `fetch` to such an address
 */
export function outgoingRequest(
  api: Api,
  target: string | Request,
  { method, headers, body, signal }: ApiRequest,
): OutgoingRequest {
  const request = typeof target === 'string' ? undefined : target;
  const url = urlBelow(baseUrlOf(api), typeof target === 'string' ? target : target.url);
  const outgoing = {
    url,
    method: method ?? request?.method ?? 'GET',
    headers: new Headers(headers ?? request?.headers),
    body: sentBody(body ?? request?.body ?? null),
    signals: [signal ?? request?.signal ?? []].flat(),
  };
  if (outgoing.method === 'GET' && outgoing.body === null) return outgoing;
  // It throws for a method, header or body that cannot be sent. A stream is left out, because this would take it.
  const probe = outgoing.body instanceof ReadableStream ? '' : outgoing.body;
  return { ...outgoing, method: new Request(url, { ...outgoing, body: probe }).method };
}

function sentBody(body: ApiBody | null): SentBody | null {
  if (!(body instanceof Uint8Array) || isUnshared(body)) return body;
  throw new TypeError('the body is in shared memory, and fetch sends no such bytes');
}

function isUnshared(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return !(bytes.buffer instanceof SharedArrayBuffer);
}

/**
 * The base URL of an API, without a slash at its end.
 * @throws ERR_API_SETTINGS if there is none
 */
export function baseUrlOf({ name, baseUrl }: Api): string {
  if (typeof baseUrl === 'string') return baseUrl;
  throw new AppError('ERR_API_SETTINGS', { api: name, note: `apis.${name}.${baseUrl.fault}` });
}

/** `.evil.example` would lead the token to another host, and `/../beta` to what the caller did not mean to open. */
function urlBelow(baseUrl: string, target: string): URL {
  const root = new URL(baseUrl).href.replace(/\/$/, '');
  const url = URL.parse(target.startsWith('/') ? baseUrl + target : target);
  const isBelow = url !== null && (url.href === root || /^[/?]/.test(url.href.slice(root.length)));
  if (url?.href.startsWith(root) === true && isBelow) return url;
  throw new TypeError('callApi needs a path that begins with / and stays below the base URL');
}
