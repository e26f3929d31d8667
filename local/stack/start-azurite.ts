import { RestError, TableClient } from '@azure/data-tables';
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { endProcess } from './end-process';
import { freePort } from './free-port';

/** A storage account of the emulator. */
export interface StorageAccount {
  /** 3 to 24 lower-case letters and digits. */
  readonly name: string;
  /** base64 */
  readonly key: string;
}

/** Azurite's table service, running in a process of its own. */
export interface Azurite {
  readonly endpoint: string;
  readonly connectionString: string;
  stop(): Promise<void>;
}

/** A storage account with a name and key that nobody else has. */
export function createStorageAccount(): StorageAccount {
  return {
    name: `local${randomBytes(8).toString('hex')}`,
    key: randomBytes(64).toString('base64'),
  };
}

/**
 * Starts Azurite's table service on 127.0.0.1, without telemetry.
 * @param options `dataDir`: where the rows stay; without it they live in memory. The account must be
 * the same each time for the rows to be found again.
 * @throws Error with what Azurite said when it does not start
 */
export async function startAzurite(
  options: {
    readonly port?: number;
    readonly dataDir?: string;
    readonly account?: StorageAccount;
  } = {},
): Promise<Azurite> {
  const port = options.port ?? (await freePort());
  const { name, key } = options.account ?? createStorageAccount();
  const place =
    options.dataDir === undefined ? ['--inMemoryPersistence'] : ['--location', options.dataDir];
  const child = fork(
    new URL('./azurite-process.mjs', import.meta.url),
    [
      ...['--tableHost', '127.0.0.1', '--tablePort', String(port), ...place],
      ...['--silent', '--disableTelemetry', '--skipApiVersionCheck'],
    ],
    { silent: true, env: { ...process.env, AZURITE_ACCOUNTS: `${name}:${key}` } },
  );
  await new Promise<void>((resolve, reject) => {
    let said = '';
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      if (said.includes('successfully started')) {
        resolve();
      }
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('exit', () => {
      reject(new Error(`Azurite did not start on port ${port}:\n${said}`));
    });
  });
  const endpoint = `http://127.0.0.1:${port}/${name}`;
  return {
    endpoint,
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${name};AccountKey=${key};TableEndpoint=${endpoint};`,
    stop: () => endProcess(child),
  };
}

/** Makes the table, as Bicep does in Azure: the app itself never does. One that is there is left alone. */
export async function createTable(connectionString: string, tableName: string): Promise<void> {
  const client = TableClient.fromConnectionString(connectionString, tableName, {
    allowInsecureConnection: true,
  });
  try {
    await client.createTable();
  } catch (error) {
    if (!(error instanceof RestError && error.statusCode === 409)) {
      throw error;
    }
  }
}
