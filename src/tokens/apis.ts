import { isGraph, resourcesOf, scopesOfSignIn } from '../entra/msal-cache';
import { isScope, oidcScopes, webAddress } from '../setting-values';
import type { Settings } from '../settings';
import { type ProxyOptions, type ProxyRules, readProxyRules, requireBytes } from './proxy-rules';

/**
 * An API that the app calls: an entry of the option `apis`.
 * @example
 * ```ts
 * import { anteroom, type ApiOptions } from 'anteroom';
 *
 * const orders: ApiOptions = {
 *   baseUrl: process.env['ORDERS_URL'],
 *   scopes: ['api://orders/Orders.Read'],
 *   consentAtSignIn: true,
 * };
 * export const auth = anteroom({ apis: { orders } });
 * ```
 */
export interface ApiOptions {
  /**
   * The address below which everything of this API stands: https, or http on loopback; no query. It may come from an
   * environment variable. If it is not set, or not such an address, the app still starts. Each function
   * that calls this API then answers 503 (ERR_API_SETTINGS).
   */
  readonly baseUrl: string | undefined;
  /** Scopes of this one API, for example `api://orders/Orders.Read`. At most 20. */
  readonly scopes: readonly string[];
  /**
   * True asks for consent to these scopes at each sign-in, together with `GRAPH_SCOPES`. Unless given, a user is asked when
   * the API is first called: a scope that only an administrator may grant would keep everybody out of the app.
   * @see https://learn.microsoft.com/entra/identity-platform/consent-types-developer#incremental-and-dynamic-user-consent
   */
  readonly consentAtSignIn?: boolean;
  /**
   * A longer answer of the API is not passed on: ERR_API_REFUSED. 100 MiB (104,857,600) unless given; with HTTP streams in
   * the proxy, no limit unless given.
   */
  readonly maxAnswerBytes?: number;
  /**
   * Serves this API to the app's own pages, at `/api/<name>/`. True passes on every path and the usual methods. The API
   * decides what the user may do there.
   * @see {@link ProxyOptions}
   */
  readonly proxy?: boolean | ProxyOptions;
}

/** An API that can be called. */
export interface Api {
  readonly name: string;
  /** No trailing slash. When it cannot be used: what is wrong with it. */
  readonly baseUrl: string | { readonly fault: string };
  readonly scopes: readonly string[];
  /** The scope of the app's own token: `<resource>/.default`. */
  readonly appScope: string;
  readonly consentAtSignIn: boolean;
  readonly maxAnswerBytes: number | undefined;
  /** `undefined` for an API that the app's own pages cannot reach. */
  readonly proxy: ProxyRules | undefined;
}

/** The option `apis`: by name. */
export type ApisOption<Name extends string = string> = Readonly<Record<Name, ApiOptions>>;

const maxScopes = 20;

/**
 * The declared APIs, checked.
 * @throws TypeError for what is wrong in code: a name, scopes, a limit
 */
export function declareApis(apis: ApisOption): readonly Api[] {
  return Object.entries(apis).map(([name, options]) => declareApi(name, options));
}

function declareApi(name: string, options: ApiOptions): Api {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) {
    throw new TypeError(
      `apis: the name ${JSON.stringify(name)} must be lower-case letters, digits and hyphens, 32 at most, with a letter first`,
    );
  }
  if (name === 'graph') {
    throw new TypeError(
      'apis.graph is declared already, by GRAPH_BASE_URL and GRAPH_SCOPES: give another name',
    );
  }
  const { scopes, consentAtSignIn = false, maxAnswerBytes, proxy = false } = options;
  requireScopes(`apis.${name}.scopes`, scopes);
  requireBytes(`apis.${name}.maxAnswerBytes`, maxAnswerBytes ?? Infinity);
  if (proxy !== false && /^(admin|runtime)/.test(name)) {
    throw new TypeError(
      `apis.${name}: the Functions host has no route that begins with admin or runtime`,
    );
  }
  return {
    name,
    baseUrl: readBaseUrl(options.baseUrl),
    scopes,
    appScope: appScopeOf(scopes),
    consentAtSignIn,
    maxAnswerBytes,
    proxy:
      proxy === false
        ? undefined
        : readProxyRules(`apis.${name}.proxy`, proxy === true ? {} : proxy),
  };
}

function requireScopes(option: string, scopes: unknown): asserts scopes is readonly string[] {
  const isList =
    Array.isArray(scopes) &&
    scopes.length > 0 &&
    scopes.length <= maxScopes &&
    scopes.every(isScope);
  if (!isList) throw new TypeError(`${option} must be a list of 1 to ${maxScopes} scopes`);
  if (scopes.some((scope) => oidcScopes.has(scope.toLowerCase()))) {
    throw new TypeError(`${option} must not hold ${[...oidcScopes].join(', ')}`);
  }
  const resources = resourcesOf(scopes);
  if (resources.length > 1) {
    throw new TypeError(
      `${option} must be scopes of one API, but they are of ${resources.join(' and ')}: declare one API for each`,
    );
  }
}

/** An environment variable that the portal leaves empty counts as not set, as for our settings. */
function readBaseUrl(text: string | undefined): Api['baseUrl'] {
  const address = text?.trim() ?? '';
  if (address === '') return { fault: 'baseUrl is not set' };
  return (
    webAddress(address) ?? {
      fault: 'baseUrl must be an https URL without query or fragment (http on loopback only)',
    }
  );
}

/**
 * `api://orders/Orders.Read` belongs to `api://orders`. A name without a resource is Graph's.
 * @see https://learn.microsoft.com/entra/identity-platform/scopes-oidc#the-default-scope
 */
function appScopeOf([scope = '']: readonly string[], graph = publicGraph): string {
  const end = scope.lastIndexOf('/');
  return `${end < 0 ? graph : scope.slice(0, end)}/.default`;
}

const publicGraph = 'https://graph.microsoft.com';

/** Microsoft Graph, as the settings have it. */
export function graphApi({ graphBaseUrl, graphScopes }: Settings): Api {
  const scopes = scopesOfSignIn(graphScopes);
  const { origin } = new URL(graphBaseUrl);
  return {
    name: 'graph',
    baseUrl: graphBaseUrl,
    scopes,
    appScope: appScopeOf(scopes, isGraph(origin) ? origin : publicGraph),
    // Each sign-in asks for all of GRAPH_SCOPES anyway.
    consentAtSignIn: false,
    maxAnswerBytes: undefined,
    proxy: undefined,
  };
}
