import { isGraph, resourcesOf, scopesOfSignIn } from '../entra/msal-cache';
import { AppError } from '../errors';
import { isScope, mixesDefault, oidcScopes, webAddress } from '../setting-values';
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

const proxyMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** A method that a proxy can pass on. */
export type ProxyMethod = (typeof proxyMethods)[number];

/** The checked options of one proxy. */
export interface ProxyRules {
  readonly methods: readonly ProxyMethod[];
  readonly roles: string | readonly [string, ...string[]] | undefined;
  readonly maxBodyBytes: number;
  readonly slides: boolean;
  /** Lower case. */
  readonly requestHeaders: ReadonlySet<string>;
  /** Lower case. */
  readonly responseHeaders: ReadonlySet<string>;
  /**
   * Checks a path below the base URL, as it is in the address of a request.
   * @throws ERR_BAD_REQUEST for a path that some servers read as another one; ERR_NOT_FOUND for one that is not allowed
   */
  requirePath(path: string): void;
}

/** The longest body that the Functions host takes unless it is told otherwise. */
const defaultMaxBodyBytes = 104_857_600;

/**
 * The rules of a proxy, from its options.
 * @param option its name, for errors
 * @throws TypeError for a method, path, header or limit that cannot be
 */
export function readProxyRules(option: string, options: ProxyOptions): ProxyRules {
  const { methods = proxyMethods, paths, roles, slides = true } = options;
  const { maxBodyBytes = defaultMaxBodyBytes } = options;
  if (methods.length === 0 || !methods.every((method) => proxyMethods.includes(method))) {
    throw new TypeError(`${option}.methods must be some of ${proxyMethods.join(', ')}`);
  }
  requireBytes(`${option}.maxBodyBytes`, maxBodyBytes);
  const patterns = paths?.map((path) => readPattern(`${option}.paths`, path));
  const { requestHeaders = [], responseHeaders = [] } = options;
  return {
    ...{ methods, roles, maxBodyBytes, slides },
    requestHeaders: readHeaders(`${option}.requestHeaders`, requestHeaders, request),
    responseHeaders: readHeaders(`${option}.responseHeaders`, responseHeaders, response),
    requirePath: (path) => {
      const segments = readSegments(path);
      if (patterns === undefined || patterns.some((pattern) => fits(pattern, segments))) return;
      throw new AppError('ERR_NOT_FOUND', { note: 'the proxy does not pass this path on' });
    },
  };
}

/** @throws TypeError for what is not a number of bytes */
function requireBytes(option: string, bytes: number): void {
  if (bytes === Infinity || (Number.isSafeInteger(bytes) && bytes >= 0)) return;
  throw new TypeError(`${option} must be a whole number of bytes`);
}

function readPattern(option: string, path: string): readonly string[] {
  const segments = path.split('/').slice(1);
  const isPattern =
    /^\/[^\s?#%\\]*$/.test(path) &&
    segments.every((segment, at) => segment !== '**' || at === segments.length - 1) &&
    segments.every((segment) => !/^\.{1,2}$/.test(segment));
  if (isPattern) return segments;
  throw new TypeError(`${option} must be paths such as /orders/* or /reports/**, with / first`);
}

function fits(pattern: readonly string[], path: readonly string[]): boolean {
  const hasRest = pattern.at(-1) === '**';
  const fixed = hasRest ? pattern.slice(0, -1) : pattern;
  if (hasRest ? path.length <= fixed.length : path.length !== fixed.length) return false;
  return fixed.every((one, at) => (one === '*' ? path[at] !== '' : one === path[at]));
}

/**
 * The parts of a path, decoded. Servers and frameworks do not agree on what an encoded slash, a dot segment with a
 * parameter, an empty part or a double encoding means. A path that the API reads differently from us would pass the rules.
 */
function readSegments(path: string): readonly string[] {
  const segments = path.split('/').slice(1).map(decode);
  const last = segments.length - 1;
  const isPlain = segments.every(
    (segment, at) =>
      segment !== undefined && (segment !== '' || at === last) && !ambiguous.test(segment),
  );
  if (isPlain && (path === '' || path.startsWith('/'))) return segments.map(String);
  throw new AppError('ERR_BAD_REQUEST', { note: 'the path could be read in several ways' });
}

/**
 * Slashes, control characters, dot segments also with a parameter (`..;a`) or a space (which Windows removes), and what is still
 * encoded.
 */
const ambiguous = /[/\\\u0000-\u001f\u007f]|^\.{1,2}([;\s]|$)|%(2e|2f|5c|25|00)/i;

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

interface HeaderRules {
  /** Passed on always. */
  readonly usual: readonly string[];
  /** Never passed on. */
  readonly never: RegExp;
}

/** Of the connection, of a body's form on its way, and of the session: the same in both directions. */
const ofTheConnection =
  'connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|content-length|.*cookie2?|x-csrf|x-return-to';

const request: HeaderRules = {
  usual: [
    'accept',
    'accept-language',
    'content-encoding',
    'content-language',
    'content-type',
    'if-match',
    'if-modified-since',
    'if-none-match',
    'if-range',
    'if-unmodified-since',
    'prefer',
    'range',
  ],
  // Also what makes some servers take another method, path or sender than those that were checked here.
  never: new RegExp(
    `^(${ofTheConnection}|authorization|accept-encoding|expect|origin|referer|sec-.*|forwarded|x-forwarded-.*|x-functions-key|x-ms-client-principal.*|x-(http-)?method(-override)?|x-original-.*|x-rewrite-url|(x-|true-)?(real|client)-ip)$`,
  ),
};

const response: HeaderRules = {
  usual: [
    'accept-ranges',
    'content-disposition',
    'content-language',
    'content-range',
    'content-type',
    'etag',
    'last-modified',
    'preference-applied',
    'retry-after',
  ],
  // Rights and reports for other origins, rules for the whole origin, a dialog for a password, and another place to go to.
  never: new RegExp(
    `^(${ofTheConnection}|accept-ch|access-control-.*|alt-svc|clear-site-data|content-encoding|content-security-policy.*|critical-ch|cross-origin-.*|document-policy.*|location|nel|origin-agent-cluster|permissions-policy|referrer-policy|refresh|report-to|reporting-endpoints|service-worker-allowed|set-login|speculation-rules|strict-transport-security|timing-allow-origin|www-authenticate|x-content-type-options|x-frame-options)$`,
  ),
};

function readHeaders(
  option: string,
  names: readonly string[],
  { usual, never }: HeaderRules,
): ReadonlySet<string> {
  const lower = names.map((name) => name.toLowerCase());
  if (!lower.every((name) => /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name))) {
    throw new TypeError(`${option} must be names of headers`);
  }
  const refused = lower.find((name) => never.test(name));
  if (refused !== undefined) throw new TypeError(`${option} cannot pass on ${refused}`);
  return new Set([...usual, ...lower]);
}
