import {
  type app as functionsApp,
  type HttpHandler,
  type HttpRequest,
  HttpResponse,
  type HttpResponseInit,
  type InvocationContext,
} from '@azure/functions';
import { adminFunctions } from './functions/admin';
import { clientFunctions } from './functions/client';
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
import type { MenuPage } from './pages/layout';
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

/** What is code and not configuration. Everything else is a setting of the app. */
export interface AnteroomOptions {
  /** Settings by name; `process.env` unless given. They are read when the first request comes. */
  readonly environment?: Environment;
  /** The app's route prefix. Read from `host.json` unless given: `api` when it says nothing, as the Functions host has it. */
  readonly routePrefix?: string;
  /** Where our functions stand below the route prefix. `auth` unless given. */
  readonly basePath?: string;
  /** In front of the names of our functions, so that they differ from the app's own. `auth-` unless given. */
  readonly namePrefix?: string;
  /** Route of the health check below the route prefix. `<basePath>/health` unless given. */
  readonly healthRoute?: string;
  /** The app's own page to which "Home" leads, and people without another page go. `/` unless given. */
  readonly homePath?: string;
  /** Pages of ours that the app does not serve: they have no function and no entry in the menu. */
  readonly omit?: readonly MenuPage[];
}

/** The part of `app` of `@azure/functions` by which functions are registered. */
export type FunctionsApp = Pick<typeof functionsApp, 'http' | 'timer'>;

/** Sign-in for one Functions app. Two of them in one process share nothing. */
export interface Anteroom {
  /**
   * Registers our functions: sign-in, sign-out, session, pages, health and the timer that removes expired rows.
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
   * Opens a handler to people who are signed in. A browser is sent to sign in and comes back; another client gets 401 with
   * `login_url`. What the handler throws becomes an answer too. A request that may change something must come from the
   * app's own pages.
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
   * Opens a handler to people with at least one of these app roles. Others get 403 that names the first, and are not sent
   * to sign in again: that would not help them.
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
   * Opens a handler to requests of the app's own pages and scripts, signed in or not. Others get 403 ERR_CROSS_SITE.
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

/** A handler as Azure Functions has it, with what the guard knows in its context. */
export type SignedInHandler = (
  request: HttpRequest,
  context: SignedInContext,
) => Promise<Answer> | Answer;

/** What a handler may give: Azure's own forms, or an answer of `fetch`, as `callApi` returns it. */
export type Answer = HttpResponseInit | HttpResponse | Response;

/** The context of an invocation, and who is signed in. */
export type SignedInContext = InvocationContext & SignedIn;

/** What a guard adds to the context of an invocation. */
export interface SignedIn {
  readonly user: User;
  /** Epoch seconds. */
  readonly session: {
    readonly createdAt: number;
    /** When it ends if nothing is done until then. */
    readonly idleExpiresAt: number;
    /** When it ends in any case. */
    readonly expiresAt: number;
  };
  /**
   * Calls Microsoft Graph as the user, as `fetch` does; 429 and 503 are tried once more where Graph asks for a short wait.
   * @param path below `GRAPH_BASE_URL`, `/me/memberOf` for instance
   * @throws ERR_STEP_UP when the user must go through the provider once more (it becomes an answer by itself),
   *   ERR_PROVIDER_UNAVAILABLE, ERR_GRAPH_UNAVAILABLE. Any other answer of Graph is returned
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
   * An access token for an API, as the user; refreshed when it has expired. Give it to that API alone.
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
  /** Aborted when the request's deadline has passed. Give it to everything that waits. */
  readonly signal: AbortSignal;
}

/** How a guard treats the requests of one function. */
export interface GuardOptions {
  /** Longer bodies are refused before they are read: 413, ERR_BODY_TOO_LARGE. 1 MiB unless given. */
  readonly maxBodyBytes?: number;
  /** False for a function that scripts ask by themselves: its requests do not keep the session alive. */
  readonly slides?: boolean;
  /** Reads the tokens together with the session, for handlers that always call an API. */
  readonly withTokens?: boolean;
}

/**
 * Sign-in with Microsoft Entra ID for an app on Azure Functions. Nothing is connected before the first request. Faulty
 * settings are no error here: every function then answers 503 and names them.
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
 * The same for this repository's own app, which has one page more.
 * @param more functions that other apps do not get
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
      for (const served of [...functionsOf(omit, `/${healthRoute}`), ...more]) {
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

function functionsOf(omit: readonly MenuPage[], healthRoute: string): readonly HttpFunction[] {
  return [
    loginFunction,
    redirectFunction,
    sessionFunction,
    ...logoutFunctions,
    frontChannelLogoutFunction,
    ...clientFunctions,
    ...(omit.includes('me') ? [] : meFunctions),
    ...(omit.includes('sessions') ? [] : sessionsFunctions),
    ...(omit.includes('admin') ? [] : adminFunctions),
    { ...createHealthFunction(), route: healthRoute },
  ];
}

const routeBelow = (basePath: string, route: string): string =>
  route.startsWith('/') ? route.slice(1) : `${basePath}/${route}`;

/** Nobody has the role of an empty list, so nobody could be told which role is missing. */
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

/** A team's handler, called with the context of its invocation and what we know besides. */
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
 * Of an answer that `fetch` gave, only those headers pass that say something of the body. One that the handler made is
 * answered as it is; its cookies must be those of Azure's own form.
 */
function answerOf(answer: Answer | undefined): HttpResponseInit {
  // As without a guard.
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
  // The host reads the body after the deadline of the request has been taken away.
  const body = isFetched && answer.body ? endWhenStalled(answer.body, stallMs) : answer.body;
  return { status: answer.status, headers: passed, body };
}

/** As long as a request has to answer. */
const stallMs = 8_500;

/** No cookie of the API, and no rights for other origins. */
const fetchedHeaders = ['content-type', 'content-language', 'content-disposition', 'retry-after'];

/** Of an answer that a handler made out of another one: `fetch` has decoded its body, and its cookies are the API's. */
const bodilessHeaders = ['content-encoding', 'content-length', 'transfer-encoding', 'set-cookie'];
