import { decodeJwt } from 'jose';
import { seedUsers } from '../../../local/entra/registrations';
import { TestBrowser } from '../../support/test-browser';
import { act, client, control, type StandIns, startStandIns, tenantId } from '../start-stand-ins';
import {
  answerAndConsent,
  answerOf,
  askForTokens,
  createAttempt,
  createPlainBrowser,
  locationOf,
  pick,
  redemption,
  textOf,
} from './entra-client';

const [admin, plain] = seedUsers(tenantId).map(({ objectId }) => objectId) as [string, string];

const own = {
  uri: `api://${client.id}`,
  clientId: client.id,
  tokenVersion: 2,
  scopes: ['Notes.Read', 'Notes.Write'],
  appRoles: ['Notes.Read.All'],
} as const;
const orders = {
  uri: 'api://orders',
  clientId: 'a9900000-0000-4000-8000-0000000a0de5',
  tokenVersion: null,
  scopes: ['Orders.Read', 'Orders.Write', 'Orders.Approve'],
  adminScopes: ['Orders.Approve'],
  appRoles: ['Orders.Read.All'],
  optionalClaims: ['idtyp', 'auth_time'],
} as const;
const closed = {
  uri: 'api://closed',
  clientId: crypto.randomUUID(),
  tokenVersion: 2,
  appRoles: ['All'],
  requiresAssignment: true,
} as const;
const daemon = {
  id: 'a9900000-0000-4000-8000-0000000dae70',
  secret: 'the-secret-of-the-daemon',
  redirectUris: [],
  postLogoutRedirectUris: [],
  appPermissions: { [own.uri]: ['Notes.Read.All'] },
} as const;
const commandLine = {
  id: 'a9900000-0000-4000-8000-0000000c0de1',
  isPublic: true,
  redirectUris: ['http://localhost'],
  postLogoutRedirectUris: [],
} as const;
const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

let standIns: StandIns;
let origin: string;

beforeAll(async () => {
  standIns = await startStandIns({
    client: { ...client, appPermissions: { [orders.uri]: ['Orders.Read.All', 'Not.There'] } },
    apis: [own, orders, closed],
    otherClients: [daemon, commandLine],
  });
  origin = standIns.entra.url;
});
afterAll(() => standIns.stop());
beforeEach(() => act(origin, 'reset'));

const askAsApp = (scope: string | null, changes: Record<string, string | null> = {}) =>
  askForTokens(origin, { grant_type: 'client_credentials', scope, ...changes });

/** The access token that the app gets for a person, and the rest of the answer. */
async function tokensOf(objectId: string, scope: string): Promise<Record<string, unknown>> {
  const attempt = createAttempt(origin, { scope: `openid offline_access ${scope}` });
  const answer = await answerAndConsent(attempt, objectId);
  return (await askForTokens(origin, redemption(answer, attempt))).body;
}

const onBehalfOf = (assertion: string, changes: Record<string, string | null> = {}) =>
  askForTokens(origin, {
    ...{ grant_type: jwtBearer, requested_token_use: 'on_behalf_of', assertion },
    ...{ scope: 'api://orders/Orders.Read', ...changes },
  });

describe('client credentials', () => {
  it('give the app a token with its application permissions, and nothing else', async () => {
    const { status, body } = await askAsApp('api://orders/.default');
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(
      ['access_token', 'expires_in', 'ext_expires_in', 'token_type'].sort(),
    );
    const claims = decodeJwt(textOf(body, 'access_token'));
    expect(claims).toMatchObject({
      ...{ aud: orders.uri, iss: `https://sts.windows.net/${tenantId}/`, ver: '1.0' },
      ...{ appid: client.id, roles: ['Orders.Read.All'], idtyp: 'app', tid: tenantId },
    });
    expect(claims['oid']).toBe(claims.sub);
    for (const name of ['scp', 'name', 'sid', 'upn', 'preferred_username']) {
      expect(claims).not.toHaveProperty(name);
    }
  });

  it('are for each app its own permissions, in the version of the API', async () => {
    const changes = { client_id: daemon.id, client_secret: daemon.secret };
    const { body } = await askAsApp(`${own.uri}/.default`, changes);
    const claims = decodeJwt(textOf(body, 'access_token'));
    expect(claims).toMatchObject({
      ...{ aud: client.id, iss: standIns.entra.issuer, ver: '2.0' },
      ...{ azp: daemon.id, roles: ['Notes.Read.All'] },
    });
    expect(claims).not.toHaveProperty('idtyp');
    const other = await askAsApp('api://orders/.default', changes);
    expect(decodeJwt(textOf(other.body, 'access_token'))).not.toHaveProperty('roles');
    const graph = await askAsApp('https://graph.microsoft.com/.default', changes);
    expect(decodeJwt(textOf(graph.body, 'access_token'))).toMatchObject({ idtyp: 'app' });
  });

  it.each<[string, string | null, number, string]>([
    ['a permission in place of .default', 'api://orders/Orders.Read', 1002012, 'invalid_scope'],
    ['.default beside openid', 'openid api://orders/.default', 1002012, 'invalid_scope'],
    ['no scope', null, 900144, 'invalid_request'],
    ['an API that nobody registered', 'api://nobody/.default', 500011, 'invalid_resource'],
    ['an API that wants an assignment', 'api://closed/.default', 501051, 'invalid_grant'],
  ])('are refused with %s', async (_, scope, number, error) => {
    const { status, body } = await askAsApp(scope);
    expect(status).toBe(400);
    expect(body).toMatchObject({ error, error_codes: [number] });
  });

  it.each<[string, Record<string, string | null>, number, number]>([
    ['no secret', { client_secret: null }, 401, 7000218],
    ['a wrong secret', { client_secret: 'wrong' }, 401, 7000215],
    ['the secret of another app', { client_secret: daemon.secret }, 401, 7000215],
    ['an app of nobody', { client_id: 'nobody' }, 400, 700016],
  ])('are refused with %s', async (_, changes, status, number) => {
    const answer = await askAsApp('api://orders/.default', changes);
    expect([answer.status, answer.body['error_codes']]).toEqual([status, [number]]);
  });

  it('are not for a public client', async () => {
    const changes = { client_id: commandLine.id, client_secret: null };
    expect((await askAsApp('api://orders/.default', changes)).status).toBe(400);
  });
});

describe('on behalf of a person', () => {
  it('the app gets a token for another API, by the token that it was called with', async () => {
    await tokensOf(plain, 'api://orders/Orders.Read');
    const called = await tokensOf(plain, `${own.uri}/Notes.Read`);
    const { status, body } = await onBehalfOf(textOf(called, 'access_token'));
    expect(status).toBe(200);
    expect(body).not.toHaveProperty('refresh_token');
    expect(body).not.toHaveProperty('id_token');
    expect(decodeJwt(textOf(body, 'access_token'))).toMatchObject({
      ...{ aud: orders.uri, appid: client.id, oid: plain, scp: 'Orders.Read', idtyp: 'user' },
    });
    const all = await onBehalfOf(textOf(called, 'access_token'), {
      scope: 'openid offline_access api://orders/.default',
    });
    expect(decodeJwt(textOf(all.body, 'id_token'))).toMatchObject({ aud: client.id, oid: plain });
    const refreshed = await askForTokens(origin, {
      grant_type: 'refresh_token',
      refresh_token: textOf(all.body, 'refresh_token'),
      scope: 'api://orders/Orders.Read',
    });
    expect(refreshed.status).toBe(200);
  });

  it('is refused without consent, as consent_required', async () => {
    const called = await tokensOf(plain, `${own.uri}/Notes.Read`);
    for (const scope of ['api://orders/Orders.Read', 'api://orders/.default']) {
      const { body } = await onBehalfOf(textOf(called, 'access_token'), { scope });
      expect(body).toMatchObject({ error_codes: [65001], suberror: 'consent_required' });
    }
  });

  it('is refused with the claims to ask for, where a policy wants more proof', async () => {
    await tokensOf(plain, 'api://orders/Orders.Read');
    const called = await tokensOf(plain, `${own.uri}/Notes.Read`);
    await control(origin, { accessPolicies: [{ scope: 'api://orders/Orders.Read', acrs: 'c2' }] });
    const { status, body } = await onBehalfOf(textOf(called, 'access_token'));
    expect(status).toBe(400);
    expect(body).toMatchObject({
      ...{ error: 'interaction_required', error_codes: [50076] },
      claims: '{"access_token":{"acrs":{"essential":true,"value":"c2"}}}',
    });
  });

  it('is refused for a person who was disabled since', async () => {
    await tokensOf(plain, 'api://orders/Orders.Read');
    const called = await tokensOf(plain, `${own.uri}/Notes.Read`);
    await control(origin, { users: { [plain]: { disabled: true } } });
    const { body } = await onBehalfOf(textOf(called, 'access_token'));
    expect(body).toMatchObject({ error: 'invalid_grant', error_codes: [50057] });
  });

  it.each<[string, () => Promise<string>, number, string]>([
    ['a text that is no token', () => Promise.resolve('what?'), 50027, 'invalid_client'],
    [
      'an ID token',
      async () => textOf(await tokensOf(plain, 'User.Read'), 'id_token'),
      240002,
      'invalid_request',
    ],
    [
      'a token for Microsoft Graph',
      async () => textOf(await tokensOf(plain, 'User.Read'), 'access_token'),
      50013,
      'invalid_grant',
    ],
    [
      'a token for another API',
      async () => textOf(await tokensOf(plain, 'api://orders/Orders.Read'), 'access_token'),
      500131,
      'invalid_grant',
    ],
    [
      'a changed token',
      async () => `${textOf(await tokensOf(plain, `${own.uri}/Notes.Read`), 'access_token')}AAAA`,
      50013,
      'invalid_grant',
    ],
    [
      "an app's own token",
      async () => {
        const changes = { client_id: daemon.id, client_secret: daemon.secret };
        return textOf((await askAsApp(`${own.uri}/.default`, changes)).body, 'access_token');
      },
      7000114,
      'invalid_grant',
    ],
    [
      'an expired token',
      async () => {
        await control(origin, { accessTokenSeconds: 0 });
        return textOf(await tokensOf(plain, `${own.uri}/Notes.Read`), 'access_token');
      },
      500133,
      'invalid_grant',
    ],
  ])('is refused with %s', async (_, assertion, number, error) => {
    const { status, body } = await onBehalfOf(await assertion());
    expect(status).toBe(error === 'invalid_client' ? 401 : 400);
    expect(body).toMatchObject({ error });
    expect(body['error_codes']).toContain(number);
  });

  it.each(['assertion', 'requested_token_use', 'scope'])('needs %s', async (name) => {
    const called = await tokensOf(plain, `${own.uri}/Notes.Read`);
    const { body } = await onBehalfOf(textOf(called, 'access_token'), { [name]: null });
    expect(body).toMatchObject({ error: 'invalid_request', error_codes: [900144] });
  });

  it.each<[Record<string, string | null>, number]>([
    [{ client_secret: null }, 7000218],
    [{ client_secret: 'wrong' }, 7000215],
  ])('needs the credential of the app: %j', async (changes, number) => {
    const called = await tokensOf(plain, `${own.uri}/Notes.Read`);
    const { status, body } = await onBehalfOf(textOf(called, 'access_token'), changes);
    expect([status, body['error_codes']]).toEqual([401, [number]]);
  });
});

describe('scopes of an API', () => {
  it.each<[string, string, number]>([
    ['that are unknown', 'api://orders/Orders.Eat', 650053],
    ['of an unknown API', 'api://nobody/Read', 500011],
    ['with .default beside another', 'User.Read api://orders/.default', 70011],
  ])('%s are refused at the sign-in and at the token endpoint', async (_, scope, number) => {
    const url = createAttempt(origin, { scope: `openid ${scope}` }).url;
    const answer = answerOf(await createPlainBrowser().get(url));
    expect(answer.get('error_description')).toMatch(new RegExp(`^AADSTS${number}: `));
    const token = textOf(await tokensOf(plain, 'User.Read'), 'refresh_token');
    const refresh = { grant_type: 'refresh_token', refresh_token: token, scope };
    expect((await askForTokens(origin, refresh)).body).toMatchObject({ error_codes: [number] });
  });

  it.each(['api://orders/Orders.Approve', 'GroupMember.Read.All'])(
    'that only an administrator can consent to: %s',
    async (scope) => {
      const attempt = createAttempt(origin, { scope: `openid ${scope}` });
      const browser = createPlainBrowser();
      const page = locationOf(await pick(browser, attempt.url, plain));
      expect(await (await browser.get(page)).text()).toContain('Need admin approval');
      // Whatever the form says, the person cannot agree.
      const declined = await browser.post(page, { consent: 'accept' });
      const answer = answerOf(await browser.get(locationOf(declined)));
      expect(answer.get('error')).toBe('access_denied');
      expect(answer.get('error_description')).toMatch(/^AADSTS90094: /);
      const granted = await answerAndConsent(attempt, admin);
      expect(granted.get('code')).not.toBeNull();
    },
  );

  it('of the app itself come with the app roles of the person', async () => {
    const body = await tokensOf(admin, `${own.uri}/.default`);
    const claims = decodeJwt(textOf(body, 'access_token'));
    expect(claims).toMatchObject({ scp: 'Notes.Read Notes.Write', roles: ['admin'] });
    const other = await tokensOf(admin, 'api://orders/Orders.Read');
    expect(decodeJwt(textOf(other, 'access_token'))).not.toHaveProperty('roles');
  });
});

describe('a public client', () => {
  const redirect_uri = 'http://localhost:43117';

  async function code(scope: string) {
    const changes = { client_id: commandLine.id, redirect_uri, scope };
    const attempt = createAttempt(origin, changes);
    const browser = createPlainBrowser();
    const asked = await pick(browser, attempt.url, plain);
    const accepted = await browser.post(locationOf(asked), { consent: 'accept' });
    const answer = locationOf(await browser.get(locationOf(accepted)));
    expect(answer.origin).toBe(redirect_uri);
    return {
      ...{ grant_type: 'authorization_code', code: answer.searchParams.get('code') ?? '' },
      ...{ redirect_uri, code_verifier: attempt.codeVerifier },
      ...{ client_id: commandLine.id, client_secret: null },
    };
  }

  it('signs a person in without a secret, on any port of localhost', async () => {
    const { status, body } = await askForTokens(origin, await code(`openid ${own.uri}/Notes.Read`));
    expect(status).toBe(200);
    expect(decodeJwt(textOf(body, 'access_token'))).toMatchObject({
      ...{ aud: client.id, azp: commandLine.id, azpacr: '0', scp: 'Notes.Read' },
    });
  });

  it('is refused with a secret', async () => {
    const redeemed = await code(`openid ${own.uri}/Notes.Write`);
    const { status, body } = await askForTokens(origin, { ...redeemed, client_secret: 'any' });
    expect([status, body['error_codes']]).toEqual([401, [700025]]);
  });
});

describe('POST /control/bearer-token', () => {
  async function order(input: object) {
    const response = await fetch(`${origin}/control/bearer-token`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(input),
    });
    const body = (await response.json()) as Record<string, unknown>;
    return { status: response.status, body };
  }

  async function claimsOf(input: object) {
    const { status, body } = await order(input);
    expect(status).toBe(200);
    const claims = decodeJwt(textOf(body, 'access_token'));
    expect(body['claims']).toEqual(claims);
    return claims;
  }

  it('gives a token of a person, by all scopes or some, in either version', async () => {
    expect(await claimsOf({ user: 'ines@anteroom.example' })).toMatchObject({
      ...{ aud: client.id, ver: '2.0', iss: standIns.entra.issuer, azp: commandLine.id },
      ...{ oid: admin, scp: 'Notes.Read Notes.Write', roles: ['admin'] },
    });
    expect(await claimsOf({ user: plain, scopes: ['Notes.Read'], version: 1 })).toMatchObject({
      ...{ aud: own.uri, ver: '1.0', iss: `https://sts.windows.net/${tenantId}/` },
      ...{ appid: commandLine.id, scp: 'Notes.Read' },
    });
  });

  it("gives a token of an app, by what it was granted or by any role, also another API's", async () => {
    expect(await claimsOf({})).toMatchObject({ azp: daemon.id, roles: ['Notes.Read.All'] });
    expect(await claimsOf({ api: orders.uri, roles: ['Orders.Read.All'] })).toMatchObject({
      ...{ aud: orders.uri, ver: '1.0', roles: ['Orders.Read.All'], idtyp: 'app' },
    });
  });

  it('gives a token that an API must refuse: by its claims, its times, its signature', async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = await claimsOf({ user: plain, seconds: -60, claims: { tid: 'x', name: null } });
    expect(claims['tid']).toBe('x');
    expect(claims).not.toHaveProperty('name');
    expect(claims.exp).toBeLessThan(now);
    const { body } = await order({ user: plain, signing: 'none' });
    expect(textOf(body, 'access_token')).toMatch(/\.$/);
  });

  it.each<[string, object, string]>([
    ['nobody', { user: 'nobody' }, 'There is no such account.'],
    ['an API of nobody', { api: 'api://nobody' }, 'No app exposes that API.'],
    ['an app of nobody', { client: 'nobody' }, 'There is no such app.'],
    ['an unknown member', { users: [] }, 'An order is'],
  ])('refuses %s', async (_, input, said) => {
    const { status, body } = await order(input);
    expect(status).toBe(400);
    expect(body['fault']).toContain(said);
  });

  it('refuses a page of another site', async () => {
    const response = await fetch(`${origin}/control/bearer-token`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Sec-Fetch-Site': 'cross-site' },
      body: '{}',
    });
    expect(response.status).toBe(403);
  });

  it('is a form of the control page too', async () => {
    const page = new URL(`${origin}/control`);
    const shown = await new TestBrowser().open(`${page.href}/bearer-token`, {
      method: 'POST',
      form: { user: plain, scopes: 'Notes.Read', version: '2' },
      from: page,
    });
    const [token = ''] = /ey[\w-]+\.[\w-]+\.[\w-]+/.exec(shown.text) ?? [];
    expect(decodeJwt(token)).toMatchObject({ oid: plain, scp: 'Notes.Read', aud: client.id });
  });
});
