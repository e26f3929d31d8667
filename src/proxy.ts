import http from 'node:http';
import https from 'node:https';

/** The environment of a process. Its proxy settings are read and written. */
type ProxyEnvironment = Record<string, string | undefined>;

/**
 * Makes Node follow its own rule for all calls that leave the process, from now on. With `NODE_USE_ENV_PROXY=1` they go
 * through the proxy that `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name. Without it they use none. Calls on loopback never
 * use one. Node reads its environment when it starts, but in Azure a process starts before it has the app's settings.
 * The rule is one for the whole process, whatever else runs in it.
 * https://nodejs.org/docs/latest-v24.x/api/http.html#built-in-proxy-support
 * @throws Error when a proxy's address cannot be understood
 */
export function settleProxy(environment: ProxyEnvironment): void {
  bypassProxyOnLoopback(environment);
  // Node 22 has no such function; there the process must have started with the setting.
  const isSettable = 'setGlobalProxyFromEnv' in http;
  if (asksForProxy(environment) && isSettable) http.setGlobalProxyFromEnv(environment);
}

/**
 * Makes calls on this machine go past the proxy: to the storage emulator, to a local provider, and to the platform's
 * endpoint for tokens of the managed identity. `fetch` reads `NO_PROXY` at each call, and processes that are started later
 * inherit it.
 */
export function bypassProxyOnLoopback(environment: ProxyEnvironment): void {
  // If both names are set, the lower-case one counts.
  const { no_proxy: lower, NO_PROXY: upper, IDENTITY_ENDPOINT: identity = '' } = environment;
  const others = (lower ?? upper ?? '').split(',').map((name) => name.trim());
  // In a container the platform's endpoint has a link-local address.
  const names = [...others, ...loopback, URL.parse(identity)?.hostname ?? ''];
  const all = [...new Set(names.filter((name) => name !== ''))].join(',');
  environment['NO_PROXY'] = all;
  if (lower !== undefined) environment['no_proxy'] = all;
}

/**
 * The hosts of this machine, as parsed URLs have them. What is sent there does not leave it. Only they may be reached over
 * http, and they are never reached through a proxy. Other addresses of 127.0.0.0/8 are not here, since Node's `NO_PROXY`
 * would have to name each.
 */
export const loopbackHosts: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

// As the names stand in URLs, and as they stand in options of `node:http`.
const loopback = [...loopbackHosts, '::1'];

/** Whether calls to other machines go through a proxy. */
export function usesProxy(environment: ProxyEnvironment): boolean {
  const named = Object.entries(environment).filter(([name]) => /^https?_proxy$/i.test(name));
  return asksForProxy(environment) && named.some(([, address = '']) => address !== '');
}

function asksForProxy(environment: ProxyEnvironment): boolean {
  return environment['NODE_USE_ENV_PROXY'] === '1';
}

/** The agent for clients that need one of their own; `undefined` if no proxy is used. */
export function proxyAgent(): http.Agent | undefined {
  const { proxyEnv } = https.globalAgent.options;
  return proxyEnv === undefined ? undefined : new https.Agent({ keepAlive: true, proxyEnv });
}

/** @param hostname of a parsed URL: in lower case, an IPv6 address in brackets */
export function isLoopback(hostname: string): boolean {
  return loopbackHosts.includes(hostname);
}

/** `http:` on this machine, where nobody else can listen. Everywhere else it must be `https:`. */
export function isHttpLoopback({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && isLoopback(hostname);
}

/** An https URL, or http on loopback, without user, query and fragment. */
export function parseUrl(address: string): URL | undefined {
  const url = URL.parse(address);
  const isPlain = url?.username === '' && url.password === '' && url.search + url.hash === '';
  return isPlain && (url.protocol === 'https:' || isHttpLoopback(url)) ? url : undefined;
}

/** The address without a slash at its end, if it is such a URL. */
export function webAddress(address: string): string | undefined {
  return parseUrl(address)?.href.replace(/\/+$/, '');
}
