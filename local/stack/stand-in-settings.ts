import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord, readJsonFile } from '../functions-host/read-json-file';
import { localClientId, localTenantId } from './app-settings';
import type { StackOptions } from './stack-options';
import type { StorageAccount } from './start-azurite';

/**
 * Where the stand-ins must stand for an app that another host starts with `local.settings.json`
 * (`func start`): ports and secrets are those of that file, or of the example it is copied from.
 * @throws TypeError naming the setting that does not lead to this machine's stand-ins
 */
export function standInSettings(root: string): Pick<
  StackOptions,
  'secrets' | 'blobs' | 'appPort' | 'tableName'
> & {
  readonly appPort: number;
} {
  const own = join(root, 'local.settings.json');
  const path = existsSync(own) ? own : join(root, 'local.settings.json.example');
  const values = readJsonFile(path)?.['Values'];
  const read = (name: string): string => {
    const value = isRecord(values) ? values[name] : undefined;
    if (typeof value !== 'string' || value === '') throw new TypeError(`${path} lacks ${name}.`);
    return value;
  };
  if (read('ENTRA_TENANT_ID') !== localTenantId || read('ENTRA_CLIENT_ID') !== localClientId) {
    throw new TypeError(
      `${path} names a real tenant, not the stand-in: it needs no stand-ins beside it.`,
    );
  }
  const connection = connectionParts(read('TABLES_CONNECTION_STRING'));
  const { AzureWebJobsStorage: hostStorage } = isRecord(values) ? values : {};
  const forHost = connectionParts(typeof hostStorage === 'string' ? hostStorage : '');
  const portOf = (name: string, url: string): number => {
    const { hostname, port } = new URL(url);
    // Nothing of the local stack but the app listens on ::1.
    if (hostname !== '127.0.0.1' && hostname !== 'localhost') {
      throw new TypeError(`${name} in ${path} does not lead to this machine.`);
    }
    return Number(port);
  };
  return {
    appPort: portOf('APP_BASE_URL', read('APP_BASE_URL')),
    tableName: read('TABLES_NAME'),
    ...(forHost['BlobEndpoint'] !== undefined && {
      blobs: {
        port: portOf('AzureWebJobsStorage', forHost['BlobEndpoint']),
        account: accountOf(forHost),
      },
    }),
    secrets: {
      account: accountOf(connection),
      keyRingSecret: read('KEY_RING_SECRET'),
      clientSecret: read('ENTRA_CLIENT_SECRET'),
      entraPort: portOf('ENTRA_AUTHORITY', read('ENTRA_AUTHORITY')),
      graphPort: portOf('GRAPH_BASE_URL', read('GRAPH_BASE_URL')),
      tablesPort: portOf('TABLES_CONNECTION_STRING', connection['TableEndpoint'] ?? ''),
    },
  };
}

function accountOf(connection: Readonly<Record<string, string>>): StorageAccount {
  return { name: connection['AccountName'] ?? '', key: connection['AccountKey'] ?? '' };
}

/** `Name=value;…`, where a value may hold further `=`. */
function connectionParts(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(';').map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}
