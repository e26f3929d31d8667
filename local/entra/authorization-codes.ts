import { createHash } from 'node:crypto';

/**
 * The code as the browser carries it: Microsoft Entra ID's are about one to 2.4 thousand characters long, those of
 * guests and of Azure AD B2C longer.
 * @param length null: one that such codes have
 */
export function lengthenCode(code: string, length: number | null): string {
  const wanted = length ?? usualLength(code);
  return `1.${code}.${paddingOf(code, Math.max(0, wanted - code.length - 3))}`;
}

/** The code that `lengthenCode` got; for anything else, a code that nobody has. */
export function shortenCode(long: string): string {
  const [, code = '', padding = ''] = /^1\.([^.]+)\.([\w-]*)$/.exec(long) ?? [];
  const isWhole = code !== '' && padding !== '';
  return isWhole && padding === paddingOf(code, padding.length) ? code : '-';
}

function usualLength(code: string): number {
  return 1000 + (createHash('sha256').update(`length|${code}`).digest().readUInt16BE() % 1400);
}

function paddingOf(code: string, length: number): string {
  let padding = '';
  for (let part = 0; padding.length < length; part += 1) {
    padding += createHash('sha512').update(`${part}|${code}`).digest('base64url');
  }
  return padding.slice(0, length);
}
