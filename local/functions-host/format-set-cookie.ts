import type { RpcHttpCookie } from './rpc';

/**
 * A `Set-Cookie` line as ASP.NET Core writes it: attributes in lower case and in its order, the path
 * `/` where none is given, and the value percent-escaped. So a value should use base64url
 * characters and dots only, or the browser sends back something else than the app set.
 * @throws Error when the name, path or domain is not one a cookie may have
 */
export function formatSetCookie(cookie: RpcHttpCookie): string {
  const name = cookie.name ?? '';
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) {
    throw new Error('The cookie has an invalid name.');
  }
  const expires = cookie.expires?.value?.seconds;
  const maxAge = cookie.maxAge?.value;
  const domain = cookie.domain?.value ?? '';
  const path = cookie.path?.value ?? '/';
  if (/[;,\u0000-\u001f\u007f-\uffff]/.test(domain) || /[;\u0000-\u001f\u007f-\uffff]/.test(path)) {
    throw new Error(`The cookie ${name} has an invalid domain or path.`);
  }
  return [
    `${name}=${escapeValue(cookie.value ?? '')}`,
    isNumber(expires) && `expires=${new Date(expires * 1000).toUTCString()}`,
    isNumber(maxAge) && `max-age=${Math.trunc(maxAge)}`,
    domain !== '' && `domain=${domain}`,
    path !== '' && `path=${path}`,
    cookie.secure?.value === true && 'secure',
    sameSite(cookie.sameSite),
    cookie.httpOnly?.value === true && 'httponly',
  ]
    .filter((part) => typeof part === 'string')
    .join('; ');
}

// As .NET's Uri.EscapeDataString, which leaves alone only what RFC 3986 calls unreserved.
function escapeValue(value: string): string {
  return encodeURIComponent(value.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sameSite(sent: RpcHttpCookie['sameSite']): string | false {
  switch (sent) {
    case 'lax':
    case 'strict':
      return `samesite=${sent}`;
    case 'explicitNone':
      return 'samesite=none';
    case 'none':
    case null:
    case undefined:
      return false;
  }
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === 'number';
}
