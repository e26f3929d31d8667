import { decodeJwt } from 'jose';
import {
  type ManagedIdentityStandIn,
  startManagedIdentityStandIn,
} from '../support/managed-identity-stand-in';

const tenantId = '5c3f9f0e-1df5-4b2e-9d55-2f6a3cf0a001';
const clientId = '66666666-6666-4666-8666-666666666666';
const storage = 'https://storage.azure.com';
let platform: ManagedIdentityStandIn;

beforeAll(async () => {
  platform = await startManagedIdentityStandIn({ tenantId, clientId });
});
afterAll(() => platform.stop());
afterEach(() => {
  platform.misbehave('none');
});

async function ask(changes: Record<string, string> = {}, header?: string) {
  const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = platform.environment;
  const query = { 'api-version': '2019-08-01', resource: storage, client_id: clientId, ...changes };
  const response = await fetch(`${IDENTITY_ENDPOINT}?${new URLSearchParams(query).toString()}`, {
    headers: { 'X-IDENTITY-HEADER': header ?? IDENTITY_HEADER },
  });
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body };
}

it('stands at an address with a slash at its end', async () => {
  expect(platform.environment.IDENTITY_ENDPOINT).toMatch(/\/msi\/token\/$/);
  expect((await ask()).status).toBe(200);
});

it.each([
  [storage, `https://sts.windows.net/${tenantId}/`, '1.0'],
  ['https://vault.azure.net', `https://sts.windows.net/${tenantId}/`, '1.0'],
  ['api://AzureADTokenExchange', `https://login.microsoftonline.com/${tenantId}/v2.0`, '2.0'],
  ['api://AzureADTokenExchangeUSGov', `https://login.microsoftonline.com/${tenantId}/v2.0`, '2.0'],
])('the token for %s is issued by %s', async (resource, issuer, ver) => {
  const { body } = await ask({ resource });
  expect(body).toMatchObject({ resource, token_type: 'Bearer', client_id: clientId });
  expect(body['expires_on']).toMatch(/^\d+$/);
  expect(decodeJwt(String(body['access_token']))).toMatchObject({
    ...{ iss: issuer, aud: resource, ver, sub: platform.subject, oid: platform.subject },
  });
});

it('registers the issuer of the exchange, and no other', async () => {
  expect(platform.issuer).toBe(`https://login.microsoftonline.com/${tenantId}/v2.0`);
  const { body } = await ask();
  expect(decodeJwt(String(body['access_token'])).iss).not.toBe(platform.issuer);
});

it.each<[string, Record<string, string>, string]>([
  ['another identity', { client_id: tenantId }, 'No User Assigned or Delegated Managed Identity'],
  ['another version', { 'api-version': '2017-09-01' }, 'api-version'],
  ['the version in another spelling', { 'api-version': '2019-08-01 ' }, 'api-version'],
  ['no resource', { resource: '' }, 'resource'],
])('refuses %s with 400 and a body', async (_, changes, message) => {
  const { status, headers, body } = await ask(changes);
  expect(status).toBe(400);
  expect(body).toMatchObject({ statusCode: 400, correlationId: headers.get('x-correlation-id') });
  expect(body['message']).toContain(message);
});

it('refuses a wrong header', async () => {
  expect((await ask({}, 'wrong')).status).toBe(401);
});

it.each([
  ['error', 500, 'An unexpected error occured while fetching the AAD Token.'],
  ['unavailable', 503, 'Service Unavailable'],
  ['unauthorized', 401, 'Unauthorized'],
  ['busy', 429, 'Too Many Requests'],
] as const)('%s: %i', async (fault, status, message) => {
  platform.misbehave(fault);
  const answer = await ask();
  expect(answer.status).toBe(status);
  expect(answer.headers.get('server')).toBe('Kestrel');
  expect(answer.body).toMatchObject({ statusCode: status, message });
});
