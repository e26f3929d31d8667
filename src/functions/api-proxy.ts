import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import type { Handler } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { requireCsrfHeader } from '../http/request';
import { foreignHeaders } from '../http/responses';
import type { Site } from '../pages/layout';
import { type SessionContext, type SessionHandler, signedIn, withRole } from '../sign-in/guards';
import { watchBody } from '../bodies';
import type { Api, ProxyRules } from '../tokens/apis';
import { baseUrlOf } from '../tokens/call-api';

/**
 * A function for each API that has a proxy, at `/api/<name>/{*path}` of the app. It lets scripts of the app's own pages call
 * the API as the signed-in user: the token is added here, and no answer of ours has it.
 *
 * Each request needs `X-CSRF: 1`, a GET too. No page of another site can send that header, no link and no form can have it,
 * and no answer of the API can be opened as a page of this origin.
 * @throws TypeError for an API whose proxy would stand where our own functions are
 */
export function createProxyFunctions(apis: readonly Api[], site: Site): readonly HttpFunction[] {
  return apis.flatMap((api) => {
    const { name, proxy: rules } = api;
    if (rules === undefined) return [];
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
