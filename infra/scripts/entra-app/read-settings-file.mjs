import { readFileSync } from 'node:fs';
import { Stop } from './stop.mjs';

/**
 * Settings as the Functions host reads them; `Values` and `Host` are there even when they are missing in the file.
 * @param {string} path
 * @returns {Record<string, any> & { Values: Record<string, unknown>, Host: Record<string, unknown> }}
 * @throws {Stop} what is wrong with the file, without anything of it: it may hold secrets
 */
export function readSettingsFile(path) {
  const settings = json(path);
  if (!isObject(settings)) throw new Stop(`${path} holds no object. Mend it first.`);
  if (settings.IsEncrypted === true)
    throw new Stop(`${path} is encrypted. First: func settings decrypt.`);
  for (const part of ['Values', 'Host']) {
    if (settings[part] !== undefined && !isObject(settings[part]))
      throw new Stop(`${part} in ${path} is no object. Mend it first.`);
  }
  return { ...settings, Values: settings.Values ?? {}, Host: settings.Host ?? {} };
}

/**
 * @param {ReturnType<typeof readSettingsFile>} settings
 * @param {string} path for people
 * @returns {number | undefined} where there is none
 * @throws {Stop} when it is no port
 */
export function portOf({ Host: { LocalHttpPort: port } }, path) {
  if (port === undefined) return undefined;
  if (typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Stop(
    `Host.LocalHttpPort in ${path} is no number from 1 to 65535. Mend it, or say --port. Nothing was made in Entra ID.`,
  );
}

/** @param {string} path @returns {unknown} */
function json(path) {
  let text = '';
  try {
    // Some editors put a byte order mark first.
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch {
    throw new Stop(`${path} cannot be read.`);
  }
  try {
    return JSON.parse(text);
  } catch {
    // Without the reason: it quotes the file.
    throw new Stop(
      `${path} is not plain JSON: a comment, a comma too many? Comments would be lost, so they must go first.`,
    );
  }
}

/** @param {unknown} value @returns {value is Record<string, any>} */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
