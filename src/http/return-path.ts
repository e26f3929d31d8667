/** Of a wanted page: it is kept in a cookie when it does not fit into `state`. */
const maxBytes = 2048;
/** Of the same page as a value in a query: some hosts take 4,096 characters, and our own parameters need a few of them. */
const maxInQuery = 3900;
const base = 'https://origin.invalid';

/**
 * Where to go after signing in: a path on this origin, or `/` for anything else, also for one that is too long.
 *
 * Looking at the text alone is not enough, since browsers read `\` as `/`, drop tabs and line ends, and resolve
 * dots: `/\evil.example`, `/<tab>/evil.example` and `/.//evil.example` all leave the origin. So the text is parsed as
 * a browser would, and what was parsed is checked again and used.
 * @see https://url.spec.whatwg.org/#concept-basic-url-parser
 */
export function localPath(value: string | null | undefined): string {
  const path = parseLocal(value);
  return isTooLong(path) ? '/' : path;
}

/** A page that somebody wants, as far as a sign-in can remember it. */
export interface WantedPage {
  /** What is remembered: the page, or its path alone when the whole is too long. */
  readonly path: string;
  /** The page that is too long to remember. The person must be told. */
  readonly lost?: string;
}

/** The page in `value`, when it is a path on this origin; else the home page. */
export function wantedPage(value: string | null | undefined): WantedPage {
  const whole = parseLocal(value);
  if (!isTooLong(whole)) return { path: whole };
  return { path: localPath(whole.split(/[?#]/)[0]), lost: whole };
}

/** Where to sign in and come back to `returnPath`, which was checked. */
export function loginPathTo(returnPath: string, prompt?: 'select_account'): string {
  const encoded = encodeURIComponent(returnPath);
  // A query may hold most characters as they are, so a long path fits.
  const value = encoded.length > maxInQuery ? encodeSparingly(returnPath) : encoded;
  return `/auth/login?return_to=${value}${prompt === undefined ? '' : `&prompt=${prompt}`}`;
}

function isTooLong(path: string): boolean {
  return Buffer.byteLength(path) > maxBytes || encodeSparingly(path).length > maxInQuery;
}

/** What was parsed as a URL has no spaces, double quotes or other alphabets any more. */
function encodeSparingly(path: string): string {
  return path.replace(/[%&#+]/g, encodeURIComponent);
}

/** A path on this origin as browsers read it, however long; `/` for anything else. */
function parseLocal(value: string | null | undefined): string {
  if (value === null || value === undefined || !value.startsWith('/')) return '/';
  // Control characters and lone surrogates have no place in an address, and a backslash none in its path.
  if (/[\u0000-\u001f\u007f-\u009f]|^[^?#]*\\/.test(value) || !value.isWellFormed()) return '/';
  const url = URL.parse(value, base);
  if (url?.origin !== base || url.username !== '') return '/';
  if (/^\/(\/|%2f|%5c)/i.test(url.pathname)) return '/';
  // Going back into the sign-in itself would loop.
  if (/^\/auth\/(login|redirect|logout|signed-out)(\/|$)/i.test(decoded(url.pathname))) return '/';
  return url.pathname + url.search + url.hash;
}

/** As the host reads it when it looks for the route; unreadable escapes stay as they are. */
function decoded(pathname: string): string {
  return pathname.replace(/%[0-7][0-9a-f]/gi, (escape) => decodeURIComponent(escape));
}
