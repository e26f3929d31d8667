import type { Cookie } from '@azure/functions';

/** Where the app is served: `__Host-` and `Secure` only work on https. */
export interface CookiePlace {
  readonly isHttps: boolean;
}

/** RFC 6265bis section 4.1.3.2: a browser takes `__Host-` only from this host, over https. */
export function ourCookieName(name: string, { isHttps }: CookiePlace): string {
  return isHttps ? `__Host-${name}` : name;
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
