import { RestError, TableClient } from '@azure/data-tables';
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { endProcess, onDeath } from './end-process';
import { freePort } from './free-port';

/** A storage account of the emulator. */
export interface StorageAccount {
  /** 3 to 24 lower-case letters and digits. */
  readonly name: string;
  /** base64 */
  readonly key: string;
}

/** A service of Azurite, running in a process of its own. */
export interface Azurite {
  readonly endpoint: string;
  readonly connectionString: string;
  stop(): Promise<void>;
}

/** What the stack uses of Azurite: tables for the app, blobs for `func start` and its timers. */
export type AzuriteService = 'table' | 'blob';

/** How to start a service. */
export interface AzuriteOptions {
  readonly port?: number;
  /** Where the rows or blobs stay; without it they live in memory. */
  readonly dataDir?: string;
  /** Must be the same each time for what is kept to be found again. */
  readonly account?: StorageAccount;
  /** Told when Azurite ends though nobody asked it to. */
  readonly onDeath?: () => void;
}

/** A storage account with a name and key that nobody else has. */
export function createStorageAccount(): StorageAccount {
  return {
    name: `local${randomBytes(8).toString('hex')}`,
    key: randomBytes(64).toString('base64'),
  };
}

/**
 * Starts a service of Azurite on 127.0.0.1, without telemetry.
 * @throws Error with what Azurite said when it does not start
 */
export async function startAzurite(
  service: AzuriteService,
  options: AzuriteOptions = {},
): Promise<Azurite> {
  const port = options.port ?? (await freePort());
  const { name, key } = options.account ?? createStorageAccount();
  const place =
    options.dataDir === undefined ? ['--inMemoryPersistence'] : ['--location', options.dataDir];
  const child = fork(
    new URL('./azurite-process.mjs', import.meta.url),
    [
      ...[service, `--${service}Host`, '127.0.0.1', `--${service}Port`, String(port), ...place],
      ...['--silent', '--disableTelemetry', '--skipApiVersionCheck'],
    ],
    {
      silent: true,
      // In a group of its own: a Ctrl-C in the terminal would reach it too, and Azurite that is asked
      // to end twice ends without writing its data.
      detached: true,
      windowsHide: true,
      env: { ...process.env, AZURITE_ACCOUNTS: `${name}:${key}` },
    },
  );
  await new Promise<void>((resolve, reject) => {
    let said = '';
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      if (/successfully (started|listens)/.test(said)) {
        resolve();
      }
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('exit', () => {
      const reason = new Error(
        `Azurite's ${service} service did not start on port ${port}:\n${said}`,
      );
      const isTaken = said.includes('EADDRINUSE');
      reject(isTaken ? Object.assign(reason, { code: 'EADDRINUSE', port }) : reason);
    });
  });
  onDeath(child, options.onDeath);
  const endpoint = `http://127.0.0.1:${port}/${name}`;
  return {
    endpoint,
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${name};AccountKey=${key};${service === 'blob' ? 'Blob' : 'Table'}Endpoint=${endpoint};`,
    stop: () =>
      endProcess(
        child,
        () => {
          child.disconnect();
        },
        // What it keeps is written as it ends.
        options.dataDir === undefined ? undefined : 12_000,
      ),
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
