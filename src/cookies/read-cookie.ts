import { parseCookie } from 'cookie';

const longestValue = 4096;

/**
 * The value of our cookie `name` in a `Cookie` header, or `undefined` when it is absent, there
 * twice, longer than 4096 characters, or not made of base64url characters and dots, as all of our
 * values are.
 *
 * The Functions host joins repeated `Cookie` headers with a comma, which RFC 6265 section 4.2.1
 * does not allow inside our values; so a comma parts cookies here as a semicolon does.
 */
export function readCookie(header: string | null, name: string): string | undefined {
  const values = pairsOf(header).filter((pair) => pair.name === name);
  const [first] = values;
  // Two cookies of one name: one of them was planted, and nobody can tell which.
  if (first === undefined || values.length > 1) return undefined;
  if (first.value.length > longestValue || !/^[A-Za-z0-9_.-]+$/.test(first.value)) return undefined;
  return first.value;
}

/** Each cookie name with this prefix once, in the order of the header. */
export function listCookieNames(header: string | null, prefix: string): readonly string[] {
  const names = pairsOf(header).map(({ name }) => name);
  return [...new Set(names)].filter((name) => name.startsWith(prefix));
}

function pairsOf(header: string | null): readonly { name: string; value: string }[] {
  if (header === null) return [];
  // One pair at a time: the parser keeps only the first of two cookies with the same name.
  return header.split(/[;,]/).flatMap((pair) =>
    Object.entries(parseCookie(pair, { decode: asItIs })).map(([name, value]) => ({
      name,
      value: value ?? '',
    })),
  );
}

function asItIs(value: string): string {
  return value;
}
