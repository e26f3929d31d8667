import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord, readJsonFile } from '../functions-host/read-json-file';
import { freePort, isPortFree } from './free-port';
import type { StackOptions } from './stack-options';
import { createStorageAccount, type StorageAccount } from './start-azurite';

/** What must stay the same for sessions to outlive a restart of the stack. Ports: 0 is any that is free. */
export interface StackSecrets {
  readonly account: StorageAccount;
  /** 32 bytes, base64url: KEY_RING_SECRET. */
  readonly keyRingSecret: string;
  readonly clientSecret: string;
  /** The issuer's URL holds it, and the user's key holds the issuer. */
  readonly entraPort: number;
  readonly graphPort: number;
  readonly tablesPort: number;
}

/**
 * Fresh secrets, or those kept in `dataDir`, a folder that is there (written at the first time, for the
 * owner's eyes only). Ports of stand-ins are the preferred ones where they are free; the provider's is kept.
 * @throws Error when what is kept cannot be read
 */
export async function stackSecrets({
  dataDir,
  preferredPorts,
}: Pick<StackOptions, 'dataDir' | 'preferredPorts'>): Promise<StackSecrets> {
  const entraPort = await ifFree(preferredPorts?.entra);
  const graphPort = await ifFree(preferredPorts?.graph);
  if (dataDir === undefined) {
    return createSecrets(entraPort, graphPort);
  }
  const path = join(dataDir, 'stack.json');
  const kept = readJsonFile(path);
  if (kept !== undefined) {
    return parseSecrets(kept, path, graphPort);
  }
  const secrets = createSecrets(entraPort === 0 ? await freePort() : entraPort, graphPort);
  writeFileSync(path, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  return secrets;
}

async function ifFree(port = 0): Promise<number> {
  return port !== 0 && (await isPortFree(port)) ? port : 0;
}

function createSecrets(entraPort: number, graphPort: number): StackSecrets {
  return {
    account: createStorageAccount(),
    keyRingSecret: randomBytes(32).toString('base64url'),
    clientSecret: randomBytes(32).toString('base64url'),
    entraPort,
    graphPort,
    tablesPort: 0,
  };
}

function parseSecrets(
  kept: Readonly<Record<string, unknown>>,
  path: string,
  graphPort: number,
): StackSecrets {
  const { account, keyRingSecret, clientSecret, entraPort } = kept;
  if (
    isRecord(account) &&
    typeof account['name'] === 'string' &&
    typeof account['key'] === 'string' &&
    typeof keyRingSecret === 'string' &&
    typeof clientSecret === 'string' &&
    typeof entraPort === 'number'
  ) {
    const { name, key } = account;
    const ports = { entraPort, graphPort, tablesPort: 0 };
    return { account: { name, key }, keyRingSecret, clientSecret, ...ports };
  }
  throw new Error(`${path} is not what this stack wrote. Delete the folder to start afresh.`);
}
