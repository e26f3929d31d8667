import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stop } from './deploy/az.mjs';

/** @typedef {Record<string, any> & { value: string }} Entry a role or a scope, as infra/types.bicep has it */

/**
 * The app roles and the scopes of a team, which npm run package and infra/entra-app.mjs read before they make anything.
 * @param {string} root of the repository @throws {Stop} what is wrong, where Entra ID or the template would refuse it
 */
export function readLists(root) {
  const [roles, scopes] = [readList(root, 'role'), readList(root, 'scope')];
  const values = [{ value: 'admin' }, ...roles, ...scopes].map(({ value }) => value.toLowerCase());
  if (new Set(values).size === values.length) return { roles, scopes };
  throw new Stop(
    'app-roles.json and exposed-scopes.json have a value twice, or the value admin, which is there without it. Entra ID takes each value once, for a role or for a scope, and capitals and small letters for the same.',
  );
}

const isText = (/** @type {unknown} */ one) => typeof one === 'string' && one.trim() !== '';
const isFlag = (/** @type {unknown} */ one) => typeof one === 'boolean';
/** What may be in an entry, and what it must be. @type {Record<string, (one: any) => boolean>} */
const parts = {
  // https://learn.microsoft.com/graph/api/resources/approle
  value: (one) => isText(one) && /^(?!\.)[\x21\x23-\x5b\x5d-\x7e]{1,120}$/.test(one),
  ...{ displayName: isText, description: isText, isEnabled: isFlag },
};
const kinds = {
  role: {
    ...{ file: 'infra/app-roles.json', what: 'app roles', example: 'reader' },
    parts: {
      ...parts,
      allowedMemberTypes: (/** @type {any} */ one) =>
        Array.isArray(one) && /^(User|Application)(,(User|Application))*$/.test(one.join()),
    },
  },
  scope: {
    ...{ file: 'infra/exposed-scopes.json', what: 'scopes', example: 'Notes.Read' },
    parts: { ...parts, adminsOnly: isFlag },
  },
};

/** @param {string} root @param {keyof typeof kinds} kind @returns {Entry[]} */
export function readList(root, kind) {
  const { file, what, example, parts: known } = kinds[kind];
  /** @type {Record<string, (one: any) => boolean>} */
  const checks = known;
  try {
    // Some editors put a byte order mark first.
    const list = JSON.parse(readFileSync(join(root, file), 'utf8').replace(/^\uFEFF/, ''));
    const isRight = (/** @type {object} */ entry) =>
      'value' in entry && Object.entries(entry).every(([name, part]) => checks[name]?.(part));
    if (list.every(isRight)) return list;
  } catch {
    // Told below: not there, not JSON or no list.
  }
  throw new Stop(
    `${file} is not a list of ${what}, as in [{ "value": "${example}", "displayName": "Some text" }]. A value has at most 120 letters from A to Z, digits and signs, and no space. infra/types.bicep says what else an entry may have.`,
  );
}
