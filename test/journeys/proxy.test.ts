import type { AppFacts } from '../../local/stack/stack-process';
import { localTenantId } from '../../local/stack/settings';
import { accounts, fetchJson, signIn, startJourney } from '../support/journey';
import { startManagedIdentityStandIn } from '../support/managed-identity-stand-in';
import { type RefusingProxy, startRefusingProxy } from '../support/refusing-proxy';
import type { TestStack } from '../support/start-stack';
import { createTestTable } from '../support/test-table';

// Names that nobody can have: RFC 6761 section 6.4. The account is nobody's.
const accountKey = Buffer.alloc(64).toString('base64');
const remoteTables = `DefaultEndpointsProtocol=https;AccountName=anteroomtestshavenone;AccountKey=${accountKey};TableEndpoint=https://anteroomtestshavenone.table.core.windows.net;`;
const remoteProvider = 'https://login.invalid/t/v2.0';

let stack: TestStack;
let proxy: RefusingProxy;

beforeAll(async () => {
  [stack, proxy] = await Promise.all([startJourney({ apps: 0 }), startRefusingProxy()]);
});
afterAll(() => Promise.all([stack.stop(), proxy.stop()]));
beforeEach(() => {
  proxy.asked.length = 0;
});

const started: AppFacts[] = [];
const startApp = async (env: Record<string, string>) => {
  const app = await stack.startApp({
    env: { ...proxy.environment, NODE_USE_ENV_PROXY: '1', ...env },
  });
  started.push(app);
  return app;
};
// An app that runs on would ask the proxy during the next test: it tries again to write its events.
afterEach(async () => {
  for (const app of started.splice(0)) await stack.stopApp(app);
});

describe('an app that is to use a proxy', () => {
  it('reaches tables and provider through it', async () => {
    const app = await startApp({
      TABLES_CONNECTION_STRING: remoteTables,
      ENTRA_AUTHORITY: remoteProvider,
    });
    expect((await fetchJson(`${app.url}/health`)).body).toMatchObject({
      failing: expect.arrayContaining(['storage', 'provider']) as string[],
    });
    expect(new Set(proxy.asked)).toEqual(
      new Set(['anteroomtestshavenone.table.core.windows.net:443', 'login.invalid:443']),
    );
  });

  it('reaches Graph through it, but nothing on this machine', async () => {
    const app = await startApp({ GRAPH_BASE_URL: 'https://graph.invalid/v1.0' });
    const { browser, page } = await signIn(app.url, accounts(stack).plainUser, '/auth/session');
    expect(page.status).toBe(200);
    expect((await fetchJson(`${app.url}/auth/me`, browser)).status).toBeGreaterThanOrEqual(502);
    expect(new Set(proxy.asked)).toEqual(new Set(['graph.invalid:443']));
  });

  it('reaches the key vault through it, but not the endpoint of the managed identity', async () => {
    const clientId = '66666666-6666-4666-8666-666666666666';
    const platform = await startManagedIdentityStandIn({ tenantId: localTenantId, clientId });
    const app = await startApp({
      // Without a key yet, which nothing but the vault could open.
      TABLES_NAME: (await createTestTable()).client.tableName,
      KEY_RING_SECRET: '',
      KEY_VAULT_KEY_ID: 'https://nobody.vault.azure.net/keys/ring',
      MANAGED_IDENTITY_CLIENT_ID: clientId,
      ...platform.environment,
    });
    expect((await fetchJson(`${app.url}/health`)).body).toMatchObject({ failing: ['keys'] });
    expect(platform.requests).toEqual(['https://vault.azure.net']);
    expect(new Set(proxy.asked)).toEqual(new Set(['nobody.vault.azure.net:443']));
    await stack.stopApp(app);
    await platform.stop();
  });

  it('leaves out what NO_PROXY names', async () => {
    const app = await startApp({
      TABLES_CONNECTION_STRING: remoteTables,
      ENTRA_AUTHORITY: remoteProvider,
      NO_PROXY: 'anteroomtestshavenone.table.core.windows.net',
      no_proxy: 'anteroomtestshavenone.table.core.windows.net',
    });
    expect((await fetchJson(`${app.url}/health`)).body).toMatchObject({
      failing: expect.arrayContaining(['storage', 'provider']) as string[],
    });
    expect(new Set(proxy.asked)).toEqual(new Set(['login.invalid:443']));
  });
});

describe('an app that is not told to use a proxy', () => {
  it('uses none, for no call', async () => {
    const app = await startApp({
      NODE_USE_ENV_PROXY: '',
      TABLES_CONNECTION_STRING: remoteTables,
      ENTRA_AUTHORITY: remoteProvider,
    });
    expect((await fetchJson(`${app.url}/health`)).body).toMatchObject({
      failing: expect.arrayContaining(['storage', 'provider']) as string[],
    });
    expect(proxy.asked).toEqual([]);
  });
});
