import { isGraph, resourcesOf, scopesOfSignIn } from '../entra/msal-cache';
import { webAddress } from '../proxy';
import { isScope, mixesDefault, oidcScopes } from '../setting-values';
import type { Settings } from '../settings';

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
   * the API is first called: a scope that only an administrator may grant would keep everybody out of the app. Entra ID takes
   * `.default` beside no other scope, so the user is asked for it when the API is first called.
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
  readonly proxy: ProxyOptions | undefined;
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
    proxy: proxy === false ? undefined : proxy === true ? {} : proxy,
  };
}

function requireScopes(option: string, scopes: unknown): asserts scopes is readonly string[] {
  const isList =
    Array.isArray(scopes) &&
    scopes.length > 0 &&
    scopes.length <= maxScopes &&
    scopes.every(isScope);
  if (!isList) throw new TypeError(`${option} must be a list of 1 to ${maxScopes} scopes`);
  if (scopes.some((scope) => oidcScopes.includes(scope.toLowerCase()))) {
    throw new TypeError(`${option} must not hold ${oidcScopes.join(', ')}`);
  }
  if (mixesDefault(scopes)) throw new TypeError(`${option} must not have .default beside others`);
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

/**
 * What the proxy of an API passes on.
 * @example
 * ```ts
 * import { anteroom, type ProxyOptions } from 'anteroom';
 *
 * const proxy: ProxyOptions = { methods: ['GET'], paths: ['/orders/*'], roles: 'reader' };
 * export const auth = anteroom({
 *   apis: { orders: { baseUrl: process.env['ORDERS_URL'], scopes: ['api://orders/Orders.Read'], proxy } },
 * });
 * ```
 */
export interface ProxyOptions {
  /** GET, HEAD, POST, PUT, PATCH and DELETE unless given. The host answers 404 to every other method. */
  readonly methods?: readonly ProxyMethod[];
  /**
   * Paths below the API's base URL. `*` stands for one part of a path, and `/**` at the end for one or more: `/orders/*`,
   * `/reports/**`. Every other path is 404 (ERR_NOT_FOUND). All paths unless given.
   */
  readonly paths?: readonly string[];
  /** App roles, of which a user must have one (else 403, ERR_ROLE_MISSING). No role is needed unless given. */
  readonly roles?: string | readonly [string, ...string[]];
  /** Headers of a request that are passed on besides the usual ones. Never cookies or tokens. */
  readonly requestHeaders?: readonly string[];
  /** Headers of an answer that are passed on besides the usual ones. Never cookies, and never rights for other origins. */
  readonly responseHeaders?: readonly string[];
  /** A longer body of a request is 413 (ERR_BODY_TOO_LARGE). 100 MiB (104,857,600) unless given, as for the Functions host. */
  readonly maxBodyBytes?: number;
  /** False if scripts call without a person: their requests do not extend the session. True unless given. */
  readonly slides?: boolean;
}

export const proxyMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** A method that a proxy can pass on. */
export type ProxyMethod = (typeof proxyMethods)[number];

/** @throws TypeError for what is not a number of bytes */
export function requireBytes(option: string, bytes: number): void {
  if (bytes === Infinity || (Number.isSafeInteger(bytes) && bytes >= 0)) return;
  throw new TypeError(`${option} must be a whole number of bytes`);
}

/**
 * A request to an API, in the words of `fetch`.
 * @example
 * ```ts
 * import type { ApiRequest } from 'anteroom';
 *
 * export const newOrder: ApiRequest = { method: 'POST', body: new URLSearchParams({ item: '7' }) };
 * ```
 */
export interface ApiRequest {
  /** GET unless given. */
  readonly method?: string;
  readonly headers?: Headers | Readonly<Record<string, string>>;
  /**
   * A stream is sent as it comes, without being held in memory. It can be sent only once, so nothing is tried again, and an
   * answer that redirects is ERR_API_REFUSED.
   */
  readonly body?: ApiBody | null;
  /** Of the token; those of the declaration unless given. */
  readonly scopes?: readonly string[];
  /**
   * True calls the API as the app itself, without the user: by client credentials. The API sees the app's own permissions,
   * so check before what this user may do. False unless given.
   */
  readonly asApp?: boolean;
  /** Ends the call before the deadline of the request does: ERR_API_UNAVAILABLE. That of a `Request` counts too. */
  readonly signal?: AbortSignal;
}

/** What `fetch` of Node.js can send. */
export type ApiBody =
  string | Uint8Array | URLSearchParams | FormData | Blob | ReadableStream<Uint8Array>;

/** `ApiRequest` cannot say it: TypeScript knows this form of `Uint8Array` since 5.7, and the types of the package go further back. */
export type SentBody = Exclude<ApiBody, Uint8Array> | Uint8Array<ArrayBuffer>;

/** A request that can be sent: its address is below the base URL of its API. */
export interface OutgoingRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: SentBody | null;
  /** Each ends the call. */
  readonly signals: readonly AbortSignal[];
}
