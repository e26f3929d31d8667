import { execFileSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Stop } from './entra-app/stop.mjs';

const name = 'local.settings.json';

/**
 * `local.settings.json` of a checkout, which git ignores; from the example where there is none.
 * @param {string} root of the repository
 * @throws {Stop} when git would take the file, when nobody could read it or when it could not be written: before
 *   anything is made in Entra ID
 */
export function openLocalSettings(root) {
  checkIgnored(root);
  const path = join(root, name);
  const isThere = existsSync(path);
  const source = isThere ? path : join(root, `${name}.example`);
  const settings = parse(source);
  // Where it is a link, the file that it names.
  const target = isThere ? realpathSync(path) : path;
  try {
    accessSync(dirname(target), constants.W_OK);
  } catch {
    throw new Stop(
      `${dirname(target)} may not be written to, where ${name} belongs. Nothing was made in Entra ID.`,
    );
  }
  return {
    /** Whether the file was there before. */
    isThere,
    /** @type {Record<string, unknown>} */
    values: settings.Values,
    /** @type {number | undefined} */
    port: Number.isInteger(settings.Host.LocalHttpPort) ? settings.Host.LocalHttpPort : undefined,
    /**
     * Puts values over those of the file, and leaves every other setting alone.
     * @param {Record<string, string>} values
     * @param {number} port
     * @returns {boolean} whether the file is another one now
     */
    write(values, port) {
      const written = {
        ...settings,
        Values: { ...settings.Values, ...values },
        Host: { ...settings.Host, LocalHttpPort: port },
      };
      const text = `${JSON.stringify(written, null, 2)}\n`;
      if (isThere && text === readFileSync(target, 'utf8')) return false;
      replace(target, text);
      return true;
    },
  };
}

/** @param {string} root */
function checkIgnored(root) {
  try {
    execFileSync('git', ['check-ignore', '--quiet', name], {
      cwd: root,
      stdio: 'ignore',
      timeout: 30_000,
    });
  } catch (error) {
    const status = error instanceof Error ? Reflect.get(error, 'status') : undefined;
    throw new Stop(
      status === 1
        ? `${name} is not ignored by git, which would take the secret. Put it into .gitignore. Nothing was made.`
        : `git could not say whether it ignores ${name} in ${root}. Is git installed, and this a clone? Nothing was made.`,
    );
  }
}

/** @param {string} path */
function parse(path) {
  const settings = json(path);
  if (!isObject(settings))
    throw new Stop(`${path} holds no object. Mend it; nothing was made in Entra ID.`);
  if (settings.IsEncrypted === true) {
    throw new Stop(
      `${path} is encrypted. First: func settings decrypt. Nothing was made in Entra ID.`,
    );
  }
  for (const part of ['Values', 'Host']) {
    if (settings[part] !== undefined && !isObject(settings[part])) {
      throw new Stop(`${part} in ${path} is no object. Mend it; nothing was made in Entra ID.`);
    }
  }
  return { ...settings, Values: settings.Values ?? {}, Host: settings.Host ?? {} };
}

/** @param {string} path */
function json(path) {
  let text = '';
  try {
    // Some editors put a byte order mark first.
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch {
    throw new Stop(`${path} cannot be read. Nothing was made in Entra ID.`);
  }
  try {
    return JSON.parse(text);
  } catch {
    // Without the reason: it quotes the file, which may hold secrets.
    throw new Stop(
      `${path} is not plain JSON: a comment, a comma too many? Comments would be lost, so they must go first. Nothing was made in Entra ID.`,
    );
  }
}

/** @param {unknown} value @returns {value is Record<string, any>} */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Whole or not at all. On its way the text lies under the same name in a folder of its own, which git ignores too.
 * @param {string} path
 * @param {string} text
 */
function replace(path, text) {
  const folder = mkdtempSync(join(dirname(path), '.local-settings-'));
  try {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
    renameSync(file, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
