import type { app as functionsApp } from '@azure/functions';
import { activityFunction } from './functions/activity';
import { adminFunctions } from './functions/admin';
import { adminEndFunctions } from './functions/admin-end';
import { createProxyFunctions } from './functions/api-proxy';
import { createBrandFunction, createClientFunctions } from './functions/assets';
import { createFrontEndFunction, lastFunctionName, notFoundFunction } from './functions/front-end';
import { frontChannelLogoutFunction, logoutFunctions } from './functions/logout';
import { createHealthFunction } from './functions/health';
import { loginFunction } from './functions/login';
import { meFunctions, sessionFunction } from './functions/me';
import { createProtectedResourceFunction } from './functions/protected-resource';
import { redirectFunction } from './functions/redirect';
import { sessionsFunctions } from './functions/sessions';
import { createSweep, sweepSchedule } from './functions/sweep';
import { createGuards, type Guards } from './guards';
import type { FindServices } from './http/context';
import { watchHostStreams } from './bodies';
import { endpoint, type HttpFunction, serve } from './http/endpoint';
import { requireHooks } from './http/hooks';
import { type AnteroomOptions, readFunctionTimeout, requireHealthRoute, siteOf } from './options';
import type { MenuPage, Site } from './pages/layout';
import { servicesOrFaults } from './services';
import { declareApis } from './tokens/apis';
import { readGroupRoles } from './tokens/group-roles';
import { once } from './waiting';

/** The part of `app` from `@azure/functions` that registers functions, and a hook for an orderly end of the process. */
export type FunctionsApp = Pick<typeof functionsApp, 'http' | 'timer'> &
  Partial<Pick<typeof functionsApp, 'hook'>>;

/**
 * Sign-in for one Functions app. Two of them in one process share nothing.
 * @typeParam Api the names that `callApi` takes
 */
export interface Anteroom<Api extends string = string> extends Guards<Api> {
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
}

/**
 * Sign-in with Microsoft Entra ID for an app on Azure Functions. It connects to nothing before the first request. With
 * faulty settings it does not throw: every function then answers 503 and names them.
 * @throws TypeError for a route that the Functions host would refuse, a home page that is no page of the app, an API that
 *   is declared wrongly, a group that is no GUID, a hook that is no function, a front end without `index.html`, a
 *   faulty brand, or a `host.json` that cannot be read
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
export function anteroom<Api extends string = never>(
  options: AnteroomOptions<Api> = {},
): Anteroom<Api | 'graph'> {
  return compose(options);
}

/**
 * The same as {@link anteroom}, for this repository's own app.
 * @param more functions that only this app has
 */
export function compose(options: AnteroomOptions, more: readonly HttpFunction[] = []): Anteroom {
  const { basePath = 'auth', namePrefix = 'auth-', omit = [] } = options;
  const { healthRoute = `${basePath}/health` } = options;
  const { frontEnd, notFoundPage = false, onSignIn, onSignOut } = options;
  const hooks = { onSignIn, onSignOut };
  requireHealthRoute(healthRoute);
  requireHooks(hooks);
  const groupRoles = readGroupRoles(options.groupRoles ?? {});
  const site = siteOf({ ...options, basePath });
  const apis = declareApis(options.apis ?? {});
  const proxies = createProxyFunctions(apis, site);
  const lastFunctions =
    frontEnd !== undefined
      ? [createFrontEndFunction(frontEnd, site)]
      : notFoundPage
        ? [notFoundFunction]
        : [];
  // The front end has a home page of its own.
  const others = more.filter(({ route }) => frontEnd === undefined || route !== '/');
  const given = { apis, hooks, groupRoles, hostStreams: watchHostStreams() };
  // eslint-disable-next-line no-restricted-properties -- the one place that reads the environment
  const { environment = process.env } = options;
  const findServices = once(() => servicesOrFaults(environment, site, given));
  // The scopes of the guards, for the metadata. The app makes its guards while it loads, before the first request.
  const scopes = new Set<string>();
  return {
    register: (app) => {
      for (const served of [
        ...functionsOf(omit, `/${healthRoute}`, site, scopes),
        ...proxies,
        ...others,
        ...lastFunctions,
      ]) {
        const { name, route } = served;
        const fullRoute = route === '/' ? route : routeBelow(basePath, route);
        app.http(name === lastFunctionName ? name : namePrefix + name, {
          route: fullRoute,
          ...serve(findServices, served),
        });
      }
      app.timer(`${namePrefix}sweep`, {
        schedule: sweepSchedule,
        handler: createSweep(findServices, readFunctionTimeout()),
      });
      app.hook?.appTerminate(() => flushActivity(findServices));
    },
    ...createGuards(
      (handler, { maxBodyBytes }) =>
        endpoint(findServices, handler, maxBodyBytes === undefined ? {} : { maxBodyBytes }),
      scopes,
    ),
  };
}

/** Before an instance is taken away. When the process is killed, nobody calls it. */
async function flushActivity(findServices: FindServices): Promise<void> {
  const services = findServices();
  if (!('faults' in services)) await services.activity.flush();
}

function functionsOf(
  omit: readonly MenuPage[],
  healthRoute: string,
  site: Site,
  scopes: ReadonlySet<string>,
): readonly HttpFunction[] {
  return [
    loginFunction,
    redirectFunction,
    sessionFunction,
    ...logoutFunctions,
    frontChannelLogoutFunction,
    ...createClientFunctions(site),
    createBrandFunction(site),
    createProtectedResourceFunction(scopes),
    ...(omit.includes('me') ? [] : meFunctions),
    ...(omit.includes('sessions') ? [] : sessionsFunctions),
    ...(omit.includes('admin') ? [] : [...adminFunctions, ...adminEndFunctions, activityFunction]),
    { ...createHealthFunction(), route: healthRoute },
  ];
}

const routeBelow = (basePath: string, route: string): string =>
  route.startsWith('/') ? route.slice(1) : `${basePath}/${route}`;
