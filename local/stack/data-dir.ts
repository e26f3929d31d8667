import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../../src/bodies';
import { readJsonFile } from '../host/host-files';
import { freePort, isPortFree } from '../loopback/processes';
import { createStorageAccount } from '../tables/azurite';
import type { StackOptions, StackSecrets } from './options';

/** The folder of `--data` cannot be used. The message is for people and says what to do. */
export class DataDirError extends Error {}

const ignoreAll = '*\n';
const ownFiles = ['stack.json', 'entra.json'];

/**
 * Makes the folder for the state of the stack, or checks an existing one. Only its owner can read it, and it has a
 * `.gitignore`, since it holds a signing key, refresh tokens and secrets.
 * @throws DataDirError when it cannot be made or holds files of somebody else
 */
export function prepareDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const files = readdirSync(dataDir);
    if (files.length > 0 && !isOurs(dataDir, files)) {
      throw new DataDirError(
        `--data ${dataDir}: the folder holds other files, and secrets must not lie beside them. Name a folder that is new or empty.`,
      );
    }
    chmodSync(dataDir, 0o700);
    if (!files.includes('.gitignore')) {
      writeFileSync(join(dataDir, '.gitignore'), ignoreAll, { mode: 0o600 });
    }
  } catch (error) {
    throw error instanceof DataDirError ? error : new DataDirError(explain(dataDir, error));
  }
}

function isOurs(dataDir: string, files: readonly string[]): boolean {
  const marks = files.includes('.gitignore')
    ? readFileSync(join(dataDir, '.gitignore'), 'utf8') === ignoreAll
    : false;
  return marks || ownFiles.some((name) => files.includes(name));
}

function explain(dataDir: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EEXIST':
    case 'ENOTDIR':
      return `--data ${dataDir}: there is a file of that name (or of a folder above). Name a folder.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `--data ${dataDir}: you may not write there. Name a folder of your own.`;
    default:
      return `--data ${dataDir}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/**
 * New secrets, or those kept in `dataDir`. The first run writes them there, readable by the owner only. The folder must
 * exist. The stand-ins get the preferred ports where these are free. The provider keeps its port.
 * @throws Error when what is kept cannot be read
 */
export async function stackSecrets({
  dataDir,
  preferredPorts,
}: Pick<StackOptions, 'dataDir' | 'preferredPorts'>): Promise<StackSecrets> {
  const entraPort = await ifFree(preferredPorts?.entra);
  const ports = {
    graphPort: await ifFree(preferredPorts?.graph),
    ordersPort: await ifFree(preferredPorts?.orders),
    tablesPort: 0,
  };
  if (dataDir === undefined) {
    return createSecrets({ ...ports, entraPort });
  }
  const path = join(dataDir, 'stack.json');
  const kept = readJsonFile(path);
  if (kept !== undefined) {
    return parseSecrets(kept, path, ports);
  }
  const keptPort = entraPort === 0 ? await freePort() : entraPort;
  const secrets = createSecrets({ ...ports, entraPort: keptPort });
  writeFileSync(path, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  return secrets;
}

async function ifFree(port = 0): Promise<number> {
  return port !== 0 && (await isPortFree(port)) ? port : 0;
}

type Ports = Omit<StackSecrets, 'account' | 'keyRingSecret' | 'clientSecret'>;

function createSecrets(ports: Ports): StackSecrets {
  return {
    account: createStorageAccount(),
    keyRingSecret: randomBytes(32).toString('base64url'),
    clientSecret: randomBytes(32).toString('base64url'),
    ...ports,
  };
}

function parseSecrets(
  kept: Readonly<Record<string, unknown>>,
  path: string,
  ports: Omit<Ports, 'entraPort'>,
): StackSecrets {
  const { account, keyRingSecret, clientSecret, entraPort } = kept;
  if (
    isObject(account) &&
    typeof account['name'] === 'string' &&
    typeof account['key'] === 'string' &&
    typeof keyRingSecret === 'string' &&
    typeof clientSecret === 'string' &&
    typeof entraPort === 'number'
  ) {
    const { name, key } = account;
    return { account: { name, key }, keyRingSecret, clientSecret, entraPort, ...ports };
  }
  throw new Error(`${path} was not written by this stack. Delete the folder to begin again.`);
}
