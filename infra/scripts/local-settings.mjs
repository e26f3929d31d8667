import {
  accessSync,
  constants,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { checkIgnored } from './entra-app/check-ignored.mjs';
import { portOf, readSettingsFile } from './entra-app/read-settings-file.mjs';
import { Stop } from './entra-app/stop.mjs';

const name = 'local.settings.json';

/**
 * `local.settings.json` of a checkout, which git ignores; from the example where there is none.
 * @param {string} root of the repository
 * @throws {Stop} when git would take the file, when nobody could read it or when it could not be written: before
 *   anything is made in Entra ID
 */
export function openLocalSettings(root) {
  const path = join(root, name);
  checkIgnored(path);
  const isThere = isEntry(path);
  const target = isThere ? targetOf(path) : path;
  const source = isThere ? path : `${path}.example`;
  const settings = beforeAll(() => readSettingsFile(source));
  checkWritable(dirname(target));
  return {
    /** Whether the file was there before. */
    isThere,
    values: settings.Values,
    /**
     * @returns {number | undefined}
     * @throws {Stop} when the file has one that is none
     */
    port: () => portOf(settings, path),
    /**
     * Puts values over those of the file as it is now, and leaves every other setting alone.
     * @param {Record<string, string>} values
     * @param {number} port
     * @returns {boolean} whether the file is another one now
     * @throws {Stop} when somebody has made it unreadable meanwhile
     */
    write(values, port) {
      // Again: an editor may have saved it while Entra ID was asked.
      const held = isEntry(target) ? readFileSync(target, 'utf8') : undefined;
      const now = held === undefined ? settings : readSettingsFile(target);
      const written = {
        ...now,
        Values: { ...now.Values, ...values },
        Host: { ...now.Host, LocalHttpPort: port },
      };
      const text = `${JSON.stringify(written, null, 2)}\n`;
      if (text === held) return false;
      replace(target, text);
      return true;
    },
  };
}

/** A link that leads nowhere is one too. @param {string} path */
function isEntry(path) {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** The file itself, where it is a link the one that it names. @param {string} path */
function targetOf(path) {
  if (!lstatSync(path).isSymbolicLink()) return path;
  let target = '';
  try {
    target = realpathSync(path);
  } catch {
    throw new Stop(
      `${path} is a link to ${readlinkSync(path)}, where no file can be reached. Remove the link, or make the file. Nothing was made in Entra ID.`,
    );
  }
  // Git ignores the link by its name; what it leads to has another.
  checkIgnored(target, { mayBeOutside: true });
  return target;
}

/** @param {string} folder */
function checkWritable(folder) {
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw new Stop(
      `${folder} may not be written to, where ${name} belongs. Nothing was made in Entra ID.`,
    );
  }
}

/**
 * @template T
 * @param {() => T} action
 * @returns {T}
 */
function beforeAll(action) {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    throw new Stop(`${error.message} Nothing was made in Entra ID.`);
  }
}

/**
 * Whole or not at all. On its way the text lies in a folder of its own, all of which git ignores, also when this is
 * killed meanwhile.
 * @param {string} path
 * @param {string} text
 */
function replace(path, text) {
  const folder = mkdtempSync(join(dirname(path), '.local-settings-'));
  try {
    writeFileSync(join(folder, '.gitignore'), '*\n');
    const file = join(folder, basename(path));
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
    renameSync(file, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
