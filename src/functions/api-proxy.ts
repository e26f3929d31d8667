import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import type { Handler } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { requireCsrfHeader } from '../http/request';
import { foreignHeaders } from '../http/responses';
import type { Site } from '../pages/layout';
import { type SessionContext, type SessionHandler, signedIn, withRole } from '../sign-in/guards';
import { watchBody } from '../bodies';
import {
  type Api,
  type ProxyMethod,
  proxyMethods,
  type ProxyOptions,
  requireBytes,
} from '../tokens/apis';
import { baseUrlOf } from '../tokens/call-api';

/**
 * A function for each API that has a proxy, at `/api/<name>/{*path}` of the app. It lets scripts of the app's own pages call
 * the API as the signed-in user: the token is added here, and no answer of ours has it.
 *
 * Each request needs `X-CSRF: 1`, a GET too. No page of another site can send that header, no link and no form can have it,
 * and no answer of the API can be opened as a page of this origin.
 * @throws TypeError for an API whose proxy would stand where our own functions are, and as {@link readProxyRules}
 */
export function createProxyFunctions(apis: readonly Api[], site: Site): readonly HttpFunction[] {
  return apis.flatMap((api) => {
    const { name, proxy } = api;
    if (proxy === undefined) return [];
    const rules = readProxyRules(`apis.${name}.proxy`, proxy);
    const prefix = proxyPath(site, name);
    if (`${site.authPath}/`.startsWith(`${prefix}/`)) {
      throw new TypeError(`apis.${name}: ${prefix} is the path of the sign-in: give another name`);
    }
    const route = `${prefix.slice(site.routePrefix.length)}/{*path}`;
    const { methods, roles, slides, maxBodyBytes } = rules;
    const pass: SessionHandler = (context) => passOn(context, { api, rules, prefix });
    const options = { withTokens: true, slides };
    const any = roles === undefined ? signedIn(pass, options) : withRole(roles, pass, options);
    return [{ name: `api-${name}`, route, methods, any: ownScriptsOnly(any), maxBodyBytes }];
  });
}

/** The path of an API's proxy. A route prefix that ends in `api` does not get it twice. */
function proxyPath({ routePrefix }: Site, name: string): string {
  return /(^|\/)api$/i.test(routePrefix) ? `${routePrefix}/${name}` : `${routePrefix}/api/${name}`;
}

/** Comes before the guard, which would send a browser to sign in, and then to an address that shows nothing. */
function ownScriptsOnly(handler: Handler): Handler {
  return (context) => {
    requireCsrfHeader(context.request, context.services.settings.baseUrl);
    return handler(context);
  };
}

interface Proxy {
  readonly api: Api;
  readonly rules: ProxyRules;
  /** The path of this proxy, with the route prefix. */
  readonly prefix: string;
}

/**
 * Sends a request on to the API, and its answer back. Both bodies are passed on while they come.
 * @throws ERR_BAD_REQUEST, ERR_NOT_FOUND, ERR_BODY_TOO_LARGE, ERR_API_REFUSED for a redirect to another place; as `callApi`
 */
async function passOn(context: SessionContext, proxy: Proxy): Promise<HttpResponseInit> {
  const { request, api: caller } = context;
  const { api, rules } = proxy;
  const target = targetOf(context, proxy);
  const wanted = [...request.headers].filter(([name]) => rules.requestHeaders.has(name));
  const headers = new Headers(wanted);
  const body = await bodyOf(context);
  // Some servers take no body without its length: the Functions host, for one. The host has checked it against the body.
  const length = request.headers.get('content-length');
  if (body !== null && length !== null) headers.set('content-length', length);
  const answer = await caller.callApi(api.name, target, { method: request.method, headers, body });
  const passed = foreignHeaders(answer.headers, (name) => rules.responseHeaders.has(name));
  const location = readLocation(answer, proxy);
  if (location !== undefined) passed.set('location', location);
  return { status: answer.status, headers: passed, body: answer.body };
}

/** The address at the API. The host has resolved dot segments in the path, and the rules refuse what else leads elsewhere. */
function targetOf({ path }: SessionContext, { api, rules, prefix }: Proxy): string {
  const [pathname = '', ...query] = path.split('?');
  const rest = pathname.slice(prefix.length);
  // The host finds routes in any case.
  if (pathname.slice(0, prefix.length).toLowerCase() !== prefix.toLowerCase()) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'the path is not that of the proxy' });
  }
  rules.requirePath(rest);
  return baseUrlOf(api) + rest + (query.length === 0 ? '' : `?${query.join('?')}`);
}

/** 1 MiB. A body of this length is read as a whole, so that it can be sent again. */
const maxWholeBytes = 1_048_576;

/**
 * The body of the request; a long one while it comes. The endpoint limits its length. A request goes on for as long as parts of
 * its body come.
 */
async function bodyOf(context: SessionContext) {
  const { request } = context;
  const { body } = request;
  if (body === null) return null;
  // Without a length nobody knows how long it is.
  const length = Number(request.headers.get('content-length') ?? Infinity);
  if (length <= maxWholeBytes) return new Uint8Array(await request.arrayBuffer());
  return watchBody(body, {
    broken: (cause) => new AppError('ERR_BAD_REQUEST', { note: 'the body broke off', cause }),
    onPart: context.extendDeadline,
  });
}

/**
 * `Location` of an answer as an address of this app, if it is below the base URL of the API.
 * @throws ERR_API_REFUSED for a redirect to any other place: the browser would go there without the token
 */
function readLocation(
  { status, headers, url }: Response,
  { api, prefix }: Proxy,
): string | undefined {
  const location = headers.get('location');
  const isRedirect = status >= 300 && status < 400 && status !== 304;
  if (location === null) return undefined;
  const base = baseUrlOf(api);
  const { href } = URL.parse(location, url) ?? { href: '' };
  if (href === base || href.startsWith(`${base}/`)) return prefix + href.slice(base.length);
  if (!isRedirect) return undefined;
  const note = `${api.name} redirects to an address that is not below its base URL`;
  throw new AppError('ERR_API_REFUSED', { note, api: api.name });
}

/** The checked options of one proxy. */
interface ProxyRules {
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
