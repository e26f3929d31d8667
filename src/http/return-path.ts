const maxBytes = 1024;
const base = 'https://origin.invalid';

/**
 * Where to go after signing in: a path on this origin, or `/` for anything else.
 *
 * Looking at the text alone is not enough, since browsers read `\` as `/`, drop tabs and line ends, and resolve
 * dots: `/\evil.example`, `/<tab>/evil.example` and `/.//evil.example` all leave the origin. So the text is parsed as
 * a browser would, and what was parsed is checked again and used.
 * @see https://url.spec.whatwg.org/#concept-basic-url-parser
 */
export function localPath(value: string | null | undefined): string {
  if (value === null || value === undefined) return '/';
  if (!value.startsWith('/') || Buffer.byteLength(value) > maxBytes) return '/';
  // Control characters, backslashes and lone surrogates have no place in a path that we made.
  if (/[\u0000-\u0020\u007f-\u009f\\]/.test(value) || !value.isWellFormed()) return '/';
  const url = URL.parse(value, base);
  if (url?.origin !== base || url.username !== '') return '/';
  if (/^\/(\/|%2f|%5c)/i.test(url.pathname)) return '/';
  // Going back into the sign-in itself would loop.
  if (/^\/auth\/(login|redirect|logout|signed-out)(\/|$)/i.test(decoded(url.pathname))) return '/';
  const path = url.pathname + url.search + url.hash;
  return Buffer.byteLength(path) > maxBytes ? '/' : path;
}

/** As the host reads it when it looks for the route; unreadable escapes stay as they are. */
function decoded(pathname: string): string {
  return pathname.replace(/%[0-7][0-9a-f]/gi, (escape) => decodeURIComponent(escape));
}
