/**
 * The hosts of this machine, as they stand in parsed URLs. What is sent there never leaves it: they alone may be reached
 * over http, and never through a proxy. Other addresses of 127.0.0.0/8 are not here, since Node's `NO_PROXY` would have
 * to name each.
 */
export const loopbackHosts: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** @param hostname of a parsed URL: in lower case, an IPv6 address in brackets */
export function isLoopback(hostname: string): boolean {
  return loopbackHosts.includes(hostname);
}
