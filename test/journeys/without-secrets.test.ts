import type { AppFacts } from '../../local/stack/stack-process';
import { localTenantId } from '../../local/stack/settings';
import { useFixedClock } from '../support/fixed-clock';
import { accounts, fetchJson, freshTableName, signIn, startJourney } from '../support/journey';
import { type KeyVaultStandIn, startKeyVaultStandIn } from '../support/key-vault-stand-in';
import {
  type ManagedIdentityStandIn,
  startManagedIdentityStandIn,
} from '../support/managed-identity-stand-in';
import { type HttpsTables, startHttpsTables } from '../support/start-https-tables';
import type { TestStack } from '../support/start-stack';
import { words } from '../support/test-browser';

useFixedClock();
const clientId = '66666666-6666-4666-8666-666666666666';
const tableName = freshTableName();
let platform: ManagedIdentityStandIn;
let vault: KeyVaultStandIn;
let tables: HttpsTables;
let stack: TestStack;
let first: AppFacts;

beforeAll(async () => {
  platform = await startManagedIdentityStandIn({ tenantId: localTenantId, clientId });
  const { issuer, subject, keys } = platform;
  const audience = 'api://AzureADTokenExchange';
  [vault, tables, stack] = await Promise.all([
    startKeyVaultStandIn({ tokenKeys: keys }),
    startHttpsTables({ tenantId: localTenantId, keys }),
    startJourney({
      apps: 0,
      registration: { federatedCredentials: [{ issuer, subject, audience, keys }] },
    }),
  ]);
  await tables.open(tableName).createTable();
  first = await startInstance();
});
afterAll(() => Promise.all([stack.stop(), tables.stop(), vault.stop(), platform.stop()]));
afterEach(() => {
  platform.misbehave('none');
  vault.misbehave(undefined);
});

/** An instance with everything by managed identity, as `infra/` deploys it. */
function startInstance(env: Record<string, string> = {}): Promise<AppFacts> {
  return stack.startApp({
    env: {
      ENTRA_CLIENT_SECRET: '',
      ENTRA_CLIENT_CERTIFICATE: '',
      TABLES_CONNECTION_STRING: '',
      KEY_RING_SECRET: '',
      MANAGED_IDENTITY_CLIENT_ID: clientId,
      TABLES_ENDPOINT: tables.endpoint,
      TABLES_NAME: tableName,
      KEY_VAULT_KEY_ID: vault.keyId,
      ...platform.environment,
      NODE_EXTRA_CA_CERTS: tables.certificatePath,
      ...env,
    },
  });
}

async function ringRows() {
  const rows = [];
  for await (const row of tables.open(tableName).listEntities()) {
    if (row.partitionKey === 'key-ring') rows.push(row);
  }
  return rows;
}

describe('an app without any secret', () => {
  it('signs a user in and shows the profile, by tokens of the managed identity alone', async () => {
    const { browser, page } = await signIn(first.url, accounts(stack).plainUser, '/auth/me');

    expect(page.status).toBe(200);
    expect(words(page.text)).toContain(accounts(stack).plainUser);
    expect((await fetchJson(`${first.url}/auth/session`, browser)).status).toBe(200);
    expect(new Set(platform.requests)).toEqual(
      new Set([
        'https://storage.azure.com',
        'https://vault.azure.net',
        'api://AzureADTokenExchange',
      ]),
    );
  });

  it('asks for each token once', () => {
    expect(platform.requests).toHaveLength(3);
  });

  it('keeps its key in the table, wrapped by the vault', async () => {
    const [row, ...others] = await ringRows();

    expect(others).toEqual([]);
    expect(row).toMatchObject({ wrappedBy: expect.stringMatching(/^[0-9a-f]{32}$/) as string });
    expect(vault.operations).toEqual(['wrapkey', 'unwrapkey']);
  });

  it('knows its users in another instance, after a rotation of the key in the vault', async () => {
    const { browser } = await signIn(first.url, accounts(stack).plainUser);
    vault.rotate();
    const second = await startInstance({ APP_BASE_URL: first.url });

    expect(await fetchJson(`${second.url}/auth/session`, browser)).toMatchObject({
      status: 200,
      body: { user: { name: accounts(stack).plainUser } },
    });
    expect(vault.operations.filter((operation) => operation === 'wrapkey')).toHaveLength(1);
  });

  it.each([
    ['the vault is busy', { vault: { status: 503 } }],
    ['the vault hangs', { vault: { status: 0 } }],
    ['the vault refuses', { vault: { status: 403 } }],
    ['the identity gets no tokens', { platform: 'error' }],
    ['the identity endpoint hangs', { platform: 'hang' }],
  ] as const)(
    'answers 503 while %s as it starts, serves / all the same, and recovers by itself',
    async (_, faults) => {
      const { browser } = await signIn(first.url, accounts(stack).plainUser);
      const third = await startInstance({ APP_BASE_URL: first.url });
      if ('vault' in faults) vault.misbehave(faults.vault);
      else platform.misbehave(faults.platform);
      const failing = await fetchJson(`${third.url}/auth/session`, browser);
      expect(failing).toMatchObject({ status: 503, body: { code: 'ERR_KEYS_UNAVAILABLE' } });
      expect(Number(failing.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await fetchJson(third.url)).status).toBe(200);

      vault.misbehave(undefined);
      platform.misbehave('none');
      expect((await fetchJson(`${third.url}/auth/session`, browser)).status).toBe(200);
      await stack.stopApp(third);
    },
  );

  it('is no mystery to its operator: health names the keys, the log the reason', async () => {
    vault.misbehave({ status: 403 });
    const app = await startInstance();

    expect(await fetchJson(`${app.url}/health`)).toMatchObject({
      status: 503,
      body: { failing: ['keys'] },
    });
    await fetchJson(`${app.url}/auth/login`, undefined, { headers: { Accept: 'text/html' } });
    expect(await stack.output(app)).toContain('ERR_KEYS_UNAVAILABLE');
  });
});
