import {
  HttpResponse,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
} from '@azure/functions';
import type { SessionData, User } from './sessions/session';
import type { SessionDataChange } from './sessions/session-data';
import type { TokenContext } from './sign-in/bearer-guard';
import type { SessionContext } from './sign-in/guards';
import type { Client } from './tokens/bearer-token';
import { callApi, type ApiRequest } from './tokens/call-api';
import { endWhenStalled } from './waiting';

/** A handler of Azure Functions. Its context also says who is signed in. */
export type SignedInHandler = (
  request: HttpRequest,
  context: SignedInContext,
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
export type CallerHandler = (
  request: HttpRequest,
  context: CallerContext,
) => Promise<Answer> | Answer;

/** The context of an invocation, and who calls. */
export type CallerContext = InvocationContext & Caller;

/** Who calls: a person in a browser, a person through another app, or an app for itself. */
export type Caller =
  | (SignedIn & { readonly client?: undefined })
  | (CallerWithToken & { readonly user: User })
  | (CallerWithToken & { readonly user: undefined });

/** What a guard adds to the context of an invocation that a bearer token opened. */
export interface CallerWithToken {
  /** The app that sent the token, and what it may do. Undefined in a request of a browser with a session. */
  readonly client: Client;
  readonly session: undefined;
  /** Aborted when the request's deadline has passed. Give it to every call that waits. */
  readonly signal: AbortSignal;
}

/** The answer of a handler: one of Azure's own forms, or a response of `fetch`, as `callApi` returns it. */
export type Answer = HttpResponseInit | HttpResponse | Response;

/** The context of an invocation, and who is signed in. */
export type SignedInContext = InvocationContext & SignedIn;

/** What a guard adds to the context of an invocation. */
export interface SignedIn {
  readonly user: User;
  readonly session: HandlerSession;
  /**
   * Calls Microsoft Graph for this user and returns its response, like `fetch`. After 429 or 503 with a short `Retry-After`
   * it retries once.
   * @param path below `GRAPH_BASE_URL`, for example `/me/memberOf`
   * @throws ERR_STEP_UP when the user must go to the provider again (the guard sends the user there);
   *   ERR_PROVIDER_UNAVAILABLE, ERR_GRAPH_UNAVAILABLE; `TypeError` for a path that leaves `GRAPH_BASE_URL`
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
  readonly callApi: (api: 'graph', path: string, request?: ApiRequest) => Promise<Response>;
  /**
   * An access token for an API, for this user. It is refreshed when it has expired. Send it to no other API.
   * @param scopes of one API; `GRAPH_SCOPES` unless given
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
  readonly accessToken: (scopes?: readonly string[]) => Promise<string>;
  /** Aborted when the request's deadline has passed. Give it to every call that waits. */
  readonly signal: AbortSignal;
}

/** The session of a request, as a handler gets it. Times are epoch seconds. */
export interface HandlerSession {
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

/** Calls a team's handler for callers with the context of its invocation, to which it adds {@link CallerWithToken}. */
export function withTokenContext(handler: CallerHandler) {
  return async (context: TokenContext): Promise<HttpResponseInit> => {
    const { request, invocation, token, signal } = context;
    const { user, client } = token;
    const known: CallerWithToken = { client, session: undefined, signal };
    return answerOf(await handler(request, Object.assign(invocation, { ...known, user })));
  };
}

/** Calls a team's handler with the context of its invocation, to which it adds {@link SignedIn}. */
export function withPublicContext(handler: SignedInHandler) {
  return async (context: SessionContext): Promise<HttpResponseInit> => {
    const { request, invocation, user, accessToken, signal, services } = context;
    const { graphBaseUrl, graphScopes } = services.settings;
    const known: SignedIn = {
      user,
      session: handlerSession(context),
      accessToken,
      callApi: async (_api, path, apiRequest = {}) => {
        const { scopes = graphScopes } = apiRequest;
        const access = { accessToken: await accessToken(scopes), scopes };
        return callApi({ ...apiRequest, baseUrl: graphBaseUrl, path }, access, signal);
      },
      signal,
    };
    return answerOf(await handler(request, Object.assign(invocation, known)));
  };
}

function handlerSession({ session, changeData }: SessionContext): HandlerSession {
  const { createdAt, expiresAt, idleExpiresAt, authTime, acrs } = session;
  let { data } = session;
  return {
    ...{ createdAt, expiresAt, idleExpiresAt, authTime, acrs },
    get data() {
      return data;
    },
    update: async (change) => (data = await changeData(change)),
  };
}

/**
 * The answer of a handler in Azure's own form. Of a response of `fetch`, only the headers about the body are passed on. A
 * response that the handler made keeps its other headers too, but not `Set-Cookie`: cookies need Azure's own form.
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
  if (!(answer instanceof Response)) return answer;
  const isFetched = answer.url !== '';
  const passed = [...answer.headers].filter(([name]) =>
    isFetched ? fetchedHeaders.includes(name) : !bodilessHeaders.includes(name),
  );
  // The host reads the body later, when the request has no deadline any more.
  const body = isFetched && answer.body ? endWhenStalled(answer.body, stallMs) : answer.body;
  return { status: answer.status, headers: passed, body };
}

/** How long a body may send nothing. As long as the deadline of a request. */
const stallMs = 8_500;

/** Not cookies of the API, and not rights for other origins. */
const fetchedHeaders = ['content-type', 'content-language', 'content-disposition', 'retry-after'];

/** A handler may copy these from a response of `fetch`. But `fetch` has decoded the body, and the cookies are the API's. */
const bodilessHeaders = ['content-encoding', 'content-length', 'transfer-encoding', 'set-cookie'];
