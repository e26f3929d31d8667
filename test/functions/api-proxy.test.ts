import { createProxyFunctions } from '../../src/functions/api-proxy';
import { declareApis } from '../../src/tokens/apis';
import { createApis } from '../../src/tokens/call-api';
import { failureOf } from '../support/auth-fixture';
import { type ContextFixture, createContextFixture, testSite } from '../support/context-fixture';

let fixture: ContextFixture;
beforeAll(async () => {
  fixture = await createContextFixture();
});
afterAll(() => fixture.stop());

const scopes = ['api://orders/Read'];

/** What the proxy of an API throws for a request of a signed-in user without roles. */
async function refusal(roles: string | undefined, baseUrl?: string) {
  const proxy = roles === undefined ? true : { roles };
  const apis = declareApis({ orders: { baseUrl, scopes, proxy } });
  const [served] = createProxyFunctions(apis, testSite);
  const { cookie } = await fixture.signIn();
  const headers = { cookie, 'x-csrf': '1', 'sec-fetch-site': 'same-origin' };
  const context = fixture.context('/api/orders/latest', { headers });
  const services = { ...context.services, apis: createApis(apis, () => fixture.now) };
  return failureOf(Promise.resolve(served?.any?.({ ...context, services })));
}

describe('the proxy of an API', () => {
  it('can ask for a role', async () => {
    expect((await refusal('buyer')).code).toBe('ERR_ROLE_MISSING');
    expect((await refusal(undefined)).code).not.toBe('ERR_ROLE_MISSING');
  });

  it('names the API whose address is not set', async () => {
    expect(await refusal(undefined)).toMatchObject({ code: 'ERR_API_SETTINGS', api: 'orders' });
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
