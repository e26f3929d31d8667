import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { RestError } from '@azure/data-tables';
import { createTableClient } from '../../src/storage/table-client';
import { endProcess, freePort, onDeath } from '../loopback/processes';

/** A storage account of the emulator. */
export interface StorageAccount {
  /** 3 to 24 lower-case letters and digits. */
  readonly name: string;
  /** base64 */
  readonly key: string;
}

/** A service of Azurite, running in a process of its own. Its tables answer as Azure Table Storage does. */
export interface Azurite {
  readonly pid: number | undefined;
  /** Port of Azurite itself, behind the proxy that answers as the live service does. */
  readonly azuritePort: number;
  readonly endpoint: string;
  readonly connectionString: string;
  stop(): Promise<void>;
}

/** What the stack uses of Azurite: tables for the app, blobs for `func start` and its timers. */
export type AzuriteService = 'table' | 'blob';

/** How to start a service. */
export interface AzuriteOptions {
  readonly port?: number;
  /** Folder for the rows or blobs. Without it they are in memory. */
  readonly dataDir?: string;
  /** Must stay the same, or the rows that were kept are not found again. */
  readonly account?: StorageAccount;
  /** Called when Azurite ends by itself. */
  readonly onDeath?: () => void;
  /** The built `azurite-process.mjs`, if it is not beside this file. */
  readonly script?: string;
  /** True: a running Azurite does not keep this process alive. It ends when this process ends. */
  readonly isLeftRunning?: boolean;
}

/** A storage account with a name and key that nobody else has. */
export function createStorageAccount(): StorageAccount {
  return {
    name: `local${randomBytes(8).toString('hex')}`,
    key: randomBytes(64).toString('base64'),
  };
}

/**
 * Starts a service of Azurite on 127.0.0.1, without telemetry. Tables answer as the live service does.
 * @throws Error with what Azurite said when it does not start
 */
export async function startAzurite(
  service: AzuriteService,
  options: AzuriteOptions = {},
): Promise<Azurite> {
  const port = options.port ?? (await freePort());
  const azuritePort = service === 'table' ? await freePort() : port;
  const account = options.account ?? createStorageAccount();
  const child = forkAzurite(service, { port, azuritePort, account }, options);
  await untilStarted(child, service, port);
  onDeath(child, options.onDeath);
  if (options.isLeftRunning === true) letGo(child);
  const { name, key } = account;
  const endpoint = `http://127.0.0.1:${port}/${name}`;
  return {
    pid: child.pid,
    azuritePort,
    endpoint,
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${name};AccountKey=${key};${service === 'blob' ? 'Blob' : 'Table'}Endpoint=${endpoint};`,
    stop: () =>
      endProcess(
        child,
        () => {
          child.disconnect();
        },
        // With a folder, Azurite writes the rows at the end.
        options.dataDir === undefined ? undefined : 12_000,
      ),
  };
}

function forkAzurite(
  service: AzuriteService,
  where: { readonly port: number; readonly azuritePort: number; readonly account: StorageAccount },
  { dataDir, script }: AzuriteOptions,
): ChildProcess {
  const { port, azuritePort, account } = where;
  const kept = dataDir === undefined ? ['--inMemoryPersistence'] : ['--location', dataDir];
  return fork(
    script ?? new URL('./azurite-process.mjs', import.meta.url),
    [
      ...[
        service,
        `${port}`,
        `--${service}Host`,
        '127.0.0.1',
        `--${service}Port`,
        `${azuritePort}`,
      ],
      ...kept,
      ...['--silent', '--disableTelemetry', '--skipApiVersionCheck'],
    ],
    {
      silent: true,
      // In its own process group, or Ctrl-C in the terminal would reach it too. When Azurite is asked twice to end, it
      // does not write its data.
      detached: true,
      windowsHide: true,
      env: { ...process.env, AZURITE_ACCOUNTS: `${account.name}:${account.key}` },
    },
  );
}

async function untilStarted(
  child: ChildProcess,
  service: AzuriteService,
  port: number,
): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      if (/successfully (started|listens)/.test(said)) resolve();
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
}

/** Azurite ends by itself when this process is gone. */
function letGo(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
  child.stdout?.destroy();
  child.stderr?.destroy();
}

/** Makes the table if it does not exist. In Azure, Bicep makes it; the app never does. */
export async function createTable(connectionString: string, tableName: string): Promise<void> {
  try {
    await createTableClient({ connectionString, tableName }).createTable();
  } catch (error) {
    if (!(error instanceof RestError && error.statusCode === 409)) {
      throw error;
    }
  }
}
