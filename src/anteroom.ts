import {
  type app as functionsApp,
  type HttpHandler,
  type HttpRequest,
  HttpResponse,
  type HttpResponseInit,
  type InvocationContext,
} from '@azure/functions';
import { adminFunctions } from './functions/admin';
import { createClientFunctions } from './functions/client';
import { frontChannelLogoutFunction } from './functions/front-channel-logout';
import { createHealthFunction } from './functions/health';
import { loginFunction } from './functions/login';
import { logoutFunctions } from './functions/logout';
import { meFunctions } from './functions/me';
import { redirectFunction } from './functions/redirect';
import { sessionFunction } from './functions/session';
import { sessionsFunctions } from './functions/sessions';
import { createSweep, sweepSchedule } from './functions/sweep';
import type { Handler } from './http/context';
import { endpoint, type EndpointOptions, type HttpFunction, serve } from './http/endpoint';
import type { MenuPage, Site } from './pages/layout';
import { servicesOrFaults } from './services';
import type { User } from './sessions/session';
import type { Environment } from './settings';
import {
  sameOrigin,
  type SessionContext,
  signedIn,
  type SignedInOptions,
  withRole,
} from './sign-in/guards';
import { requireHealthRoute, siteOf } from './site';
import { callApi, type ApiRequest } from './tokens/call-api';
import { endWhenStalled, once } from './waiting';

/** Options that belong in code. Everything else is a setting of the app. */
export interface AnteroomOptions {
  /** Settings by name; `process.env` unless given. The first request reads them. */
  readonly environment?: Environment;
  /**
   * The app's route prefix. Unless given, it is read from `host.json`; `api` when that has none, as for the Functions host.
   * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook#hostjson-settings
   */
  readonly routePrefix?: string;
  /** The path of our functions below the route prefix, without slashes at its ends. `auth` unless given. */
  readonly basePath?: string;
  /** The prefix of our functions' names, so that they differ from the app's own. `auth-` unless given. */
  readonly namePrefix?: string;
  /** The route of the health check below the route prefix. `<basePath>/health` unless given. */
  readonly healthRoute?: string;
  /** The app's own home page. "Home" leads there, and so does a sign-in without a wanted page. `/` unless given. */
  readonly homePath?: string;
  /** Pages of ours that the app leaves out: they get no function and no entry in the menu. */
  readonly omit?: readonly MenuPage[];
}

/** The part of `app` from `@azure/functions` that registers functions. */
export type FunctionsApp = Pick<typeof functionsApp, 'http' | 'timer'>;

/** Sign-in for one Functions app. Two of them in one process share nothing. */
export interface Anteroom {
  /**
   * Registers our functions: sign-in, sign-out, session, pages, health check, and the timer that removes expired rows.
   * @example
   * ```ts
   * import { app } from '@azure/functions';
   * import { anteroom } from 'anteroom';
   *
   * export const auth = anteroom();
   * auth.register(app);
   * ```
   */
  register(app: FunctionsApp): void;
  /**
   * Lets only signed-in people call a handler. A browser is sent to sign in and comes back. Another client gets 401
   * (ERR_SIGNED_OUT) with `login_url`. A request that may change something must come from the app's own pages; others get
   * 403 (ERR_CROSS_SITE). An error that the handler throws becomes an answer too.
   * @example
   * ```ts
   * import { app } from '@azure/functions';
   * import { auth } from './auth.js';
   *
   * app.http('hello', {
   *   authLevel: 'anonymous',
   *   handler: auth.signedIn((_request, { user }) => ({ jsonBody: { hello: user.name } })),
   * });
   * ```
   */
  signedIn(handler: SignedInHandler, options?: GuardOptions): HttpHandler;
  /**
   * Lets only people with at least one of these app roles call a handler. Others get 403 (ERR_ROLE_MISSING) with the name
   * of the first role. They are not sent to sign in again, because that would not help them.
   * @param roles values of app roles, as the role claim of the ID token has them
   * @see https://learn.microsoft.com/entra/identity-platform/howto-add-app-roles-in-apps
   * @example
   * ```ts
   * import { app } from '@azure/functions';
   * import { auth } from './auth.js';
   *
   * app.http('groups', {
   *   authLevel: 'anonymous',
   *   handler: auth.withRole('reader', (_request, { callApi }) => callApi('graph', '/me/memberOf')),
   * });
   * ```
   */
  withRole(
    roles: string | readonly [string, ...string[]],
    handler: SignedInHandler,
    options?: GuardOptions,
  ): HttpHandler;
  /**
   * Lets only the app's own pages and scripts call a handler, signed in or not. Other sites get 403 (ERR_CROSS_SITE). A
   * request without a form in its body needs `X-CSRF: 1` (ERR_CSRF_HEADER), so links do not work with it.
   * @example
   * ```ts
   * import { app } from '@azure/functions';
   * import { auth } from './auth.js';
   *
   * app.http('feedback', {
   *   methods: ['POST'],
   *   authLevel: 'anonymous',
   *   handler: auth.sameOrigin(async (request) => ({ jsonBody: { length: (await request.text()).length } })),
   * });
   * ```
   */
  sameOrigin(handler: HttpHandler, options?: Pick<GuardOptions, 'maxBodyBytes'>): HttpHandler;
}

/** A handler of Azure Functions. Its context also says who is signed in. */
export type SignedInHandler = (
  request: HttpRequest,
  context: SignedInContext,
) => Promise<Answer> | Answer;

/** The answer of a handler: one of Azure's own forms, or a response of `fetch`, as `callApi` returns it. */
export type Answer = HttpResponseInit | HttpResponse | Response;

/** The context of an invocation, and who is signed in. */
export type SignedInContext = InvocationContext & SignedIn;

/** What a guard adds to the context of an invocation. */
export interface SignedIn {
  readonly user: User;
  /** Epoch seconds. */
  readonly session: {
    readonly createdAt: number;
    /** When the session ends if nobody uses it before. */
    readonly idleExpiresAt: number;
    /** When the session ends in any case. */
    readonly expiresAt: number;
  };
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

/** Options of a guard, for one function. */
export interface GuardOptions {
  /** A longer body is refused before it is read: 413 (ERR_BODY_TOO_LARGE). 1 MiB (1,048,576) unless given. */
  readonly maxBodyBytes?: number;
  /** False for a function that scripts call without a person: its requests do not extend the session. True unless given. */
  readonly slides?: boolean;
  /** True reads the tokens together with the session, for a handler that always calls an API. False unless given. */
  readonly withTokens?: boolean;
}

/**
 * Sign-in with Microsoft Entra ID for an app on Azure Functions. It connects to nothing before the first request. Faulty
 * settings are no error here: every function then answers 503 with their names.
 * @throws TypeError for a route that the Functions host would refuse, a home page that is no page of the app, or a
 *   `host.json` that cannot be read
 * @see https://learn.microsoft.com/azure/azure-functions/functions-reference-node
 * @example
 * ```ts
 * import { app } from '@azure/functions';
 * import { anteroom } from 'anteroom';
 *
 * export const auth = anteroom({ homePath: '/api/hello', omit: ['admin'] });
 * auth.register(app);
 * ```
 */
export function anteroom(options: AnteroomOptions = {}): Anteroom {
  return compose(options);
}

/**
 * The same as {@link anteroom}, for this repository's own app.
 * @param more functions that only this app has
 */
export function compose(options: AnteroomOptions, more: readonly HttpFunction[] = []): Anteroom {
  const { basePath = 'auth', namePrefix = 'auth-', omit = [] } = options;
  const { healthRoute = `${basePath}/health` } = options;
  requireHealthRoute(healthRoute);
  const site = siteOf({ ...options, basePath });
  // eslint-disable-next-line no-restricted-properties -- the one place that reads the environment
  const findServices = once(() => servicesOrFaults(options.environment ?? process.env, site));
  const guard = (handler: Handler, { maxBodyBytes }: EndpointOptions): HttpHandler =>
    endpoint(findServices, handler, maxBodyBytes === undefined ? {} : { maxBodyBytes });
  return {
    register: (app) => {
      for (const served of [...functionsOf(omit, `/${healthRoute}`, site), ...more]) {
        const { name, route } = served;
        const fullRoute = route === '/' ? route : routeBelow(basePath, route);
        app.http(namePrefix + name, { route: fullRoute, ...serve(findServices, served) });
      }
      app.timer(`${namePrefix}sweep`, {
        schedule: sweepSchedule,
        handler: createSweep(findServices),
      });
    },
    signedIn: (handler, guardOptions = {}) =>
      guard(signedIn(withPublicContext(handler), sessionOptions(guardOptions)), guardOptions),
    withRole: (roles, handler, guardOptions = {}) => {
      requireRoles(roles);
      const guarded = withRole(roles, withPublicContext(handler), sessionOptions(guardOptions));
      return guard(guarded, guardOptions);
    },
    sameOrigin: (handler, guardOptions = {}) =>
      guard(
        sameOrigin(async ({ request, invocation }) => answerOf(await handler(request, invocation))),
        guardOptions,
      ),
  };
}

function functionsOf(
  omit: readonly MenuPage[],
  healthRoute: string,
  site: Site,
): readonly HttpFunction[] {
  return [
    loginFunction,
    redirectFunction,
    sessionFunction,
    ...logoutFunctions,
    frontChannelLogoutFunction,
    ...createClientFunctions(site),
    ...(omit.includes('me') ? [] : meFunctions),
    ...(omit.includes('sessions') ? [] : sessionsFunctions),
    ...(omit.includes('admin') ? [] : adminFunctions),
    { ...createHealthFunction(), route: healthRoute },
  ];
}

const routeBelow = (basePath: string, route: string): string =>
  route.startsWith('/') ? route.slice(1) : `${basePath}/${route}`;

/** Nobody has a role of an empty list, and the answer could not name a missing role. */
function requireRoles(roles: string | readonly string[]): void {
  const named = [roles].flat();
  if (named.length > 0 && named.every((role) => typeof role === 'string' && role !== '')) return;
  throw new TypeError('withRole needs the name of a role, or a list of them');
}

function sessionOptions({ slides, withTokens }: GuardOptions): SignedInOptions {
  return {
    ...(slides === undefined ? {} : { slides }),
    ...(withTokens === undefined ? {} : { withTokens }),
  };
}

/** Calls a team's handler with the context of its invocation, to which it adds {@link SignedIn}. */
function withPublicContext(handler: SignedInHandler) {
  return async (context: SessionContext): Promise<HttpResponseInit> => {
    const { request, invocation, user, session, accessToken, signal, services } = context;
    const { createdAt, expiresAt, idleExpiresAt } = session;
    const { graphBaseUrl, graphScopes } = services.settings;
    const known: SignedIn = {
      user,
      session: { createdAt, expiresAt, idleExpiresAt },
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

/**
 * The answer of a handler in Azure's own form. Of a response of `fetch`, only the headers about the body are passed on. A
 * response that the handler made keeps its other headers too, but not `Set-Cookie`: cookies need Azure's own form.
 */
function answerOf(answer: Answer | undefined): HttpResponseInit {
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
