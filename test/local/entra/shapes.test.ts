import { decodeJwt } from 'jose';
import type { EntraShape } from '../../../local/entra/tenants';
import { otherTenantId, seedUsers } from '../../../local/entra/registrations';
import { TestBrowser } from '../../support/test-browser';
import { act, client, control, type StandIns, startStandIns, tenantId } from '../start-stand-ins';
import {
  answerOf,
  askForTokens,
  createAttempt,
  createPlainBrowser,
  locationOf,
  pick,
  type PlainBrowser,
  redemption,
  signIn,
  textOf,
} from './entra-client';

const admin = seedUsers(tenantId)[0]?.objectId ?? '';
const people = {
  uri: 'https://anteroom.onmicrosoft.example/people',
  clientId: '0b2b7c1e-6d0e-4e5e-8a77-91c6f6f7a0ab',
  tokenVersion: 2,
} as const;

interface Metadata {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
}

async function signInTo({ entra }: StandIns, api: string) {
  const answered = await fetch(`${entra.authority}/.well-known/openid-configuration`);
  const metadata = (await answered.json()) as Metadata;
  const scope = `openid profile offline_access ${api}`.trim();
  const attempt = createAttempt(entra.url, { client_info: '1', scope });
  const url = metadata.authorization_endpoint + new URL(attempt.url).search;
  // Nobody is asked for consent: the account has agreed already, and Azure AD B2C never asks.
  const answer = answerOf(await pick(createPlainBrowser(), url, admin));
  const response = await fetch(metadata.token_endpoint, {
    method: 'POST',
    body: new URLSearchParams({
      ...redemption(answer, attempt),
      client_id: client.id,
      client_secret: client.secret,
    }),
  });
  const tokens = (await response.json()) as Record<string, unknown>;
  const info: unknown = JSON.parse(
    Buffer.from(textOf(tokens, 'client_info'), 'base64url').toString(),
  );
  return { metadata, info, claims: decodeJwt(textOf(tokens, 'id_token')), tokens };
}

/** What each cloud says of itself. The sources are in local/entra/shape.ts. */
const clouds = {
  'us-government': {
    login: 'login.microsoftonline.us',
    graph: 'https://graph.microsoft.us',
    versionOne: 'https://sts.windows.net',
    metadata: {
      cloud_instance_name: 'microsoftonline.us',
      cloud_graph_host_name: 'graph.windows.net',
      msgraph_host: 'graph.microsoft.us',
    },
    ofKeys: 'microsoftonline.us',
  },
  china: {
    login: 'login.partner.microsoftonline.cn',
    graph: 'https://microsoftgraph.chinacloudapi.cn',
    versionOne: 'https://sts.chinacloudapi.cn',
    metadata: {
      cloud_instance_name: 'partner.microsoftonline.cn',
      cloud_graph_host_name: 'graph.chinacloudapi.cn',
      msgraph_host: 'microsoftgraph.chinacloudapi.cn',
    },
    ofKeys: undefined,
  },
} as const;

describe.each<[EntraShape, string, string]>([
  ['entra', `/${tenantId}/v2.0`, 'the authority'],
  ['us-government', `/${tenantId}/v2.0`, `https://login.microsoftonline.us/${tenantId}/v2.0`],
  ['china', `/${tenantId}/v2.0`, `https://login.partner.microsoftonline.cn/${tenantId}/v2.0`],
  ['external-id', `/${tenantId}/v2.0`, `https://${tenantId}.ciamlogin.example/${tenantId}/v2.0`],
  ['b2c', `/${tenantId}/b2c_1_sign_in/v2.0`, `https://anteroom.b2clogin.example/${tenantId}/v2.0/`],
])('the shape %s', (shape, path, issuer) => {
  let standIns: StandIns;
  const cloud = shape === 'us-government' || shape === 'china' ? clouds[shape] : undefined;

  beforeAll(async () => {
    standIns = await startStandIns({
      shape,
      apis: [people],
      ...(shape === 'b2c' && { graphAudience: people.clientId }),
      ...(cloud !== undefined && { graphAudience: cloud.graph }),
    });
  });
  afterAll(() => standIns.stop());

  const api = shape === 'b2c' ? `${people.uri}/User.Read` : 'User.Read';
  const askGraph = (token: string) =>
    fetch(`${standIns.graph.baseUrl}/me`, { headers: { Authorization: `Bearer ${token}` } });

  it('has its authority and issuer, in metadata and tokens alike', async () => {
    const { authority, url } = standIns.entra;
    expect(authority).toBe(url + path);
    const expected = issuer === 'the authority' ? authority : issuer;
    expect(standIns.entra.issuer).toBe(expected);
    const { metadata, claims } = await signInTo(standIns, api);
    expect([metadata.issuer, claims.iss]).toEqual([expected, expected]);
  });

  it('sends the claims of its provider', async () => {
    const { claims, info } = await signInTo(standIns, api);
    expect(claims).toMatchObject({ oid: admin, name: 'Ines Okafor', nonce: 'the-nonce' });
    const others = ['tid', 'preferred_username', 'sid', 'login_hint', 'roles'];
    const present = others.filter((name) => name in claims);
    expect(present).toEqual(shape === 'b2c' ? [] : others);
    expect(claims['ver']).toBe(shape === 'b2c' ? '1.0' : '2.0');
    expect(claims['emails']).toEqual(shape === 'b2c' ? ['ines@anteroom.example'] : undefined);
    const uid = shape === 'b2c' ? `${admin}-b2c_1_sign_in` : admin;
    expect(info).toEqual({ uid, utid: tenantId });
  });

  it('gives access tokens that the API it was asked for takes', async () => {
    const { tokens } = await signInTo(standIns, api);
    expect((await askGraph(textOf(tokens, 'access_token'))).status).toBe(200);
  });

  if (shape === 'b2c') return;

  const graphs = [
    'https://graph.microsoft.com',
    ...Object.values(clouds).map(({ graph }) => graph),
  ];
  const ownGraph = cloud?.graph ?? 'https://graph.microsoft.com';

  it.each(graphs.filter((graph) => graph !== ownGraph))(
    'knows no %s: it is in another cloud',
    async (graph) => {
      const attempt = createAttempt(standIns.entra.url, { scope: `openid ${graph}/User.Read` });
      const answer = answerOf(await createPlainBrowser().get(attempt.url));
      expect(answer.get('error')).toBe('invalid_resource');
      expect(answer.get('error_description')).toMatch(/^AADSTS500011: /);
      const host = cloud?.login ?? 'login.microsoftonline.com';
      expect(answer.get('error_uri')).toBe(`https://${host}/error?code=500011`);
      const { body } = await askForTokens(standIns.entra.url, {
        ...{ grant_type: 'client_credentials', scope: `${graph}/.default` },
      });
      expect(body['error_codes']).toEqual([500011]);
    },
  );

  if (cloud === undefined) return;

  it('names its cloud in metadata and keys', async () => {
    const { authority, keysUrl } = standIns.entra;
    const metadata: unknown = await (
      await fetch(`${authority}/.well-known/openid-configuration`)
    ).json();
    expect(metadata).toMatchObject(cloud.metadata);
    const { keys } = (await (await fetch(keysUrl)).json()) as { keys: Record<string, unknown>[] };
    for (const key of keys) {
      expect(key['issuer']).toBe(`https://${cloud.login}/{tenantid}/v2.0`);
      expect(key['cloud_instance_name']).toBe(cloud.ofKeys);
    }
  });

  it.each(['User.Read', `${cloud.graph}/User.Read`])(
    'gives tokens for Microsoft Graph of its cloud: %s',
    async (scope) => {
      const { tokens } = await signInTo(standIns, scope);
      expect(decodeJwt(textOf(tokens, 'access_token'))).toMatchObject({
        aud: cloud.graph,
        iss: `${cloud.versionOne}/${tenantId}/`,
        ver: '1.0',
      });
      expect(textOf(tokens, 'scope').split(' ')).toContain(scope);
    },
  );

  it('has a Graph that takes tokens for its address and of its issuer only', async () => {
    const statusOf = async (claims: Record<string, string>) => {
      const right = { aud: cloud.graph, iss: `${cloud.versionOne}/${tenantId}/` };
      const order = { api: people.uri, user: admin, scopes: ['User.Read'], version: 1 };
      const answer = await fetch(`${standIns.entra.url}/control/bearer-token`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ ...order, claims: { ...right, ...claims } }),
      });
      const { access_token } = (await answer.json()) as { access_token: string };
      return (await askGraph(access_token)).status;
    };
    expect(await statusOf({})).toBe(200);
    expect(await statusOf({ aud: 'https://graph.microsoft.com' })).toBe(401);
    const elsewhere = shape === 'china' ? 'sts.windows.net' : 'sts.chinacloudapi.cn';
    expect(await statusOf({ iss: `https://${elsewhere}/${tenantId}/` })).toBe(401);
  });

  it.each(['unquoted', 'quoted', 'two-headers'])(
    'sends people to its own sign-in in a claims challenge, %s',
    async (challengeForm) => {
      const { tokens } = await signInTo(standIns, 'User.Read');
      await control(standIns.graph.url, { answer: 'claims-challenge', challengeForm });
      const refused = await askGraph(textOf(tokens, 'access_token'));
      await act(standIns.graph.url, 'reset');
      expect(refused.status).toBe(401);
      const challenge = refused.headers.get('www-authenticate');
      expect(challenge).toContain(`https://${cloud.login}/common/oauth2/authorize`);
      expect(challenge).not.toContain('login.microsoftonline.com');
    },
  );

  it('has several organisations, and no personal accounts', async () => {
    const at = (name: string) =>
      fetch(`${standIns.entra.url}/${name}/v2.0/.well-known/openid-configuration`);
    const shared = (await (await at('organizations')).json()) as Metadata;
    expect(shared.issuer).toBe(`https://${cloud.login}/{tenantid}/v2.0`);
    expect((await at('consumers')).status).toBe(400);
    const tenants = new Set(standIns.entra.users.map((user) => user.tenantId));
    expect(tenants).toEqual(new Set([tenantId, otherTenantId]));
  });
});

describe('Azure AD B2C', () => {
  let standIns: StandIns;

  beforeAll(async () => {
    standIns = await startStandIns({ shape: 'b2c', apis: [people] });
  });
  afterAll(() => standIns.stop());

  it.each(['User.Read', 'https://graph.microsoft.com/User.Read'])(
    'gives no token for Microsoft Graph: %s is refused at once',
    async (scope) => {
      const { search } = new URL(
        createAttempt(standIns.entra.url, { scope: `openid ${scope}` }).url,
      );
      const authority = standIns.entra.authority.replace(/\/v2\.0$/, '');
      const url = `${authority}/oauth2/v2.0/authorize${search}`;
      const answer = answerOf(await createPlainBrowser().get(url));
      expect(answer.get('error')).toBe('invalid_request');
      expect(answer.get('error_description')).toMatch(/^AADB2C90117: /);
    },
  );

  it('gives no access token where no API is asked for', async () => {
    const { tokens } = await signInTo(standIns, '');
    expect(tokens).toHaveProperty('id_token');
    expect(tokens).not.toHaveProperty('access_token');
  });

  it('gives an access token for the API, by its client id', async () => {
    const { tokens } = await signInTo(standIns, `${people.uri}/People.Read`);
    expect(decodeJwt(textOf(tokens, 'access_token'))).toMatchObject({
      ...{ aud: people.clientId, scp: 'People.Read', iss: standIns.entra.issuer, ver: '1.0' },
    });
  });
});

describe('user flows of Azure AD B2C', () => {
  let standIns: StandIns;

  beforeAll(async () => {
    standIns = await startStandIns({ shape: 'b2c', apis: [people] });
  });
  afterAll(() => standIns.stop());
  beforeEach(() => act(standIns.entra.url, 'reset'));

  const at = (flow: string, path: string) => `${standIns.entra.url}/${tenantId}/${flow}${path}`;

  function attemptAt(flow: string, changes: Record<string, string> = {}) {
    const scope = `openid offline_access ${people.uri}/People.Read`;
    const attempt = createAttempt(standIns.entra.url, { scope, ...changes });
    return { ...attempt, url: at(flow, '/oauth2/v2.0/authorize') + new URL(attempt.url).search };
  }

  async function redeemAt(flow: string, form: Record<string, string>) {
    const response = await fetch(at(flow, '/oauth2/v2.0/token'), {
      method: 'POST',
      body: new URLSearchParams({ client_id: client.id, client_secret: client.secret, ...form }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  /** The page that a browser gets, and what its form leads to. */
  async function fill(browser: PlainBrowser, url: string, form: Record<string, string>) {
    const page = locationOf(await browser.get(url));
    const { title } =
      /<h1>(?<title>[^<]*)/.exec(await (await browser.get(page)).text())?.groups ?? {};
    const answered = await browser.post(page, form);
    return { title, answered: await browser.get(locationOf(answered)) };
  }

  it.each(['b2c_1_sign_in', 'B2C_1_Reset', 'b2c_1_EDIT'])(
    '%s has metadata of its own',
    async (flow) => {
      const url = at(flow, '/v2.0/.well-known/openid-configuration');
      const metadata = (await (await fetch(url)).json()) as Metadata;
      expect(metadata.token_endpoint).toBe(at(flow.toLowerCase(), '/oauth2/v2.0/token'));
      expect(metadata.issuer).toBe(standIns.entra.issuer);
    },
  );

  it('that are unknown are 404', async () => {
    const url = at('b2c_1_other', '/v2.0/.well-known/openid-configuration');
    expect((await fetch(url)).status).toBe(404);
  });

  it('list keys without certificate and issuer', async () => {
    const answer = (await (await fetch(standIns.entra.keysUrl)).json()) as { keys: object[] };
    for (const key of answer.keys) {
      expect(Object.keys(key).sort()).toEqual(['e', 'kid', 'kty', 'n', 'use']);
    }
  });

  it('reset a password, and give a code that is good there alone', async () => {
    const attempt = attemptAt('b2c_1_reset');
    const browser = createPlainBrowser();
    const { title, answered } = await fill(browser, attempt.url, { user: admin });
    expect(title).toBe('Reset your password');
    const form = redemption(answerOf(answered), attempt);
    const { body } = await redeemAt('b2c_1_reset', form);
    const claims = decodeJwt(textOf(body, 'id_token'));
    expect(claims).toMatchObject({ tfp: 'b2c_1_reset', sub: admin });
    const info = Buffer.from(textOf(body, 'client_info'), 'base64url').toString();
    expect(JSON.parse(info)).toMatchObject({ uid: `${admin}-b2c_1_reset` });
    const refresh = { grant_type: 'refresh_token', refresh_token: textOf(body, 'refresh_token') };
    expect((await redeemAt('b2c_1_reset', refresh)).status).toBe(200);
    const elsewhere = await redeemAt('b2c_1_sign_in', refresh);
    expect(String(elsewhere.body['error_description'])).toMatch(/^AADB2C90088: /);
    // The person has a session now, which the sign-in uses.
    const signIn = await browser.get(attemptAt('b2c_1_sign_in').url);
    expect(answerOf(signIn).get('code')).not.toBeNull();
    // The next reset asks again.
    const again = await browser.get(attemptAt('b2c_1_reset').url);
    expect(locationOf(again).pathname).toContain('/b2c_1_reset/sign-in/');
  });

  it('refuse a code of another user flow', async () => {
    const attempt = attemptAt('b2c_1_reset');
    const { answered } = await fill(createPlainBrowser(), attempt.url, { user: admin });
    const { status, body } = await redeemAt(
      'b2c_1_sign_in',
      redemption(answerOf(answered), attempt),
    );
    expect(status).toBe(400);
    expect(body['error']).toBe('invalid_grant');
    expect(String(body['error_description'])).toMatch(/^AADB2C90088: /);
  });

  it('edit a profile after a sign-in, and the next token has it', async () => {
    const browser = createPlainBrowser();
    const attempt = attemptAt('b2c_1_edit');
    const picked = await fill(browser, attempt.url, { user: admin });
    expect(picked.title).toBe('Pick an account');
    const edited = await fill(browser, attempt.url, { name: 'Ines Renamed' });
    expect(edited.title).toBe('Update your profile');
    const { body } = await redeemAt('b2c_1_edit', redemption(answerOf(edited.answered), attempt));
    const claims = decodeJwt(textOf(body, 'id_token'));
    expect(claims).toMatchObject({ tfp: 'b2c_1_edit', name: 'Ines Renamed' });
  });

  it.each<[string, Record<string, string>]>([
    ['b2c_1_reset', {}],
    ['b2c_1_edit', { user: admin }],
  ])('%s can be cancelled', async (flow, form) => {
    const browser = createPlainBrowser();
    const { url } = attemptAt(flow);
    if ('user' in form) await fill(browser, url, form);
    const { answered } = await fill(browser, url, { leave: 'cancel' });
    const answer = answerOf(answered);
    expect(answer.get('error')).toBe('access_denied');
    expect(answer.get('error_description')).toMatch(/^AADB2C90091: /);
  });

  it('cannot be gone through without a person', async () => {
    const { url } = attemptAt('b2c_1_reset', { prompt: 'none' });
    const answer = answerOf(await createPlainBrowser().get(url));
    expect(answer.get('error')).toBe('interaction_required');
    expect(answer.get('error_description')).toMatch(/^AADB2C90077: /);
  });

  it('leave oid out where the control page says so, and name themselves in acr', async () => {
    const page = `${standIns.entra.url}/control`;
    const browser = new TestBrowser();
    expect((await browser.open(page)).text).toContain('action="/control/b2c"');
    const form = { b2cFlowClaim: 'acr' };
    await browser.open(`${page}/b2c`, { method: 'POST', form, from: new URL(page) });
    const { claims, tokens } = await signInTo(standIns, `${people.uri}/People.Read`);
    for (const each of [claims, decodeJwt(textOf(tokens, 'access_token'))]) {
      expect(each).not.toHaveProperty('oid');
      expect(each).not.toHaveProperty('tfp');
      expect(each['acr']).toBe('b2c_1_sign_in');
    }
    expect(claims.sub).toBe(admin);
  });

  it('know no on-behalf-of', async () => {
    const { body } = await redeemAt('b2c_1_sign_in', {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      ...{ assertion: 'a.b.c', requested_token_use: 'on_behalf_of', scope: `${people.uri}/a` },
    });
    expect(body['error']).toBe('unsupported_grant_type');
    expect(String(body['error_description'])).toMatch(/^AADB2C90086: /);
  });
});

describe('External ID', () => {
  it('gives all scopes of an API for .default, on behalf of a person too', async () => {
    const own = {
      uri: `api://${client.id}`,
      clientId: client.id,
      tokenVersion: 2,
      scopes: ['Notes.Read'],
    } as const;
    const orders = {
      uri: 'api://orders',
      clientId: crypto.randomUUID(),
      tokenVersion: 2,
      scopes: ['Orders.Read', 'Orders.Approve'],
      adminScopes: ['Orders.Approve'],
    } as const;
    const standIns = await startStandIns({ shape: 'external-id', apis: [own, orders] });
    const scope = `openid ${own.uri}/.default`;
    const called = textOf(await signIn(standIns.entra.url, admin, { scope }), 'access_token');
    const { body } = await askForTokens(standIns.entra.url, {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      ...{ assertion: called, requested_token_use: 'on_behalf_of', scope: 'api://orders/.default' },
    });
    await standIns.stop();
    expect(decodeJwt(called)['scp']).toBe('Notes.Read');
    expect(decodeJwt(textOf(body, 'access_token'))['scp']).toBe('Orders.Read');
  });

  it('asks nobody for consent, and shows no accounts of others', async () => {
    const standIns = await startStandIns({ shape: 'external-id' });
    const unconsented = standIns.entra.users[2]?.objectId ?? '';
    const browser = createPlainBrowser();
    const { url } = createAttempt(standIns.entra.url);
    const picker = await (await browser.get(locationOf(await browser.get(url)))).text();
    const answer = answerOf(await pick(createPlainBrowser(), url, unconsented));
    await standIns.stop();
    expect(answer.get('code')).not.toBeNull();
    expect(picker).not.toContain('rafael@elsewhere.example');
  });
});
