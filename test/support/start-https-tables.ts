import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AzureNamedKeyCredential, TableClient } from '@azure/data-tables';
import { createThrowawayCertificate } from '../../local/loopback/server';
import type { AccessRules } from '../../local/tables/live-tables';
import { machineNow } from './fixed-clock';
import { type OwnTables, startOwnTables, tablesConnectionString } from './test-table';

export interface HttpsTables extends Pick<OwnTables, 'misbehave' | 'stop'> {
  /** `https://127.0.0.1:P/<account>`: what TABLES_ENDPOINT must be. */
  readonly endpoint: string;
  /** For NODE_EXTRA_CA_CERTS of whoever asks it. */
  readonly certificatePath: string;
  /** A table, opened by the account's key: for making it, and for looking at what the app wrote. */
  open(tableName: string): TableClient;
}

/** The shared tables over https, for bearer tokens, as Table Storage takes them. */
export async function startHttpsTables(access: Omit<AccessRules, 'account'>): Promise<HttpsTables> {
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-tables-'));
  const tls = createThrowawayCertificate(machineNow());
  const certificatePath = join(folder, 'cert.pem');
  await writeFile(certificatePath, tls.cert);
  const [, name = '', key = ''] =
    /AccountName=([^;]+);AccountKey=([^;]+);/.exec(tablesConnectionString()) ?? [];
  const tables = await startOwnTables({ tls, access: { ...access, account: { name, key } } });
  const endpoint = `https://127.0.0.1:${tables.port}/${name}`;
  return {
    misbehave: (change) => {
      tables.misbehave(change);
    },
    endpoint,
    certificatePath,
    open: (tableName) =>
      new TableClient(endpoint, tableName, new AzureNamedKeyCredential(name, key), {
        tlsOptions: { ca: tls.cert },
      }),
    stop: async () => {
      await tables.stop();
      await rm(folder, { recursive: true });
    },
  };
}
