import { parseCookie } from 'cookie';

/**
 * The cookies that a request brought, by name. A value is `undefined` where it must not be believed: the name came
 * twice, or the value is longer than 4096 characters or not made of base64url characters and dots, as all of ours are.
 */
export type RequestCookies = ReadonlyMap<string, string | undefined>;

/** A browser keeps about 180 cookies for a host. More than this limit is not read. */
const mostPairs = 100;
const longestValue = 4096;

/**
 * Reads a `Cookie` header, once a request. Only a semicolon separates cookies. If a comma did too, a sibling
 * host could plant a `__Host-` cookie in the value of its own (`x=1,__Host-anteroom=…; Domain=contoso.com`): browsers
 * allow that. The Functions host joins repeated headers with a comma, so a value ends at its first comma. Our own
 * values have none.
 * @see RFC 6265 section 4.2.1
 */
export function readCookies(header: string | null): RequestCookies {
  const cookies = new Map<string, string | undefined>();
  for (const pair of header?.split(';', mostPairs) ?? []) {
    // One pair at a time: the parser keeps only the first of two cookies with the same name.
    for (const [name, value = ''] of Object.entries(parseCookie(pair, { decode: asItIs }))) {
      // Two of one name: one of them was planted, and nobody can tell which.
      cookies.set(name, cookies.has(name) ? undefined : believed(value));
    }
  }
  return cookies;
}

function believed(text: string): string | undefined {
  const [value = ''] = text.split(',', 1);
  return value.length <= longestValue && /^[A-Za-z0-9_.-]+$/.test(value) ? value : undefined;
}

function asItIs(value: string): string {
  return value;
}
