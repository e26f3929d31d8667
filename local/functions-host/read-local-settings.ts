import { join } from 'node:path';
import { FaultyFileError, isRecord, readJsonFile } from './read-json-file';

/** What this host heeds of `local.settings.json`. */
export interface LocalSettings {
  /** App settings, by name. The environment stands over them. */
  readonly values: Readonly<Record<string, string>>;
  readonly port: number | undefined;
}

/**
 * Reads `local.settings.json` in the script root: none, no settings.
 * https://learn.microsoft.com/azure/azure-functions/functions-develop-local#local-settings-file
 * @throws FaultyFileError when it is no JSON, or encrypted: only `func` could read that
 */
export function readLocalSettings(scriptRoot: string): LocalSettings {
  const path = join(scriptRoot, 'local.settings.json');
  const file = readJsonFile(path) ?? {};
  if (file['IsEncrypted'] === true) {
    throw new FaultyFileError(`${path} is encrypted. Decrypt it first: func settings decrypt`);
  }
  const values = isRecord(file['Values']) ? file['Values'] : {};
  const host = isRecord(file['Host']) ? file['Host'] : {};
  const port = Number(host['LocalHttpPort'] ?? NaN);
  return {
    values: Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, String(value)]),
    ),
    port: Number.isInteger(port) ? port : undefined,
  };
}
