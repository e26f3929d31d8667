import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { freePort } from '../../../local/loopback/processes';
import {
  describeMissing,
  standInSettings,
  usualLocalSettings,
} from '../../../local/stack/settings';

const repository = join(__dirname, '../../..');
const example = readFileSync(join(repository, 'local.settings.json.example'), 'utf8');

interface LocalSettings {
  readonly Values: Readonly<Record<string, string>>;
}

/** `npm start -- --no-app` without the build, in `folder`, until it is ready. */
async function startBeside(folder: string): Promise<{ child: ChildProcess; output: string }> {
  const child = spawn(
    process.execPath,
    [join(repository, 'local/bin/anteroom-local.mjs'), '--no-app'],
    {
      cwd: folder,
    },
  );
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const look = (chunk: Buffer): void => {
      output += chunk.toString();
      if (output.includes('Ctrl-C ends everything.')) resolve();
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('exit', () => {
      reject(new Error(output));
    });
  });
  return { child, output };
}

/** The example with its ports moved, since the machine may be running a stack already. */
async function moved(text: string): Promise<string> {
  let settings = text;
  for (const port of ['7071', '7081', '7082', '7083', '7084']) {
    settings = settings.replaceAll(`:${port}`, `:${await freePort()}`);
  }
  return settings;
}

/**
 * Creates a blob container, as the Functions host does at its start for the locks of timers.
 * https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
 */
async function createContainer(connectionString: string, name: string): Promise<number> {
  const parts = new Map(
    connectionString.split(';').map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
  const account = parts.get('AccountName') ?? '';
  const date = new Date().toUTCString();
  const canonical = `x-ms-date:${date}\nx-ms-version:2021-12-02\n/${account}/${account}/${name}\nrestype:container`;
  const signature = createHmac('sha256', Buffer.from(parts.get('AccountKey') ?? '', 'base64'))
    .update(`PUT${'\n'.repeat(12)}${canonical}`)
    .digest('base64');
  const answer = await fetch(`${parts.get('BlobEndpoint') ?? ''}/${name}?restype=container`, {
    method: 'PUT',
    headers: {
      'x-ms-date': date,
      'x-ms-version': '2021-12-02',
      Authorization: `SharedKey ${account}:${signature}`,
    },
  });
  return answer.status;
}

describe('npm start -- --no-app', () => {
  let folder: string;
  let values: Readonly<Record<string, string>>;
  let stack: Awaited<ReturnType<typeof startBeside>>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'no-app-'));
    const settings = await moved(example);
    values = (JSON.parse(settings) as LocalSettings).Values;
    writeFileSync(join(folder, 'local.settings.json'), settings);
    stack = await startBeside(folder);
  });

  afterAll(async () => {
    const exit = new Promise((resolve) => stack.child.once('exit', resolve));
    stack.child.kill('SIGTERM');
    await exit;
    rmSync(folder, { recursive: true });
  });

  it('starts everything but the app, and says what serves it', () => {
    expect(stack.output).toContain(
      'The app is not started. Start it with `func start` or `npm run host`.',
    );
    expect(stack.output).not.toMatch(/\u2713 The app|Set these Values/);
    expect(stack.output).toContain('Blob storage for func');
  });

  it('has the provider where local.settings.json looks for it', async () => {
    const answer = await fetch(
      `${values['ENTRA_AUTHORITY'] ?? ''}/.well-known/openid-configuration`,
    );
    expect(await answer.json()).toMatchObject({ issuer: values['ENTRA_AUTHORITY'] });
  });

  it('has Graph where local.settings.json looks for it', async () => {
    expect((await fetch(`${values['GRAPH_BASE_URL'] ?? ''}/me`)).status).toBe(401);
  });

  it('has the table that local.settings.json names', async () => {
    const connection = values['TABLES_CONNECTION_STRING'] ?? '';
    const table = TableClient.fromConnectionString(connection, values['TABLES_NAME'] ?? '', {
      allowInsecureConnection: true,
    });
    await table.createEntity({ partitionKey: 'p', rowKey: 'r' });
    await expect(table.getEntity('p', 'r')).resolves.toMatchObject({ rowKey: 'r' });
  });

  it('has blobs for AzureWebJobsStorage, in which the host can make its containers', async () => {
    const connection = values['AzureWebJobsStorage'] ?? '';
    expect(await createContainer(connection, 'azure-webjobs-hosts')).toBe(201);
    const [, key = ''] = /AccountKey=([^;]*)/.exec(connection) ?? [];
    expect(await createContainer(connection.replace(key, 'AAAA'), 'other')).toBe(403);
  });
});

describe('local.settings.json.example', () => {
  it('has every address on this machine, each part on a port of its own', () => {
    const { Values } = JSON.parse(example) as LocalSettings;
    const ports = [...JSON.stringify(Values).matchAll(/http:\/\/(127\.0\.0\.1|localhost):(\d+)/g)];
    expect(ports.map(([, , port]) => port).sort()).toEqual([
      '7071',
      '7081',
      '7082',
      '7083',
      '7084',
    ]);
    expect(JSON.stringify(Values)).not.toContain('https://');
  });
});

describe('standInSettings', () => {
  it('gives the usual places where local.settings.json knows nothing of Anteroom, and what to put there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'no-app-'));
    writeFileSync(join(folder, 'local.settings.json'), '{ "Values": { "GREETING": "hello" } }');
    const found = standInSettings(folder);
    rmSync(folder, { recursive: true });
    expect(found).toMatchObject({
      ...{ appPort: 7071, tableName: 'anteroom', blobs: { port: 7084 } },
      secrets: { entraPort: 7081, graphPort: 7082, tablesPort: 7083 },
      missing: usualLocalSettings,
    });
    const same = { authority: 'http://a', issuer: 'http://a' };
    expect(describeMissing(same, found.missing)).toMatch(
      /^\nSet these Values in local\.settings\.json:\n {2}"[^]*"APP_BASE_URL": "http:\/\/localhost:7071",\n/,
    );
    expect(describeMissing(same, undefined)).toBe('');
    expect(describeMissing({ ...same, issuer: 'http://b' }, undefined)).toMatch(
      /"ENTRA_AUTHORITY": "http:\/\/a",\n {2}"ENTRA_ISSUER": "http:\/\/b"\n$/,
    );
    const policies = { reset: 'r', edit: 'e' };
    expect(describeMissing({ ...same, graphScopes: 's', policies }, undefined)).toMatch(
      /"GRAPH_SCOPES": "s",\n {2}"B2C_RESET_POLICY": "r",\n {2}"B2C_EDIT_POLICY": "e"\n$/,
    );
  });

  it.each<[string, (text: string) => string, string]>([
    [
      'a real tenant',
      (text) => text.replaceAll('5a7e1c7e-', '12345678-'),
      'names a real tenant, not the stand-in',
    ],
    [
      'tables elsewhere',
      (text) => text.replace('TableEndpoint=http://127.0.0.1', 'TableEndpoint=https://a.example'),
      'TABLES_CONNECTION_STRING in .* does not lead to this machine',
    ],
    [
      'no secret',
      (text) => text.replace('local-stand-in-only-never-in-azure', ''),
      'lacks ENTRA_CLIENT_SECRET',
    ],
  ])('refuses %s, and starts nothing', async (_, change, reason) => {
    const folder = mkdtempSync(join(tmpdir(), 'no-app-'));
    writeFileSync(join(folder, 'local.settings.json'), change(example));
    await expect(startBeside(folder)).rejects.toThrow(new RegExp(reason));
    rmSync(folder, { recursive: true });
  });
});
