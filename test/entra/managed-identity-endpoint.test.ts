import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createManagedIdentity } from '../../src/entra/managed-identity';
import { failureOf, longEnough } from '../support/auth-fixture';

const clientId = '44444444-4444-4444-8444-444444444444';
const now = Math.floor(Date.now() / 1000);

interface PlatformAnswer {
  readonly status: number;
  /** A text is sent as it is. */
  readonly body: object | string;
}

/** What App Service answered in public reports. */
const correlationId = '6f3c7b3e-0000-4000-8000-000000000000';
const noIdentity = {
  status: 400,
  body: {
    statusCode: 400,
    message:
      'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.',
    correlationId,
  },
};
const unexpected = {
  status: 500,
  body: {
    statusCode: 500,
    message: 'An unexpected error occured while fetching the AAD Token.',
    correlationId,
  },
};
const granted = (resource: string) => ({
  status: 200,
  body: {
    access_token: `token for ${resource}`,
    expires_on: String(now + 86_400),
    resource,
    token_type: 'Bearer',
    client_id: clientId,
  },
});

let server: Server;
let answers: PlatformAnswer[];
let asked: string[];

// MSAL keeps the endpoint in static members: this file has one of its own, which ends in a slash as seen in Azure
// (https://github.com/Azure/azure-functions-host/issues/11058).
beforeAll(async () => {
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    asked.push(url.pathname);
    const answer = answers.shift() ?? granted(url.searchParams.get('resource') ?? '');
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  process.env['IDENTITY_ENDPOINT'] = `http://127.0.0.1:${port}/msi/token/`;
  process.env['IDENTITY_HEADER'] = 'the-secret-header';
});
afterAll(async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
});
beforeEach(() => {
  answers = [];
  asked = [];
});

const ask = (resource: string) =>
  createManagedIdentity({ clientId, clock: () => now }).token(resource, longEnough());

describe('the identity endpoint as the platform has it', () => {
  it('may end in a slash', async () => {
    expect((await ask('https://one.example')).token).toBe('token for https://one.example');
    expect(asked).toEqual(['/msi/token/']);
  });

  it('is asked once more after an unexpected error, which comes while an instance starts', async () => {
    answers = [unexpected];
    expect((await ask('https://two.example')).token).toBe('token for https://two.example');
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['the page of a proxy', '<html>'],
    ['half of a token', '{"access_token":"half of a to'],
    ['a list', []],
    ['nothing', ''],
    ['a list for a token', { ...granted('x').body, access_token: ['token'] }],
    ['a number for a token', { ...granted('x').body, access_token: 7 }],
    ['an empty token', { ...granted('x').body, access_token: '' }],
    ['a token of two lines', { ...granted('x').body, access_token: 'token\r\nX: y' }],
    ['an end in the past', { ...granted('x').body, expires_on: String(now - 60) }],
  ])('lies, with %s: no token, and one afterwards', async (what, body) => {
    answers = [{ status: 200, body }];
    const resource = `https://${what.replaceAll(' ', '-')}.example`;
    expect((await failureOf(ask(resource))).code).toBe('ERR_PROVIDER_UNAVAILABLE');
    expect((await ask(resource)).token).toBe(`token for ${resource}`);
  });

  it.each([
    ['no end', undefined],
    ['words for an end', 'tomorrow'],
  ])('gives a token with %s: it is good for one call', async (what, expires_on) => {
    answers = [{ status: 200, body: { ...granted('x').body, expires_on } }];
    const resource = `https://${what.replaceAll(' ', '-')}.example`;
    const identity = createManagedIdentity({ clientId, clock: () => now });
    expect((await identity.token(resource, longEnough())).token).toBe('token for x');
    expect((await identity.token(resource, longEnough())).token).toBe(`token for ${resource}`);
  });

  it.each([
    ['goes on failing', [unexpected, unexpected], 2],
    ['does not know the identity', [noIdentity], 1],
  ])('gives no token while it %s, and one afterwards', async (what, given, questions) => {
    answers = [...given];
    const resource = `https://${what.replaceAll(' ', '-')}.example`;
    const failure = await failureOf(ask(resource));
    expect(failure.code).toBe('ERR_PROVIDER_UNAVAILABLE');
    expect(failure.note).toContain(resource);
    expect(asked).toHaveLength(questions);
    expect((await ask(resource)).token).toBe(`token for ${resource}`);
  });
});
