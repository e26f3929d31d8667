import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AzureNamedKeyCredential, TableClient } from '@azure/data-tables';
import { createThrowawayCertificate } from '../../local/https/create-throwaway-certificate';
import { machineNow } from './fixed-clock';

export interface HttpsAzurite {
  /** `https://127.0.0.1:P/<account>`: what TABLES_ENDPOINT must be. */
  readonly endpoint: string;
  /** For NODE_EXTRA_CA_CERTS of whoever asks it. */
  readonly certificatePath: string;
  /** A table, opened by the account's key: for making it, and for looking at what the app wrote. */
  open(tableName: string): TableClient;
  stop(): Promise<void>;
}

const account = 'onlytokens';

/**
 * An Azurite of its own over https that takes bearer tokens, as Table Storage does: it checks their
 * issuer, audience and life, not their signature. Its key is random and known to this object alone.
 */
export async function startHttpsAzurite(): Promise<HttpsAzurite> {
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-azurite-'));
  const { key, cert } = createThrowawayCertificate(machineNow());
  const [keyPath, certificatePath] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  await Promise.all([writeFile(keyPath, key, { mode: 0o600 }), writeFile(certificatePath, cert)]);
  const accountKey = randomBytes(64).toString('base64');
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [
      require.resolve('azurite/dist/src/table/main.js'),
      ...['--inMemoryPersistence', '--disableTelemetry', '--silent', '--tablePort', `${port}`],
      ...['--cert', certificatePath, '--key', keyPath, '--oauth', 'basic'],
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: folder,
      env: { ...process.env, AZURITE_ACCOUNTS: `${account}:${accountKey}` },
    },
  );
  const exit = once(child, 'exit');
  let output = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      if (output.includes('successfully started')) resolve();
    });
    void exit.then(() => {
      reject(new Error(`Azurite did not start:\n${output}`));
    });
  });
  const endpoint = `https://127.0.0.1:${port}/${account}`;
  return {
    endpoint,
    certificatePath,
    open: (tableName) =>
      new TableClient(endpoint, tableName, new AzureNamedKeyCredential(account, accountKey), {
        tlsOptions: { ca: cert },
      }),
    stop: async () => {
      child.kill();
      await exit;
      await rm(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no port is free');
  return address.port;
}
