import { createProxyFunctions } from '../../src/functions/api-proxy';
import { declareApis, type ProxyOptions } from '../../src/tokens/apis';
import { createApis } from '../../src/tokens/call-api';
import { failureOf } from '../support/auth-fixture';
import { type ContextFixture, createContextFixture, testSite } from '../support/context-fixture';
import { paths } from '../support/tiny-provider';

let fixture: ContextFixture;
beforeAll(async () => {
  fixture = await createContextFixture({ SESSION_IDLE_SECONDS: '600' });
});
afterAll(() => fixture.stop());

const scopes = ['api://orders/Read'];

/** What the proxy of an API throws for a request of a signed-in user without roles. */
async function refusal(options: ProxyOptions = {}, baseUrl?: string) {
  const apis = declareApis({ orders: { baseUrl, scopes, proxy: options } });
  const [served] = createProxyFunctions(apis, testSite);
  const { cookie } = await fixture.signIn();
  // Past half of the idle time.
  fixture.now += 400;
  const headers = { cookie, 'x-csrf': '1', 'sec-fetch-site': 'same-origin' };
  const context = fixture.context('/api/orders/latest?asApp=true', {
    headers: { ...headers, 'x-as-app': 'true', authorization: 'Bearer x' },
  });
  const services = { ...context.services, apis: createApis(apis, () => fixture.now) };
  return failureOf(Promise.resolve(served?.any?.({ ...context, services })));
}

describe('the proxy of an API', () => {
  it('can ask for a role', async () => {
    expect((await refusal({ roles: 'buyer' })).code).toBe('ERR_ROLE_MISSING');
    expect((await refusal()).code).not.toBe('ERR_ROLE_MISSING');
  });

  it('extends the session, unless it is told not to', async () => {
    const writesWith = async (options: ProxyOptions): Promise<number> => {
      const before = fixture.writes;
      await refusal(options);
      return fixture.writes - before;
    };
    expect((await writesWith({})) - (await writesWith({ slides: false }))).toBe(1);
  });

  it('calls for the person only: without their tokens nothing is sent, as the app neither', async () => {
    const { code } = await refusal({ requestHeaders: ['x-as-app'] }, 'https://orders.example');
    expect([code, fixture.tiny.count(paths.token)]).toEqual(['ERR_SIGNED_OUT', 0]);
  });

  it('names the API whose address is not set', async () => {
    expect(await refusal()).toMatchObject({ code: 'ERR_API_SETTINGS', api: 'orders' });
  });
});

describe('the scopes for which each sign-in asks consent', () => {
  it('are those of the APIs that say so', () => {
    const declared = declareApis({
      orders: { baseUrl: undefined, scopes, consentAtSignIn: true },
      people: { baseUrl: undefined, scopes: ['api://people/Read'] },
    });
    expect(createApis(declared, () => 0).consentScopes).toEqual(scopes);
  });
});
