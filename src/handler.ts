import {
  HttpResponse,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
} from '@azure/functions';
import { AppError } from './errors';
import { foreignHeaders } from './http/responses';
import type { SessionData, SessionDataChange, User } from './sessions/session';
import { watchBody } from './bodies';
import type { Client } from './tokens/bearer-token';
import type { ApiRequest } from './tokens/apis';

/**
 * A handler of Azure Functions. Its context also says who is signed in.
 * @typeParam Api the names of the APIs that it may call; any name unless given
 * @example
 * ```ts
 * import type { SignedInHandler } from 'anteroom';
 *
 * export const hello: SignedInHandler = (_request, { user }) => ({ jsonBody: { hello: user.name } });
 * ```
 */
export type SignedInHandler<Api extends string = string> = (
  request: HttpRequest,
  context: SignedInContext<Api>,
) => Promise<Answer> | Answer;

/**
 * A handler of Azure Functions for browsers, command lines and daemons. Its context says who calls.
 * @example
 * ```ts
 * import type { CallerHandler } from 'anteroom';
 *
 * export const whoCalls: CallerHandler = (_request, { user, client }) => ({
 *   jsonBody: { person: user?.name, app: client?.id },
 * });
 * ```
 */
export type CallerHandler<Api extends string = string> = (
  request: HttpRequest,
  context: CallerContext<Api>,
) => Promise<Answer> | Answer;

/** The context of an invocation, and who calls. */
export type CallerContext<Api extends string = string> = InvocationContext & Caller<Api>;

/** Who calls: a person in a browser, a person through another app, or an app for itself. */
export type Caller<Api extends string = string> =
  | (SignedIn<Api> & { readonly client?: undefined })
  | (CallerWithToken<Api> & { readonly user: User })
  | (CallerWithToken<Api> & { readonly user: undefined });

/** What a guard adds to the context of an invocation that a bearer token opened. */
export interface CallerWithToken<Api extends string = string> {
  /** The app that sent the token, and what it may do. Undefined in a request of a browser with a session. */
  readonly client: Client;
  readonly session: undefined;
  /**
   * Calls an API on behalf of the person, as `callApi` of {@link SignedIn}. If the person must consent or confirm who they
   * are, the client gets 403 (ERR_CONSENT_NEEDED) or 401 (ERR_CLAIMS_NEEDED), for the guard cannot send anybody to sign in.
   * For an app without a person only `asApp: true` works.
   * @throws as `callApi` of {@link SignedIn}; `TypeError` for an app's own token without `asApp`
   * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow
   */
  readonly callApi: ApiCalls<Api>['callApi'];
  /** An access token for an API, on behalf of the person: as `accessToken` of {@link SignedIn}. */
  readonly accessToken: ApiCalls<Api>['accessToken'];
  /** Aborted when the request's deadline has passed. Give it to every call that waits. */
  readonly signal: AbortSignal;
}

/** The answer of a handler: one of Azure's own forms, or a response of `fetch`, as `callApi` returns it. */
export type Answer = HttpResponseInit | HttpResponse | Response;

/** The context of an invocation, and who is signed in. */
export type SignedInContext<Api extends string = string> = InvocationContext & SignedIn<Api>;

/** What a guard adds to the context of an invocation. */
export interface SignedIn<Api extends string = string> {
  readonly user: User;
  readonly session: HandlerSession;
  /**
   * Calls an API for this user and returns its response, like `fetch`: any method, the body in one piece or as a stream.
   * After 429 or 503 with a short `Retry-After`, or none, it tries once more, unless the body was a stream. It follows no
   * redirect. Every other answer, such as 401, 403 or 404, is returned for you to look at. Its `json()` throws ERR_API_REFUSED for what is
   * not JSON.
   * @param api a name in the option `apis`, or `graph`, which is Microsoft Graph
   * @param target a path below the base URL of the API, for example `/latest`; an absolute address below it, as APIs give for
   *   a next page; or a `Request` to such an address
   * @throws ERR_STEP_UP when the user must consent, or fulfil a claims challenge of the API (the guard sends the user to the
   *   provider and back); ERR_PROVIDER_UNAVAILABLE; ERR_API_UNAVAILABLE, ERR_API_REFUSED and ERR_API_SETTINGS, with the name
   *   of the API; `TypeError` for an unknown name, and for an address that is not below the base URL
   * @example
   * ```ts
   * import type { SignedInHandler } from 'anteroom';
   *
   * export const manager: SignedInHandler = async (_request, { callApi }) => {
   *   const answer = await callApi('graph', '/me/manager', { scopes: ['User.Read.All'] });
   *   return answer.ok ? answer : { status: 404 };
   * };
   * ```
   */
  readonly callApi: ApiCalls<Api>['callApi'];
  /**
   * An access token for an API, for example for the API's own SDK. It is refreshed when it has expired. Send it to no other
   * API.
   * @param api a name in the option `apis`; or scopes of one API; those of `graph` unless given
   * @param options `asApp: true` gives the app's own token, without the user
   * @throws ERR_STEP_UP, ERR_PROVIDER_UNAVAILABLE
   * @example
   * ```ts
   * import type { SignedInHandler } from 'anteroom';
   *
   * export const orders: SignedInHandler = async (_request, { accessToken, signal }) => {
   *   const token = await accessToken(['api://orders/Orders.Read']);
   *   return fetch('https://orders.contoso.example/latest', {
   *     headers: { Authorization: `Bearer ${token}` },
   *     signal,
   *   });
   * };
   * ```
   */
  readonly accessToken: ApiCalls<Api>['accessToken'];
  /** Aborted when the request's deadline has passed. Give it to every call that waits. */
  readonly signal: AbortSignal;
}

/** The session of a request, as a handler gets it. Times are epoch seconds. */
export interface HandlerSession {
  /** When the person signed in. */
  readonly createdAt: number;
  /** When the session ends if nobody uses it before. */
  readonly idleExpiresAt: number;
  /** When the session ends in any case. */
  readonly expiresAt: number;
  /** When the sign-in service last asked the person for credentials (`auth_time`). `undefined` when it did not say. */
  readonly authTime: number | undefined;
  /** The authentication contexts that the person has met (`acrs`), such as `c1`. */
  readonly acrs: readonly string[];
  /** What the app keeps in this session: what `onSignIn` gave, or the last `update`. `{}` when it keeps nothing. */
  readonly data: SessionData;
  /**
   * Replaces `data`, at most 8,192 bytes of JSON. Each update writes to storage, so do not call it in every request. A
   * function gets the data that is stored now. It is called again when another request changed the data meanwhile.
   * @returns the data as it is stored now; `data` above is the same from then on
   * @throws ERR_SESSION_CHANGED when another request changed the data and `change` is no function; ERR_SIGNED_OUT when
   *   the session has ended meanwhile; `TypeError` for data that is no JSON object, `RangeError` for too much;
   *   ERR_STORAGE_UNAVAILABLE, ERR_KEYS_UNAVAILABLE
   * @example
   * ```ts
   * import type { SignedInHandler } from 'anteroom';
   *
   * export const visits: SignedInHandler = async (_request, { session }) => {
   *   const { count } = await session.update((data) => ({ ...data, count: Number(data['count'] ?? 0) + 1 }));
   *   return { jsonBody: { visits: count } };
   * };
   * ```
   */
  update(change: SessionDataChange): Promise<SessionData>;
}

/**
 * The calls of {@link SignedIn}, written as methods: TypeScript then lets a handler that names APIs by itself, outside of
 * `anteroom`, stand behind a guard that knows only some names.
 */
interface ApiCalls<Api extends string> {
  callApi(api: Api, target: string | Request, request?: ApiRequest): Promise<Response>;
  accessToken(
    api?: Api | readonly string[],
    options?: { readonly asApp?: boolean },
  ): Promise<string>;
}

/**
 * The answer of a handler in Azure's own form. Of a response of `fetch`, only the headers about the body are passed on, and its
 * body cannot act as a page of this app. A response that the handler made keeps its other headers too, but not `Set-Cookie`: cookies need Azure's own form.
 */
export function answerOf(answer: Answer | undefined): HttpResponseInit {
  // The same answer as for a handler without a guard.
  if (answer === undefined) return { status: 204 };
  if (typeof answer !== 'object') throw new TypeError('a handler must return an object');
  if ('bodyUsed' in answer && answer.bodyUsed) throw new TypeError('the body was read already');
  if (answer instanceof HttpResponse) {
    const { status, headers, body, cookies } = answer;
    return { status, headers, body, cookies };
  }
  if (!(answer instanceof Response)) return withStream(answer);
  const isFetched = answer.url !== '';
  const passed = isFetched
    ? foreignHeaders(answer.headers, (name) => fetchedHeaders.includes(name))
    : [...answer.headers].filter(([name]) => !bodilessHeaders.includes(name));
  // The host reads the body later, when the request has no deadline any more.
  const body = isFetched && answer.body ? watchBody(answer.body, { stall }) : answer.body;
  return { status: answer.status, headers: passed, body };
}

/**
 * The same answer. A stream of Node.js becomes a stream of the web, as the library does it, so that the endpoint passes on both in
 * the same way.
 */
function withStream(answer: HttpResponseInit): HttpResponseInit {
  const { body } = answer;
  const isStream = typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
  return isStream ? { ...answer, body: new HttpResponse({ body }).body } : answer;
}

/** How long a body may send nothing. As long as the deadline of a request. */
const stall = {
  ms: 8_500,
  error: () => new AppError('ERR_DEADLINE', { note: 'the body of an answer came to a halt' }),
};

/** Not cookies of the API, and not rights for other origins. */
const fetchedHeaders = ['content-type', 'content-language', 'content-disposition', 'retry-after'];

/** A handler may copy these from a response of `fetch`. But `fetch` has decoded the body, and the cookies are the API's. */
const bodilessHeaders = ['content-encoding', 'content-length', 'transfer-encoding', 'set-cookie'];
