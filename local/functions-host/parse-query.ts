import { decodePercent } from './decode-path';

/**
 * The query as the real host reads it: keys without regard to case, the values of a repeated key
 * joined with a comma under the key's first spelling.
 * @param raw with or without the leading `?`
 */
export function parseQuery(raw: string): Readonly<Record<string, string>> {
  const values = new Map<string, { readonly key: string; readonly value: string }>();
  for (const pair of raw.replace(/^\?/, '').split('&')) {
    if (pair === '') {
      continue;
    }
    const [name = '', ...rest] = pair.split('=');
    const key = decode(name);
    const known = values.get(key.toLowerCase());
    const value = decode(rest.join('='));
    values.set(
      key.toLowerCase(),
      known === undefined ? { key, value } : { key: known.key, value: `${known.value},${value}` },
    );
  }
  return Object.fromEntries([...values.values()].map(({ key, value }) => [key, value]));
}

function decode(text: string): string {
  return decodePercent(text.replaceAll('+', ' '));
}
