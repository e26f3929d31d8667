import { AzFailure } from './az-failure.mjs';

/**
 * What is used of an answer, so that one of another form ends the script before anything is done with it.
 * @typedef {object} Form
 * @property {readonly string[]} [texts] members that must be there and be texts
 * @property {readonly string[]} [lists] members that may be missing or null, else are lists; `web.redirectUris` is one of a member
 */

/**
 * @param {any} answer
 * @param {Form} form
 * @throws {AzFailure} without any value: there may be secrets in it
 */
export function checkAnswer(answer, { texts = [], lists = [] }) {
  if (answer === undefined) throw new AzFailure('az printed nothing, where an answer was due.');
  if (typeof answer !== 'object' || answer === null) throw new AzFailure('an answer is no object.');
  for (const name of texts) {
    if (typeof answer[name] !== 'string' || answer[name] === '')
      throw new AzFailure(`${name} is missing in the answer, or no text.`);
  }
  for (const path of lists) {
    const value = path.split('.').reduce((at, name) => at?.[name], answer) ?? [];
    if (!Array.isArray(value)) throw new AzFailure(`${path} in the answer is no list.`);
  }
}
