import type { MenuPage } from './pages/layout';
import type { Environment } from './settings';
import type { ApisOption } from './tokens/apis';

/**
 * Options that belong in code. Everything else is a setting of the app.
 * @typeParam Api the names of the declared APIs
 */
export interface AnteroomOptions<Api extends string = string> {
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
  /**
   * The APIs that the app calls, by name: lower-case letters, digits and hyphens. `graph` is always there.
   * @example
   * ```ts
   * import { anteroom } from 'anteroom';
   *
   * export const auth = anteroom({
   *   apis: {
   *     orders: { baseUrl: process.env['ORDERS_URL'], scopes: ['api://orders/Orders.Read'] },
   *   },
   * });
   * ```
   */
  readonly apis?: ApisOption<Api>;
}
