import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { consumersTenantId, otherTenantId, seedUsers } from '../../../local/entra/registrations';
import { act, client, type StandIns, startStandIns, tenantId } from '../start-stand-ins';
import {
  answerOf,
  createAttempt,
  createPlainBrowser,
  locationOf,
  pick,
  redemption,
  textOf,
} from './entra-client';

const ids = seedUsers(tenantId).map(({ objectId }) => objectId);
const [admin, , , outsider, , guest, guestAtHome, personal] = ids as [
  ...[string, string, string, string, string, string, string, string],
];
const narrow = {
  ...client,
  id: 'a9900000-0000-4000-8000-000000000a01',
  signInAudience: 'AzureADMultipleOrgs',
} as const;
const single = { ...client, id: 'a9900000-0000-4000-8000-000000000a02' } as const;
const consumersOnly = {
  ...client,
  id: 'a9900000-0000-4000-8000-000000000a03',
  signInAudience: 'PersonalMicrosoftAccount',
} as const;

let standIns: StandIns;
let origin: string;

beforeAll(async () => {
  standIns = await startStandIns({
    client: { ...client, signInAudience: 'AzureADandPersonalMicrosoftAccount' },
    otherClients: [narrow, single, consumersOnly],
  });
  origin = standIns.entra.url;
});
afterAll(() => standIns.stop());
beforeEach(() => act(origin, 'reset'));

interface Metadata {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly jwks_uri: string;
  readonly tenant_region_scope: string | null;
}

async function metadataOf(authority: string): Promise<Metadata> {
  const url = `${origin}/${authority}/v2.0/.well-known/openid-configuration`;
  return (await (await fetch(url)).json()) as Metadata;
}

const attemptAt = (authority: string, changes: Record<string, string> = {}) => {
  const attempt = createAttempt(origin, changes);
  return { ...attempt, url: attempt.url.replace(`/${tenantId}/`, `/${authority}/`) };
};

async function redeemAt(
  authority: string,
  form: Record<string, string>,
  appId: string = client.id,
) {
  const response = await fetch(`${origin}/${authority}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: appId, client_secret: client.secret, ...form }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function signInAt(authority: string, objectId: string) {
  const attempt = attemptAt(authority, { client_info: '1' });
  const answer = answerOf(await pick(createPlainBrowser(), attempt.url, objectId));
  const { status, body } = await redeemAt(authority, redemption(answer, attempt));
  expect(status).toBe(200);
  const info = Buffer.from(textOf(body, 'client_info'), 'base64url').toString();
  return {
    body,
    answer,
    claims: decodeJwt(textOf(body, 'id_token')),
    info: JSON.parse(info) as object,
  };
}

describe('metadata', () => {
  it.each<[string, string, string]>([
    ['common', '{tenantid}', 'common'],
    ['organizations', '{tenantid}', 'organizations'],
    ['consumers', consumersTenantId, 'consumers'],
    [consumersTenantId, consumersTenantId, 'consumers'],
    [otherTenantId, otherTenantId, otherTenantId],
    ['elsewhere.example', otherTenantId, otherTenantId],
    ['Anteroom.onmicrosoft.example', tenantId, tenantId],
  ])('of %s has the issuer of %s and addresses of %s', async (authority, issuer, name) => {
    const metadata = await metadataOf(authority);
    expect(metadata.issuer).toBe(`${origin}/${issuer}/v2.0`);
    expect(metadata.authorization_endpoint).toBe(`${origin}/${name}/oauth2/v2.0/authorize`);
    expect(metadata.token_endpoint).toBe(`${origin}/${name}/oauth2/v2.0/token`);
    expect(metadata.jwks_uri).toBe(`${origin}/${name}/discovery/v2.0/keys`);
    expect(metadata.tenant_region_scope).toBe(issuer === '{tenantid}' ? null : 'EU');
  });

  it('of an unknown tenant is refused', async () => {
    const url = `${origin}/nobody.example/v2.0/.well-known/openid-configuration`;
    const response = await fetch(url);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_tenant', error_codes: [90002] });
  });
});

describe('keys', () => {
  async function issuersAt(authority: string): Promise<string[]> {
    const { jwks_uri: url } = await metadataOf(authority);
    const { keys } = (await (await fetch(url)).json()) as { keys: { issuer: string }[] };
    return keys.map(({ issuer }) => issuer.replace(origin, ''));
  }
  const template = '/{tenantid}/v2.0';
  const ofConsumers = `/${consumersTenantId}/v2.0`;

  it('of personal accounts are listed with their own issuer, where they can sign in', async () => {
    expect(await issuersAt('common')).toEqual([template, template, ofConsumers]);
    expect(await issuersAt('consumers')).toEqual([ofConsumers]);
    expect(await issuersAt('organizations')).toEqual([template, template]);
    expect(await issuersAt(otherTenantId)).toEqual([template, template]);
  });
});

describe('accounts', () => {
  it.each<[string, string, string]>([
    ['common', admin, tenantId],
    ['common', outsider, otherTenantId],
    ['common', personal, consumersTenantId],
    ['organizations', outsider, otherTenantId],
    ['organizations', guestAtHome, otherTenantId],
    ['consumers', personal, consumersTenantId],
    ['elsewhere.example', outsider, otherTenantId],
  ])('at %s get tokens of their own tenant', async (authority, objectId, tid) => {
    const { claims, body } = await signInAt(authority, objectId);
    expect(claims).toMatchObject({ tid, oid: objectId, iss: `${origin}/${tid}/v2.0` });
    expect(claims).not.toHaveProperty('idp');
    const { jwks_uri: url } = await metadataOf(authority);
    const keys = createRemoteJWKSet(new URL(url));
    await jwtVerify(textOf(body, 'id_token'), keys, { audience: client.id });
    const headers = { Authorization: `Bearer ${textOf(body, 'access_token')}` };
    expect((await fetch(`${standIns.graph.baseUrl}/me`, { headers })).status).toBe(200);
    const again = await redeemAt(authority, {
      ...{ grant_type: 'refresh_token', refresh_token: textOf(body, 'refresh_token') },
    });
    expect(decodeJwt(textOf(again.body, 'id_token'))['tid']).toBe(tid);
  });

  it('that are personal have a key, a code and an object id of their own kind', async () => {
    const { answer, claims, body } = await signInAt('common', personal);
    expect(answer.get('code')).toMatch(/^M\.C557_SN1\.2\.U\..*[!*$]/);
    expect(claims['oid']).toMatch(/^00000000-0000-0000-/);
    for (const name of ['uti', 'rh', 'roles']) expect(claims).not.toHaveProperty(name);
    const work = await signInAt('common', admin);
    const kidOf = (tokens: Record<string, unknown>) =>
      decodeProtectedHeader(textOf(tokens, 'id_token')).kid;
    expect(kidOf(body)).not.toBe(kidOf(work.body));
  });

  it('of a guest are two: one here, and one at home', async () => {
    const here = await signInAt(tenantId, guest);
    const atHome = await signInAt('organizations', guestAtHome);
    expect(here.claims).toMatchObject({
      ...{ tid: tenantId, oid: guest, idp: `https://sts.windows.net/${otherTenantId}/` },
    });
    expect(here.info).toEqual({ uid: guestAtHome, utid: otherTenantId });
    expect(atHome.info).toEqual({ uid: guestAtHome, utid: otherTenantId });
  });

  it.each<[string, string, string]>([
    ['of another organisation at one tenant', tenantId, outsider],
    ['that are personal, at one tenant', tenantId, personal],
    ['that are personal, at organizations', 'organizations', personal],
    ['of an organisation at consumers', 'consumers', admin],
    ['of a guest at organizations', 'organizations', guest],
  ])('%s are refused on the page', async (_, authority, objectId) => {
    const refused = await pick(createPlainBrowser(), attemptAt(authority).url, objectId);
    expect(refused.status).toBe(200);
    expect(await refused.text()).toContain('AADSTS50020');
  });

  it('stay signed in at another address only if they can sign in there', async () => {
    const browser = createPlainBrowser();
    await pick(browser, attemptAt('common').url, admin);
    const same = await browser.get(attemptAt('organizations').url);
    expect(answerOf(same).get('code')).not.toBeNull();
    const other = await browser.get(attemptAt('consumers').url);
    expect(locationOf(other).pathname).toMatch(/^\/consumers\/sign-in\//);
  });

  it('are chosen by login_hint among those that can sign in', async () => {
    const hinted = async (authority: string) => {
      const browser = createPlainBrowser();
      const url = attemptAt(authority, { login_hint: 'omar@partner.example' }).url;
      const html = await (await browser.get(locationOf(await browser.get(url)))).text();
      return /name="user" value="([^"]*)"/.exec(html)?.[1];
    };
    expect(await hinted(tenantId)).toBe(guest);
    expect(await hinted('organizations')).toBe(guestAtHome);
  });

  it.each<[string, number]>([
    ['consumers', 1],
    ['organizations', 6],
  ])('at common are those that domain_hint=%s names', async (hint, count) => {
    const browser = createPlainBrowser();
    const url = attemptAt('common', { domain_hint: hint }).url;
    const html = await (await browser.get(locationOf(await browser.get(url)))).text();
    expect(html.match(/name="user"/g)).toHaveLength(count);
  });
});

describe('a code', () => {
  it('is good only at the address where it was given', async () => {
    const attempt = attemptAt('common');
    const answer = answerOf(await pick(createPlainBrowser(), attempt.url, admin));
    const { status, body } = await redeemAt(tenantId, redemption(answer, attempt));
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: 'invalid_grant', error_codes: [700005] });
  });

  it('is good at each name of the same tenant', async () => {
    const attempt = attemptAt('elsewhere.example');
    const answer = answerOf(await pick(createPlainBrowser(), attempt.url, outsider));
    expect((await redeemAt(otherTenantId, redemption(answer, attempt))).status).toBe(200);
  });
});

describe('the audience of an app', () => {
  const open = (authority: string, app: { readonly id: string }) =>
    createPlainBrowser().get(attemptAt(authority, { client_id: app.id }).url);

  it.each<[string, string, { readonly id: string }, RegExp]>([
    ['one organisation, at common', 'common', single, /^AADSTS50194: /],
    ['one organisation, at organizations', 'organizations', single, /^AADSTS50194: /],
    ['personal accounts, at common', 'common', consumersOnly, /^AADSTS9002331: /],
  ])('%s: the app is told', async (_, authority, app, said) => {
    const answer = answerOf(await open(authority, app));
    expect(answer.get('error')).toBe('invalid_request');
    expect(answer.get('error_description')).toMatch(said);
  });

  it.each<[string, string, { readonly id: string }, string]>([
    ['one organisation, at another', otherTenantId, single, 'AADSTS700016'],
    ['one organisation, at consumers', 'consumers', single, 'not enabled for consumers'],
    ['organisations, at consumers', 'consumers', narrow, 'not enabled for consumers'],
  ])('%s: a page says so', async (_, authority, app, said) => {
    const response = await open(authority, app);
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining(said)]);
  });

  it('organisations: a personal account is refused at common', async () => {
    const url = attemptAt('common', { client_id: narrow.id }).url;
    const refused = await pick(createPlainBrowser(), url, personal);
    expect(await refused.text()).toContain('not enabled for consumers');
    const other = await pick(createPlainBrowser(), url, outsider);
    expect(answerOf(other).get('code')).not.toBeNull();
  });

  it("an app's own token is for one tenant, where the app is known", async () => {
    const ask = (authority: string, appId?: string) =>
      redeemAt(
        authority,
        { grant_type: 'client_credentials', scope: 'https://graph.microsoft.com/.default' },
        appId,
      );
    const there = await ask(otherTenantId);
    expect(decodeJwt(textOf(there.body, 'access_token'))['tid']).toBe(otherTenantId);
    for (const name of ['common', 'organizations']) {
      expect((await ask(name)).body).toMatchObject({ error_codes: [50059] });
    }
    expect((await ask(otherTenantId, single.id)).body).toMatchObject({ error_codes: [700016] });
  });
});

describe('an added account', () => {
  it.each<[string, string]>([
    ['kim@anteroom.example', tenantId],
    ['kim@elsewhere.example', otherTenantId],
    ['kim@outlook.example', consumersTenantId],
  ])('%s is of the tenant of its domain', async (username, tid) => {
    await fetch(`${origin}/control`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ users: { [username]: { name: 'Kim Roe' } } }),
    });
    const { users } = (await (await fetch(`${origin}/control`)).json()) as {
      users: Record<string, { name: string }>;
    };
    const [objectId = ''] = Object.entries(users).find(([, { name }]) => name === 'Kim Roe') ?? [];
    expect((await signInAt('common', objectId)).claims['tid']).toBe(tid);
  });
});
