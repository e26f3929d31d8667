import { type app as functionsApp, type HttpHandler } from '@azure/functions';
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
import { answerOf, type SignedInHandler, withPublicContext } from './handler';
import type { AnteroomOptions } from './options';
import type { MenuPage, Site } from './pages/layout';
import { servicesOrFaults } from './services';
import { sameOrigin, signedIn, type SignedInOptions, withRole } from './sign-in/guards';
import { readFunctionTimeout, requireHealthRoute, siteOf } from './site';
import { checkDemand, type StepUpDemand } from './sign-in/step-up';
import { once } from './waiting';

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
   * Lets only people call a handler whose sign-in shows what is demanded: that they met an authentication context of Entra
   * ID (`acrs`), or that they were asked for credentials a short time ago (`maxAge`, in seconds). A browser is sent to the
   * sign-in service for it and comes back. Another client gets 401 (ERR_STEP_UP) with `login_url`. When the sign-in service
   * does not confirm it, the person gets a page that says so (ERR_STEP_UP_UNMET), and no loop.
   *
   * The option `stepUp` does the same for every other guard: `auth.withRole('payer', handler, { stepUp: { acrs: 'c1' } })`.
   * @throws TypeError (when the function is declared) for a demand that demands nothing, or that no sign-in can meet
   * @see https://learn.microsoft.com/entra/identity-platform/developer-guide-conditional-access-authentication-context
   * @see OpenID Connect Core 1.0 section 3.1.2.1 (`max_age`)
   * @example
   * ```ts
   * import { app } from '@azure/functions';
   * import { auth } from './auth.js';
   *
   * app.http('payout', {
   *   authLevel: 'anonymous',
   *   handler: auth.withStepUp({ maxAge: 300 }, (_request, { user }) => ({ jsonBody: { for: user.name } })),
   * });
   * ```
   */
  withStepUp(demand: StepUpDemand, handler: SignedInHandler, options?: GuardOptions): HttpHandler;
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

/** Options of a guard, for one function. */
export interface GuardOptions {
  /** A longer body is refused before it is read: 413 (ERR_BODY_TOO_LARGE). 1 MiB (1,048,576) unless given. */
  readonly maxBodyBytes?: number;
  /** False for a function that scripts call without a person: its requests do not extend the session. True unless given. */
  readonly slides?: boolean;
  /** True reads the tokens together with the session, for a handler that always calls an API. False unless given. */
  readonly withTokens?: boolean;
  /** What the sign-in must show, as for `withStepUp`. A missing role is told first. */
  readonly stepUp?: StepUpDemand;
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
        handler: createSweep(findServices, readFunctionTimeout()),
      });
    },
    signedIn: (handler, guardOptions = {}) =>
      guard(signedIn(withPublicContext(handler), sessionOptions(guardOptions)), guardOptions),
    withRole: (roles, handler, guardOptions = {}) => {
      requireRoles(roles);
      const guarded = withRole(roles, withPublicContext(handler), sessionOptions(guardOptions));
      return guard(guarded, guardOptions);
    },
    withStepUp: (stepUp, handler, guardOptions = {}) => {
      const options = sessionOptions({ ...guardOptions, stepUp });
      return guard(signedIn(withPublicContext(handler), options), guardOptions);
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

function sessionOptions({ slides, withTokens, stepUp }: GuardOptions): SignedInOptions {
  if (stepUp !== undefined) checkDemand(stepUp);
  return {
    ...(stepUp === undefined ? {} : { stepUp }),
    ...(slides === undefined ? {} : { slides }),
    ...(withTokens === undefined ? {} : { withTokens }),
  };
}
