import { decodeJwt } from 'jose';
import {
  createManagedIdentity,
  keyVaultAccess,
  type ManagedIdentity,
  tokenExchangeResource,
} from '../../src/entra/managed-identity';
import { failureOf, longEnough, printed } from '../support/auth-fixture';
import {
  type ManagedIdentityStandIn,
  startManagedIdentityStandIn,
} from '../support/managed-identity-stand-in';
import { tenantId } from '../support/tiny-provider';

const clientId = '44444444-4444-4444-8444-444444444444';
let platform: ManagedIdentityStandIn;
let identity: ManagedIdentity;
let now: number;
let resource: string;
let resources = 0;

// MSAL keeps the endpoint and its tokens in static members: one stand-in serves the whole file, and
// each test asks for a resource of its own.
beforeAll(async () => {
  platform = await startManagedIdentityStandIn({ tenantId, clientId });
  Object.assign(process.env, platform.environment);
});
afterAll(() => platform.stop());
beforeEach(() => {
  now = Math.floor(Date.now() / 1000);
  identity = createManagedIdentity({ clientId, clock: () => now });
  resources += 1;
  resource = `https://resource-${resources}.example`;
  platform.requests.length = 0;
  platform.tokenSeconds = 86_400;
  platform.misbehave('none');
});

const ask = (signal = longEnough()) => identity.token(resource, signal);

describe('createManagedIdentity', () => {
  it('gets a token for a resource, for the identity that the settings name', async () => {
    const { token, expiresAt } = await ask();

    expect(decodeJwt(token)).toMatchObject({ aud: resource, appid: clientId });
    expect(Math.abs(expiresAt - (now + 86_400))).toBeLessThanOrEqual(2);
  });

  it('keeps it', async () => {
    const first = await ask();
    now += 59;
    expect(await ask()).toEqual(first);
    now += 3600;
    expect((await ask()).token).toBe(first.token);
    expect(platform.requests).toEqual([resource]);
  });

  it('asks once for callers that come at the same time', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => ask()));

    expect(new Set(tokens.map(({ token }) => token)).size).toBe(1);
    expect(platform.requests).toEqual([resource]);
  });

  it('keeps the tokens of resources apart', async () => {
    const one = await ask();
    const other = await identity.token(`${resource}/other`, longEnough());

    expect(decodeJwt(other.token).aud).toBe(`${resource}/other`);
    expect(other.token).not.toBe(one.token);
  });

  it('gets a new one before it expires', async () => {
    // MSAL renews what has less than five minutes left.
    platform.tokenSeconds = 240;
    const first = await ask();
    now += 60;

    expect((await ask()).token).not.toBe(first.token);
    expect(platform.requests).toEqual([resource, resource]);
  });

  it('goes on with a token that cannot be renewed while it lives', async () => {
    platform.tokenSeconds = 240;
    const first = await ask();
    platform.misbehave('error');
    now += 60;
    expect((await ask()).token).toBe(first.token);
    const { length } = platform.requests;
    await ask();
    expect(platform.requests).toHaveLength(length);

    now += 160;
    expect((await failureOf(ask())).code).toBe('ERR_PROVIDER_UNAVAILABLE');
    platform.misbehave('none');
    expect((await ask()).token).not.toBe(first.token);
  });

  it.each(['error', 'busy'] as const)('tries once more after the answer "%s"', async (fault) => {
    platform.misbehave(fault, 1);

    expect((await ask()).token).not.toBe('');
    expect(platform.requests).toHaveLength(2);
  });

  it.each(['error', 'busy', 'no-token', 'garbage'] as const)(
    'fails while the platform answers "%s", and asks again with the next call',
    async (fault) => {
      platform.misbehave(fault);
      const failure = await failureOf(ask());
      expect(failure.code).toBe('ERR_PROVIDER_UNAVAILABLE');
      expect(failure.note).toContain(resource);

      platform.misbehave('none');
      expect((await ask()).token).not.toBe('');
    },
  );

  it('fails for an identity that the app does not have', async () => {
    const other = createManagedIdentity({ clientId: tenantId, clock: () => now });

    expect((await failureOf(other.token(resource, longEnough()))).code).toBe(
      'ERR_PROVIDER_UNAVAILABLE',
    );
  });

  it("ends with the caller's deadline, which is not that of others", async () => {
    platform.misbehave('hang', 1);
    const deadline = new AbortController();
    const hasty = failureOf(ask(deadline.signal));
    const patient = ask();
    deadline.abort();
    const first = await Promise.race([hasty, patient]);

    expect(first).toBe(await hasty);
    expect((await hasty).code).toBe('ERR_PROVIDER_UNAVAILABLE');
    expect((await patient).token).not.toBe('');
    // The one that hung, and the next try: the work went on for whoever still waited.
    expect(platform.requests).toEqual([resource, resource]);
  });

  it('lets no token and no secret header into what it throws', async () => {
    platform.misbehave('garbage');
    const failure = await failureOf(ask());

    expect(printed(failure)).not.toContain(platform.environment.IDENTITY_HEADER);
    expect(printed(failure)).not.toContain('garbage"');
  });
});

describe('keyVaultAccess', () => {
  it.each([
    ['https://mine.vault.azure.net/keys/ring', 'https://vault.azure.net'],
    ['https://mine.vault.azure.cn/keys/ring', 'https://vault.azure.cn'],
    ['https://mine.vault.usgovcloudapi.net/keys/ring', 'https://vault.usgovcloudapi.net'],
    ['https://mine.managedhsm.azure.net/keys/ring', 'https://managedhsm.azure.net'],
    ['https://mine.vault.sovcloud-api.fr/keys/ring', 'https://vault.sovcloud-api.fr'],
    ['http://127.0.0.1:7/keys/ring', 'https://vault.azure.net'],
    ['https://mine.vault.azure.net.example.org/keys/ring', 'https://vault.azure.net'],
  ])('asks for a token for the vault of %s: %s', async (keyId, resource) => {
    const naming: ManagedIdentity = {
      token: (asked) => Promise.resolve({ token: `for ${asked}`, expiresAt: 0 }),
    };
    expect(await keyVaultAccess(naming, keyId).token(longEnough())).toBe(`for ${resource}`);
  });
});

describe('tokenExchangeResource', () => {
  it.each([
    ['https://login.microsoftonline.com/t/v2.0', 'api://AzureADTokenExchange'],
    ['https://login.microsoftonline.us/t/v2.0', 'api://AzureADTokenExchangeUSGov'],
    ['https://login.partner.microsoftonline.cn/t/v2.0', 'api://AzureADTokenExchangeChina'],
    ['https://login.chinacloudapi.cn/t/v2.0', 'api://AzureADTokenExchangeChina'],
    ['https://contoso.ciamlogin.com/t/v2.0', 'api://AzureADTokenExchange'],
    ['http://127.0.0.1:7081/t/v2.0', 'api://AzureADTokenExchange'],
  ])('of %s is %s', (authority, resource) => {
    expect(tokenExchangeResource(authority)).toBe(resource);
  });
});
