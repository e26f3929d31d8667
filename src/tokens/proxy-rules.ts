import { AppError } from '../errors';

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
  /** Headers of an answer that are passed on besides the usual ones. Never cookies, nor rights for other origins. */
  readonly responseHeaders?: readonly string[];
  /** A longer body of a request is 413 (ERR_BODY_TOO_LARGE). 100 MiB (104,857,600) unless given, as for the Functions host. */
  readonly maxBodyBytes?: number;
  /** False where scripts call without a person: their requests do not extend the session. True unless given. */
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
export function requireBytes(option: string, bytes: number): void {
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
