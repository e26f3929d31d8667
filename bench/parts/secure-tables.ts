import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createThrowawayCertificate } from '../../local/loopback/server';
import { startLiveTables } from '../../local/tables/live-tables';

export interface SecureTables {
  /** What a server needs to read from the tables over TLS, by a bearer token, as in Azure. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** A way to the tables of the stack over TLS, in this process, which is not measured. */
export async function startSecureTables(connectionString: string): Promise<SecureTables> {
  const valueOf = (pattern: RegExp): string => pattern.exec(connectionString)?.[1] ?? '';
  const account = {
    name: valueOf(/AccountName=([^;]+)/),
    key: valueOf(/AccountKey=([^;]+)/),
  };
  const azuritePort = Number(valueOf(/TableEndpoint=http:\/\/127\.0\.0\.1:(\d+)/));
  const tenantId = '00000000-0000-4000-8000-00000000be9c';
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const keys = [await exportJWK(publicKey)];
  const token = await new SignJWT({ oid: 'bench' })
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(`https://sts.windows.net/${tenantId}/`)
    .setAudience('https://storage.azure.com')
    .setExpirationTime('2h')
    .sign(privateKey);
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-bench-'));
  const tls = createThrowawayCertificate();
  const certificate = join(folder, 'cert.pem');
  await writeFile(certificate, tls.cert);
  const tables = await startLiveTables({ azuritePort, tls, access: { tenantId, keys, account } });
  return {
    env: {
      TABLES_ENDPOINT: `https://127.0.0.1:${tables.port}/${account.name}`,
      TOKEN: token,
      NODE_EXTRA_CA_CERTS: certificate,
    },
    stop: async () => {
      await tables.stop();
      await rm(folder, { recursive: true });
    },
  };
}
