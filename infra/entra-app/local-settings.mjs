import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stop } from '../../scripts/deploy/az.mjs';

/** @import { Context, Json } from './graph.mjs' */

const dayMs = 86_400_000;

/**
 * `local.settings.json` of a checkout; from the example where there is none.
 * @param {string} root of the repository @throws {Stop} when git would take the file or it cannot be read: before anything is made in Entra ID
 */
export function openLocalSettings(root) {
  const name = 'local.settings.json';
  const path = join(root, name);
  // Without what git sets for its hooks: with GIT_DIR it would ask another clone.
  const own = Object.entries(process.env).filter(([key]) => !key.startsWith('GIT_'));
  const options = { cwd: root, env: Object.fromEntries(own), timeout: 30_000 };
  if (spawnSync('git', ['check-ignore', '--quiet', name], options).status !== 0)
    throw new Stop(
      'git does not say that it ignores local.settings.json, which will hold a secret. Is this a clone with its .gitignore? Nothing was made.',
    );
  const isThere = existsSync(path);
  const settings = read(isThere ? path : `${path}.example`);
  const port = settings.Host?.LocalHttpPort ?? 7071;
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Stop(`Host.LocalHttpPort in ${path} is not a port. Correct it first.`);
  /** Leaves every other setting as it is now; the file is whole, or the old one. @param {Json} values @param {number} wantedPort */
  const write = (values, wantedPort) => {
    // Again: an editor may have saved it while Entra ID was asked.
    const now = existsSync(path) ? read(path) : settings;
    now.Values = { ...now.Values, ...values };
    now.Host = { ...now.Host, LocalHttpPort: wantedPort };
    // Beside it, under a name that git ignores too (*.log): the folder for temporary files may be on another disk.
    const fresh = `${path}.${process.pid}.log`;
    try {
      writeFileSync(fresh, `${JSON.stringify(now, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
      renameSync(fresh, path);
    } finally {
      rmSync(fresh, { force: true });
    }
  };
  return { values: isThere ? settings.Values : {}, port, write };
}

/** @param {string} path @returns {Json} */
function read(path) {
  try {
    // Some editors put a byte order mark first.
    const settings = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
    const parts = [settings, (settings.Values ??= {}), (settings.Host ??= {})];
    if (parts.every((part) => typeof part === 'object' && !Array.isArray(part))) return settings;
  } catch {
    // Without the reason, which quotes the file.
  }
  throw new Stop(`${path} is not plain JSON with Values and Host. Remove comments first.`);
}

/**
 * Writes the registration into local.settings.json, with a new secret where there is none that lasts. The secret goes from the Azure
 * CLI to the file, and is nowhere in between.
 * @param {Context} context @param {{ id: string, appId: string, secrets: readonly Json[] }} registration
 * @param {ReturnType<typeof openLocalSettings>} file @param {{ values: Json, port: number, isNew: boolean }} wanted
 */
export async function ensureLocalSecret({ graph, say }, { id, appId, secrets }, file, wanted) {
  const { values, port, isNew } = wanted;
  const held = file.values['ENTRA_CLIENT_ID'] === appId ? file.values['ENTRA_CLIENT_SECRET'] : '';
  // Graph tells the first three characters of a secret, the hint. Should two begin alike, the earlier counts.
  const ends = secrets
    .filter(({ hint }) => typeof held === 'string' && hint === held.slice(0, 3))
    .map(({ endDateTime }) => Date.parse(endDateTime));
  const lastsForAWeek = ends.length > 0 && Math.min(...ends) - Date.now() > 7 * dayMs;
  if (!isNew && lastsForAWeek) {
    file.write(values, port);
    return say('local.settings.json: written, the secret kept');
  }
  const endDateTime = new Date(Date.now() + 90 * dayMs).toISOString();
  const passwordCredential = { displayName: 'local development', endDateTime };
  // https://learn.microsoft.com/graph/api/application-addpassword
  const path = `applications/${id}/addPassword`;
  const doing = 'make a secret; a tenant may forbid secrets (app management policy)';
  const made = await graph.send({ method: 'POST', path, body: { passwordCredential }, doing });
  const { secretText, keyId } = made ?? {};
  try {
    if (typeof secretText !== 'string') throw new Stop('its answer has none');
    file.write({ ...values, ENTRA_CLIENT_SECRET: secretText }, port);
  } catch (error) {
    // Any other message might quote what was to be written.
    const why =
      error instanceof Stop || Reflect.get(Object(error), 'code') ? `${error}` : 'a fault';
    throw new Stop(
      `a secret was made, but could not be written (${why}). Nobody has it. Remove it, then run this again:\naz ad app credential delete --id ${appId} --key-id ${keyId}`,
    );
  }
  say(`local.settings.json: written with a new secret until ${endDateTime.slice(0, 10)}. Older ones:
  az ad app credential list --id ${appId}`);
}
