import { AzFailure } from './az-failure.mjs';

/**
 * The object that the Azure CLI printed, undefined where it printed nothing or `null`. Warnings may come before it on
 * lines of their own.
 * @param {string} printed
 * @returns {any}
 * @throws {AzFailure} without what was printed, which may be a secret
 */
export function readAnswer(printed) {
  const text = printed.replace(/^\uFEFF/, '').trim();
  if (text === '' || text === 'null') return undefined;
  const starts = [0, ...[...text.matchAll(/\n(?=\{)/g)].map(({ index }) => index + 1)];
  for (const start of starts) {
    const value = parsed(text.slice(start));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  }
  throw new AzFailure('az printed something that is not JSON, or no object. It is not shown here.');
}

/** @param {string} text @returns {unknown} */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    // Without the reason: it quotes the text.
    return undefined;
  }
}
