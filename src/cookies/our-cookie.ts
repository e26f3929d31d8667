import type { Cookie } from '@azure/functions';

/** Where the app is served; the settings are one. */
export interface CookiePlace {
  /** `__Host-` and `Secure` only work on https. */
  readonly isHttps: boolean;
  /** The port on loopback, where several apps share one host: cookies do not depend on the port. */
  readonly loopbackPort: number | undefined;
}

/**
 * The name under which a browser gets a cookie of ours.
 * @param name `anteroom`, alone or followed by a dash and more; a port stands right behind it
 * @see RFC 6265bis section 4.1.3.2 (a browser takes `__Host-` only from this host, over https) and section 8.5
 */
export function ourCookieName(name: string, { isHttps, loopbackPort }: CookiePlace): string {
  const own = loopbackPort === undefined ? name : name.replace(/^anteroom/, `$&-${loopbackPort}`);
  return isHttps ? `__Host-${own}` : own;
}

/**
 * A cookie for `response.cookies`, as all of ours are: of this host alone, unseen by scripts, never
 * sent along when another site caused the request.
 */
export function ourCookie(name: string, value: string, place: CookiePlace): Cookie {
  return {
    name: ourCookieName(name, place),
    value,
    path: '/',
    httpOnly: true,
    sameSite: 'Strict',
    secure: place.isHttps,
  };
}

/** Removes a cookie from the browser. By Max-Age: the Functions host drops `expires: new Date(0)`. */
export function clearingCookie(name: string, place: CookiePlace): Cookie {
  return { ...ourCookie(name, '', place), maxAge: 0 };
}
